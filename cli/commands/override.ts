import { Command, InvalidArgumentError, Option } from 'commander'
import type { Override } from '../../schemas/override.ts'
import { overrideTtl } from '../../schemas/override.ts'
import type { Problem } from '../../schemas/problem.ts'
import { columnsText } from '../columns-text.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { overrideText } from '../override-text.ts'
import { lineReader, many, problemText } from '../problem-text.ts'
import { readInput } from '../source-files.ts'
import { printable, type Terminal } from '../terminal.ts'

/** `writ override`: documents that stand in place of those of the source for a while. */
export function overrideCommand(terminal: Terminal): Command {
  return new Command('override')
    .summary('break the glass: put policies in force for a while')
    .description(
      'Puts documents in place of those of the source, or beside them, until a time: for owners, on the\n' +
        'record, shown in `writ status`, and undone by itself whatever becomes of the controller.',
    )
    .addCommand(applyCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(endCommand(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ override apply hotfix.yaml --ttl 1h --reason "the tests are down"',
    )
}

const path = '/api/v1/overrides'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

interface ApplyOptions extends Options {
  readonly ttl: number
  readonly reason: string
  readonly namespace: string
}

function applyCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('apply'))
    .summary('put documents in force for a while')
    .description(
      'Applies the documents of a file. Ends with 1 when they do not compile with what is in force; nothing is\n' +
        'different then.',
    )
    .argument('<file>', 'file with documents, or - for standard input')
    .addOption(
      new Option('--ttl <time>', 'how long: 5m to 24h').argParser(ttl).makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'why; it goes on the record')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ npx writ override apply hotfix.yaml --ttl 1h --reason "the tests are down"',
    )
    .action(async (file: string, options: ApplyOptions) => {
      const documents = await readInput(file, terminal)
      const { ttl: ttlSeconds, reason, namespace } = options
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('compiling')
      const name = file === '-' ? '<stdin>' : file
      const body = { documents, file: name, namespace, ttlSeconds, reason }
      const answer = await client.post(path, body)
      terminal.progress(null)
      if (answer.outcome === 'done') {
        const override = answer.value as Override
        const text = `${override.id} stands until ${override.expiresAt}`
        print(terminal, options, override, terminal.out.paint('green', text))
        return
      }
      if (answer.problems === undefined) throw refused(answer)
      printProblems(terminal, options, { path: name, text: documents }, answer.problems)
      terminal.end(1)
    })
}

function listCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('list'))
    .summary('show overrides, those that stand first')
    .description('Shows the overrides that stand, and what became of those before.')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ override list')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      const answer = (await client.json(path)) as { overrides: readonly Override[] }
      print(terminal, options, answer, listText(answer.overrides))
    })
}

function endCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('end'))
    .summary('end an override before its time')
    .description('Ends an override; what the source says is in force again.')
    .argument('<id>', 'id of the override, as `writ override list` shows it', overrideId)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ override end ovr-0123456789abcdef')
    .action(async (id: string, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      const answer = await client.delete(`${path}/${id}`)
      if (answer.outcome === 'refused') throw refused(answer)
      print(terminal, options, { id, ended: true }, `${id} stands no more`)
    })
}

function refused({ message }: { readonly message: string }): CliFailure {
  return new CliFailure('controller_refused', message)
}

function print({ out }: Terminal, { output }: Options, value: unknown, text: string): void {
  out.line(output === 'json' ? JSON.stringify(value) : text)
}

function printProblems(
  { out }: Terminal,
  { output }: Options,
  file: { readonly path: string; readonly text: string },
  problems: readonly Problem[],
): void {
  if (output === 'json') {
    out.line(JSON.stringify({ problems }))
    return
  }
  const lineOf = lineReader([file])
  for (const problem of problems) out.line(problemText(problem, lineOf(problem), out))
  out.line(
    `${out.paint('red', 'refused:')} ${many(problems.length, 'problem')}; nothing is different`,
  )
}

function listText(overrides: readonly Override[]): string {
  if (overrides.length === 0) return 'There are no overrides.'
  const rows = overrides.map(override => [
    override.id,
    override.state.replace('_', ' '),
    ...overrideText(override).map(printable),
  ])
  return columnsText([['ID', 'STATE', 'WHAT', 'UNTIL', 'BY', 'WHY'], ...rows]).join('\n')
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

function ttl(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? []
  const asked = Number(count) * (units[unit] ?? Number.NaN)
  if (asked >= overrideTtl.shortest && asked <= overrideTtl.longest) return asked
  throw new InvalidArgumentError('It is a time such as 30m or 2h, at least 5m and at most 24h.')
}

function overrideId(text: string): string {
  if (/^ovr-[0-9a-z]{16}$/.test(text)) return text
  throw new InvalidArgumentError('An id is written like ovr-0123456789abcdef.')
}
