import type { Command } from 'commander'
import type { Query } from '../controller-client.ts'
import { instantArgument } from '../time-option.ts'

const words = {
  proxy: 'entries of this proxy',
  namespace: 'calls of this namespace',
  agent: 'calls of this agent',
  'api-key': 'calls with this API key, by its name',
  user: 'calls of agents of this person',
  session: 'calls of this session',
  call: 'attempt and outcome of this call',
  'client-call-id': 'calls by the id that their client gave',
  trace: 'calls of this trace, 32 hex digits',
  kind: 'tool, model, resource or prompt',
  server: 'calls to this ToolServer',
  tool: 'calls of this tool',
  model: 'calls of this model',
  'requested-model': 'calls of a model that the client named so',
  provider: 'calls that this ModelProvider was asked',
  endpoint: 'calls of this path of a model API',
  uri: 'calls of this resource',
  prompt: 'calls of this prompt',
  action: 'allow, deny or require_approval',
  reason: 'reason code, for example rule or no_policy',
  policy: 'calls that this policy decided',
  rule: 'calls that this rule decided',
  commit: 'calls decided by policies of this commit',
  table: 'calls decided by the table of this digest',
  approval: 'calls that waited for this request',
  phase: 'attempt or outcome',
  status: 'how calls ended: succeeded, failed, refused, cancelled, unknown',
  'upstream-status': 'calls that the upstream answered so, for example 502',
} as const

const ranges = {
  'min-cost': ['<usd>', 'outcomes that cost so much or more, for example 0.05', 'minCostUsd'],
  'max-cost': ['<usd>', 'outcomes that cost so much or less', 'maxCostUsd'],
  'min-duration': ['<ms>', 'outcomes that took so many milliseconds or more', 'minDurationMs'],
  'max-duration': ['<ms>', 'outcomes that took so many milliseconds or less', 'maxDurationMs'],
} as const

/** Adds the options that say which entries are asked for. */
export function withNarrowOptions(command: Command): Command {
  for (const [word, what] of Object.entries(words)) command.option(`--${word} <${word}>`, what)
  for (const [word, [value, what]] of Object.entries(ranges)) {
    command.option(`--${word} ${value}`, what)
  }
  return command
    .option('--text <words>', 'attempts with these words in arguments or message; word* goes on')
    .option('--error', 'calls where something went wrong')
    .option(
      '--since <time>',
      'from this time: 2026-11-21, a full RFC 3339 time, or 90m, 12h, 7d ago',
      instantArgument,
    )
    .option('--until <time>', 'before this time', instantArgument)
}

/** What they said, as the API takes it. */
export function narrowQuery(options: Query): Query {
  const names = [...Object.keys(words).map(camelCase), 'text', 'error', 'since', 'until']
  const said = names.map(name => [name, options[name] && String(options[name])] as const)
  const amounts = Object.entries(ranges).map(
    ([word, [, , name]]) => [name, options[camelCase(word)]] as const,
  )
  return Object.fromEntries([...said, ...amounts])
}

/** As commander names what an option says. */
function camelCase(word: string): string {
  return word.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
