import { pipeline } from 'node:stream/promises'
import { Command, Option } from 'commander'
import type { Record as Entry } from '../../schemas/record.ts'
import { controllerClient, type Query } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { entryText } from '../entry-text.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'
import { countArgument, instantArgument } from '../time-option.ts'

/** `writ audit`: what agents asked for, and what came of it. */
export function auditCommand(terminal: Terminal): Command {
  return new Command('audit')
    .summary('what agents asked for, and what came of it')
    .description('What agents asked for, what was decided, by which rule, and what came of it.')
    .addCommand(listCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ audit list --limit 10')
}

const words = {
  tool: 'calls of this tool',
  server: 'calls to this ToolServer',
  agent: 'calls of this agent',
  action: 'allow, deny or require_approval',
  reason: 'reason code, for example rule or no_policy',
  phase: 'attempt or outcome',
  status: 'how calls ended: succeeded, failed, refused, cancelled, unknown',
  session: 'calls of this session',
  call: 'attempt and outcome of this call',
} as const

interface Options extends ControllerOptions, Query {
  readonly data: string
  readonly limit: string
  readonly output: OutputFormat
}

function filtered(command: Command): Command {
  for (const [word, what] of Object.entries(words)) command.option(`--${word} <${word}>`, what)
  return command
    .option(
      '--since <time>',
      'from this time: 2026-11-21, a full RFC 3339 time, or 90m, 12h, 7d ago',
      instantArgument,
    )
    .option('--until <time>', 'before this time', instantArgument)
}

function listCommand(terminal: Terminal): Command {
  const limit = new Option('--limit <count>', 'how many of the newest').default('50')
  return withControllerOptions(filtered(new Command('list')))
    .summary('the newest entries, newest last')
    .description('Prints the newest entries, newest last; with -o json one entry a line.')
    .addOption(limit.argParser(countArgument))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ audit list --action deny')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const query = { ...queryOf(options), order: 'newest', limit: options.limit }
      const { entries } = Object(await client.json('/api/v1/audit', query))
      terminal.progress(null)
      print(entries.toReversed(), options.output, terminal)
    })
}

function exportCommand(terminal: Terminal): Command {
  return withControllerOptions(filtered(new Command('export')))
    .summary('every entry, oldest first, one JSON object a line')
    .description('Prints every entry that the filter lets through as JSONL, oldest first.')
    .addOption(outputOption().default('json'))
    .addHelpText('after', '\nExample:\n  $ npx writ audit export > audit.jsonl')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      if (!terminal.out.isTerminal) terminal.progress('exporting')
      const entries = await client.stream('/api/v1/audit/export', queryOf(options))
      await pipeline(entries, terminal.out.stream, { end: false })
    })
}

function queryOf(options: Options): Query {
  const names = [...Object.keys(words), 'since', 'until']
  return Object.fromEntries(names.map(name => [name, options[name]]))
}

function print(entries: readonly Entry[], output: OutputFormat, { out, err }: Terminal): void {
  for (const entry of entries) {
    out.line(output === 'json' ? JSON.stringify(entry) : entryText(entry, out))
  }
  if (entries.length === 0) err.line('nothing is recorded that fits')
}
