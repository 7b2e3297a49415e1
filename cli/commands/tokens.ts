import { Command, InvalidArgumentError, Option } from 'commander'
import type { MadeRuntimeToken, RuntimeToken } from '../../schemas/runtime-token.ts'
import { controllerClient, type Posted } from '../controller-client.ts'
import {
  type ControllerOptions,
  controllerAddress,
  withControllerOptions,
} from '../controller-options.ts'
import { CliFailure } from '../failure.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { printable, type Terminal } from '../terminal.ts'

/** `writ tokens`: short-lived tokens by which runtimes call as an agent. */
export function tokensCommand(terminal: Terminal): Command {
  return new Command('tokens')
    .summary('make short-lived tokens for runtimes')
    .description(
      'Tokens by which a runtime calls as an Agent for a while. They work at every proxy of the\n' +
        'controller, for tools and models alike, and nothing in the policies changes.',
    )
    .addCommand(createCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(revokeCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ tokens create --agent claude --ttl 1h')
}

const path = '/api/v1/runtime-tokens'

interface Options extends ControllerOptions {
  readonly output: OutputFormat
}

interface CreateOptions extends Options {
  readonly namespace: string
  readonly agent: string
  readonly ttl: number
  readonly session?: string
}

function createCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('create'))
    .summary('make a token and print it once')
    .description('Makes a token for an Agent that is in force, and prints it this once.')
    .requiredOption('--agent <name>', 'the Agent that calls with it')
    .addOption(
      new Option('--ttl <time>', 'how long it is good: 30s, 15m, 1h, at most 24h')
        .argParser(seconds)
        .default(3600, '1h'),
    )
    .option('--session <session>', 'the one session that it is good for')
    .addOption(namespaceOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ tokens create --agent claude --ttl 15m')
    .action(async (options: CreateOptions) => {
      const { namespace, agent, ttl: ttlSeconds, session } = options
      const client = controllerClient(await controllerAddress(options))
      const bound = session === undefined ? {} : { session }
      const made = done(await client.post(path, { namespace, agent, ttlSeconds, ...bound }))
      print(terminal, options, made, madeText(made as MadeRuntimeToken, terminal))
    })
}

interface ListOptions extends Options {
  readonly namespace?: string
}

function listCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('list'))
    .summary('show tokens, without their text')
    .description('Shows the tokens that are good or were within 30 days, newest first.')
    .option('-n, --namespace <name>', 'tokens of this namespace')
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ tokens list')
    .action(async (options: ListOptions) => {
      const client = controllerClient(await controllerAddress(options))
      const { namespace } = options
      const answer = (await client.json(path, { namespace })) as { tokens: RuntimeToken[] }
      print(terminal, options, answer, listText(answer.tokens, Date.now()))
    })
}

function revokeCommand(terminal: Terminal): Command {
  return withControllerOptions(new Command('revoke'))
    .summary('end a token before its time')
    .description('Revokes a token; proxies that are connected refuse it at once.')
    .argument('<id>', 'id of the token, as `writ tokens list` shows it', tokenId)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ tokens revoke rtk-0123456789abcdef')
    .action(async (id: string, options: Options) => {
      const client = controllerClient(await controllerAddress(options))
      done(await client.delete(`${path}/${id}`))
      print(terminal, options, { id, revoked: true }, `${id} is revoked`)
    })
}

function done(answer: Posted): unknown {
  if (answer.outcome === 'done') return answer.value
  throw new CliFailure('controller_refused', answer.message)
}

function print({ out }: Terminal, { output }: Options, value: unknown, text: string): void {
  out.line(output === 'json' ? JSON.stringify(value) : text)
}

function madeText({ token, id, agent, expiresAt }: MadeRuntimeToken, { out }: Terminal): string {
  return [
    'The token, shown this once; give it to the runtime and to nobody else:\n',
    `  ${out.paint('bold', token)}\n`,
    `${id} calls as ${printable(agent)} until ${expiresAt}.`,
  ].join('\n')
}

function listText(tokens: readonly RuntimeToken[], now: number): string {
  if (tokens.length === 0) return 'There are no tokens.'
  const rows = [
    ['ID', 'AGENT', 'STATE', 'UNTIL', 'MADE BY'],
    ...tokens.map(token =>
      [
        token.id,
        `${token.namespace}/${token.agent}`,
        stateOf(token, now),
        token.expiresAt,
        token.createdBy,
      ].map(printable),
    ),
  ]
  const widths = [0, 1, 2, 3].map(i => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows.map(row => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')).join('\n')
}

function stateOf({ revokedAt, expiresAt }: RuntimeToken, now: number): string {
  if (revokedAt !== undefined) return 'revoked'
  return Date.parse(expiresAt) <= now ? 'expired' : 'good'
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }
const longest = 86_400

function seconds(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? []
  const asked = Number(count) * (units[unit] ?? Number.NaN)
  if (asked <= longest) return asked
  throw new InvalidArgumentError('It is a time such as 30s, 15m or 1h, at most 24h.')
}

function tokenId(text: string): string {
  if (/^rtk-[0-9a-z]{16}$/.test(text)) return text
  throw new InvalidArgumentError('An id is written like rtk-0123456789abcdef.')
}
