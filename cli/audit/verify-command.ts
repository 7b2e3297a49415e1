import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { Command } from 'commander'
import { type Report, verifier } from '../../records/verify/verifier.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { type BundleReport, checkBundle } from './check-bundle.ts'
import { keyArgument } from './key-argument.ts'
import { takeLines } from './lines-of.ts'
import { readCopies } from './published-copies.ts'
import { readBundle } from './read-bundle.ts'
import { bundleLines, reportJson, reportLines } from './report-text.ts'

interface Options extends ControllerOptions {
  readonly export?: string
  readonly bundle?: string
  readonly key?: string
  readonly checkpoints?: string
  readonly output: OutputFormat
}

/** `writ audit verify`: what an export proves and what it does not. */
export function verifyCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('verify'))
    .summary('check that nothing was changed, left out or added')
    .description(
      'Checks an export: the chain of every proxy, its seals, the checkpoints of the controller, and the export itself.\n' +
        'Says what is proved and what is not. Nothing but the files that are named is needed; without --export an export is\n' +
        'asked of the controller. Ends with 0 when there is no flaw, with 1 when there is one, and names the first bad entry.',
    )
    .option('--export <file>', 'what `writ audit export` wrote; - for standard input')
    .option('--bundle <file>', 'what `writ audit bundle` wrote, instead of an export')
    .option('--key <key>', 'the key that checkpoints must be signed with: its name, or a PEM file')
    .option('--checkpoints <path>', 'published checkpoints: a file, or a folder of .jsonl files')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ audit verify --checkpoints ./checkpoints')
    .action(async (options: Options) => {
      const key = options.key === undefined ? undefined : await keyArgument(options.key)
      const { checkpoints } = options
      const published = checkpoints === undefined ? undefined : await readCopies(checkpoints)
      const known = { ...(key && { key }), ...(published && { published }) }
      if (options.bundle !== undefined) {
        return tellBundle(checkBundle(await readBundle(options.bundle), known), options, terminal)
      }
      const verifying = verifier(known)
      const told = progress(terminal)
      await takeLines(await sourceOf(options, terminal), line => {
        told()
        verifying.take(line)
      })
      terminal.progress(null)
      tell(verifying.end(), options.output, terminal)
    })
}

function tellBundle(report: BundleReport, { output }: Options, { out, end }: Terminal): void {
  if (output === 'json') out.line(JSON.stringify(report))
  else for (const line of bundleLines(report, out)) out.line(line)
  if (!report.proved) end(1)
}

function tell(report: Report, output: OutputFormat, { out, end }: Terminal): void {
  if (output === 'json') out.line(reportJson(report))
  else for (const line of reportLines(report, out)) out.line(line)
  if (!report.proved) end(1)
}

async function sourceOf(options: Options, terminal: Terminal): Promise<Readable> {
  const { export: file } = options
  if (file === '-') return terminal.input
  if (file !== undefined) return opened(file)
  const client = controllerClient(await controllerAddress(options))
  terminal.progress('asking the controller')
  return client.stream('/api/v1/audit/export')
}

/** Fails with `unreadable`. */
function opened(file: string): Promise<Readable> {
  const stream = createReadStream(file, { highWaterMark: 1024 * 1024 })
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream))
    stream.once('error', cause =>
      reject(new CliFailure('unreadable', `cannot read ${file}: ${cause.message}`, '', { cause })),
    )
  })
}

const toldEvery = 50_000

function progress({ progress }: Terminal): () => void {
  let lines = 0
  return () => {
    lines += 1
    if (lines % toldEvery === 0) progress(`${lines.toLocaleString('en')} lines checked`)
  }
}
