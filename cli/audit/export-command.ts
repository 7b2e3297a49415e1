import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { controllerClient, type Query } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { narrowQuery, withNarrowOptions } from './narrow-options.ts'

interface Options extends ControllerOptions, Query {
  readonly data: string
  readonly file?: string
  readonly form: string
}

/** `writ audit export`: the records in a form that proves itself. */
export function exportCommand(terminal: Terminal): Command {
  return withControllerOptions(withNarrowOptions(new Command('export')))
    .summary('every entry as JSONL, with what proves that they are whole')
    .description(
      'Prints every entry that the filter lets through as JSONL, chain by chain, with keys, seals and checkpoints;\n' +
        'entries that are left out leave their digests. `writ audit verify` checks it without any controller.',
    )
    .option('-f, --file <file>', 'where to write it; standard output when omitted')
    .addOption(
      new Option('--form <form>', 'entries: nothing but entries, oldest first')
        .choices(['proof', 'entries'])
        .default('proof'),
    )
    .addOption(outputOption().default('json'))
    .addHelpText('after', '\nExample:\n  $ npx writ audit export > audit.jsonl')
    .action(async (options: Options) => {
      const { file, form } = options
      const client = controllerClient(await controllerAddress(options))
      if (file !== undefined || !terminal.out.isTerminal) terminal.progress('exporting')
      const lines = await client.stream('/api/v1/audit/export', { ...narrowQuery(options), form })
      if (file === undefined) await pipeline(lines, terminal.out.stream, { end: false })
      else await writeWhole(lines, file)
    })
}

/** The file is there once all of it is. Fails with `unwritable`. */
async function writeWhole(lines: Readable, file: string): Promise<void> {
  const part = `${file}.part`
  try {
    await pipeline(lines, createWriteStream(part, { mode: 0o600 }))
    await rename(part, file)
  } catch (cause) {
    await rm(part, { force: true })
    const why = String(Object(cause).code ?? Object(cause).message)
    throw new CliFailure('unwritable', `cannot write ${file}: ${why}`, '', { cause })
  }
}
