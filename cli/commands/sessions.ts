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
import { printable, type Terminal } from '../terminal.ts'
import { countArgument, instantArgument } from '../time-option.ts'

interface Options extends ControllerOptions {
  readonly agent?: string
  readonly user?: string
  readonly namespace?: string
  readonly since?: string
  readonly limit: string
  readonly output: OutputFormat
}

/** `writ sessions`: the sessions of agents, and what each used. */
export function sessionsCommand(terminal: Terminal): Command {
  const limit = new Option('--limit <count>', 'how many of those that called last')
  return withControllerOptions(new Command('sessions'))
    .summary('sessions of agents, and what each used')
    .description('Lists the sessions in which models or tools were called, the latest first.')
    .option('--agent <agent>', 'sessions of this agent')
    .option('--user <user>', 'sessions of the agents of this user')
    .option('--namespace <name>', 'sessions in this namespace')
    .option('--since <time>', 'that called since this time, or 90m, 12h, 7d ago', instantArgument)
    .addOption(limit.argParser(countArgument).default('20'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ sessions --since 24h')
    .action(async (options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      terminal.progress('asking the controller')
      const { agent, user, namespace, since, limit } = options
      const query = { agent, user, namespace, since, limit }
      const { sessions } = Object(await client.json('/api/v1/runtime-sessions', query))
      terminal.progress(null)
      if (options.output === 'json') terminal.out.line(JSON.stringify(sessions))
      else print(sessions, terminal)
    })
}

interface Session {
  readonly id: string
  readonly namespace: string
  readonly agent?: string
  readonly lastActivity: string
  readonly modelCalls: number
  readonly toolCalls: number
  readonly unpricedCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costMicroUsd: number
}

function print(sessions: readonly Session[], { out, err }: Terminal): void {
  if (sessions.length === 0) {
    err.line('no session called anything in this time')
    return
  }
  const [head = '', ...lines] = columnsText(
    [
      ['last call', 'agent', 'models', 'tools', 'tokens', 'cost', 'session'],
      ...sessions.map(cells),
    ],
    [2, 3, 4, 5],
  )
  out.line(out.paint('dim', head))
  for (const line of lines) out.line(line)
}

function cells(session: Session): readonly string[] {
  const { id, namespace, agent = '-', lastActivity, unpricedCalls, costMicroUsd } = session
  const count = (amount: number) => amount.toLocaleString('en')
  return [
    lastActivity,
    printable(`${namespace}/${agent}`),
    count(session.modelCalls),
    count(session.toolCalls),
    count(session.inputTokens + session.outputTokens),
    `${usdText(costMicroUsd)}${unpricedCalls === 0 ? '' : '+?'}`,
    printable(id).slice(0, 80),
  ]
}
