import { Command, Option } from 'commander'
import { usdText } from '../amount-text.ts'
import { columnsText } from '../columns-text.ts'
import { controllerClient } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Sink, type Terminal } from '../terminal.ts'
import { countArgument, instantArgument } from '../time-option.ts'

/** The words of the command line, and those of the API. */
const groups = {
  day: 'day',
  model: 'model',
  agent: 'agent',
  key: 'apiKey',
  session: 'session',
  tool: 'tool',
  provider: 'provider',
  user: 'user',
} as const

interface Options extends ControllerOptions {
  readonly by: keyof typeof groups
  readonly since: string
  readonly until?: string
  readonly agent?: string
  readonly model?: string
  readonly session?: string
  readonly namespace?: string
  readonly top: string
  readonly output: OutputFormat
}

/** `writ usage`: what calls used and what they cost. */
export function usageCommand(terminal: Terminal): Command {
  const by = new Option('--by <group>', 'what to add up by').choices(Object.keys(groups))
  const since = new Option('--since <time>', 'from this time: 2026-11-21, or 90m, 12h, 7d ago')
  const top = new Option('--top <count>', 'how many of the dearest, or of the newest days')
  return withControllerOptions(new Command('usage'))
    .summary('what calls used, and what they cost')
    .description('Adds up tokens and money of the calls that were forwarded to models and tools.')
    .addOption(by.default('model'))
    .addOption(
      since.argParser(instantArgument).default(instantArgument('7d'), '7d, seven days ago'),
    )
    .option('--until <time>', 'before this time', instantArgument)
    .option('--agent <agent>', 'calls of this agent')
    .option('--model <model>', 'calls of this model')
    .option('--session <session>', 'calls of this session')
    .option('--namespace <name>', 'calls in this namespace')
    .addOption(top.argParser(countArgument).default('20'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ usage --by agent --since 24h')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const { since, until, agent, model, session, namespace, top } = options
      const words = { since, until, agent, model, session, namespace, top }
      const query = { ...words, by: groups[options.by] }
      const summary = Object(await client.json('/api/v1/usage/summary', query))
      terminal.progress(null)
      if (options.output === 'json') terminal.out.line(JSON.stringify(summary))
      else print(summary, options.by, terminal)
    })
}

interface Sums {
  readonly calls: number
  readonly failedCalls: number
  readonly unpricedCalls: number
  readonly estimatedCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicroUsd: number
}

interface Summary {
  readonly totals: Sums
  readonly by: Readonly<
    Record<string, { readonly rows: readonly (Sums & { readonly key: string })[] }>
  >
  readonly complete: boolean
}

function print(
  { totals, by, complete }: Summary,
  group: keyof typeof groups,
  { out, err }: Terminal,
): void {
  if (totals.calls === 0) {
    err.line('nothing was used in this time')
    return
  }
  const rows = by[groups[group]]?.rows ?? []
  const [head = '', ...lines] = columnsText(
    [
      [group, 'calls', 'failed', 'input', 'output', 'cost', ''],
      ...rows.map(row => cells(printable(row.key).slice(0, 60), row)),
      cells('in all', totals),
    ],
    [1, 2, 3, 4, 5],
  )
  out.line(out.paint('dim', head))
  for (const line of lines.slice(0, -1)) out.line(line)
  out.line(out.paint('bold', lines.at(-1) ?? ''))
  for (const line of notes(totals, complete, err)) err.line(line)
}

function cells(name: string, sums: Sums): readonly string[] {
  const { calls, failedCalls, unpricedCalls, inputTokens, outputTokens, costMicroUsd } = sums
  const count = (amount: number) => amount.toLocaleString('en')
  return [
    name,
    ...[calls, failedCalls, inputTokens, outputTokens].map(count),
    usdText(costMicroUsd),
    unpricedCalls === 0 ? '' : `and ${count(unpricedCalls)} without a price`,
  ]
}

function notes({ estimatedCalls }: Sums, complete: boolean, err: Sink): readonly string[] {
  const estimated = `${estimatedCalls.toLocaleString('en')} calls are counted by estimate`
  return [
    ...(estimatedCalls === 0 ? [] : [err.paint('dim', estimated)]),
    ...(complete ? [] : [err.paint('yellow', 'only the newest calls are added up: ask for less')]),
  ]
}
