import type { Command } from 'commander'
import type { Query } from '../controller-client.ts'
import { instantArgument } from '../time-option.ts'

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

/** Adds the options that say which entries are asked for. */
export function withNarrowOptions(command: Command): Command {
  for (const [word, what] of Object.entries(words)) command.option(`--${word} <${word}>`, what)
  return command
    .option(
      '--since <time>',
      'from this time: 2026-11-21, a full RFC 3339 time, or 90m, 12h, 7d ago',
      instantArgument,
    )
    .option('--until <time>', 'before this time', instantArgument)
}

/** What they said, as the API takes it. */
export function narrowQuery(options: Query): Query {
  const names = [...Object.keys(words), 'since', 'until']
  return Object.fromEntries(names.map(name => [name, options[name]]))
}
