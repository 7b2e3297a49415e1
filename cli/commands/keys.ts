import { Command, InvalidArgumentError, Option } from 'commander'
import { CliFailure } from '../failure.ts'
import { type NewKey, newKey } from '../new-key.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

/** `writ keys`: keys by which agents and people are known. */
export function keysCommand(terminal: Terminal): Command {
  return new Command('keys')
    .summary('make keys for agents and people')
    .description('Keys by which agents and people are known.')
    .addCommand(createCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ keys create --agent claude --name laptop')
}

interface Options {
  readonly agent?: string
  readonly user?: string
  readonly name: string
  readonly expires?: Date
  readonly output: OutputFormat
}

function createCommand(terminal: Terminal): Command {
  return new Command('create')
    .summary('make a key for an agent or a person')
    .description(
      'Makes a key, prints it once, and prints the lines that make Writ know it. Nothing is stored.',
    )
    .addOption(holder('--agent <name>', 'the agent that the key identifies').conflicts('user'))
    .addOption(holder('--user <name>', 'the person who answers questions with the key'))
    .requiredOption('--name <key>', 'what the key is called, for example laptop', keyName)
    .option('--expires <time>', 'when it ends: 90d, 12h, or a date such as 2027-06-01', expiry)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ keys create --agent claude --name laptop')
    .action((options: Options) => {
      const whose = whoseKey(options)
      const key = newKey()
      const print = options.output === 'json' ? printJson : printText
      print(terminal, whose, key)
    })
}

function holder(flags: string, what: string): Option {
  return new Option(flags, what).argParser(resourceName)
}

/** A key before it is made: of whom it will be, and until when. */
interface Whose extends Pick<Options, 'name' | 'expires'> {
  readonly kind: 'Agent' | 'User'
  readonly holder: string
}

function whoseKey({ agent, user, ...rest }: Options): Whose {
  if (agent !== undefined) return { ...rest, kind: 'Agent', holder: agent }
  if (user !== undefined) return { ...rest, kind: 'User', holder: user }
  throw new CliFailure('usage', 'whose key is it?', 'say --agent NAME or --user NAME')
}

function printJson({ out }: Terminal, whose: Whose, { key, sha256 }: NewKey): void {
  const { kind, holder, name, expires } = whose
  const until = expires === undefined ? {} : { expires: expires.toISOString() }
  out.line(JSON.stringify({ [kind.toLowerCase()]: holder, name, key, sha256, ...until }))
}

const goesTo = {
  Agent: 'give it to the agent and to nobody else',
  User: 'give it to that person and to nobody else',
} as const

function printText({ out }: Terminal, whose: Whose, { key, sha256 }: NewKey): void {
  const { kind, holder } = whose
  out.line(`The key, shown this once; ${goesTo[kind]}:\n`)
  out.line(`  ${out.paint('bold', key)}\n`)
  out.line(`Add its hash to the ${kind} ${holder} among your policies:\n`)
  out.line(linesOf(whose, sha256))
}

function linesOf({ kind, holder, name, expires }: Whose, sha256: string): string {
  return [
    'apiVersion: writ.dev/v1alpha1',
    `kind: ${kind}`,
    `metadata: { name: ${holder} }`,
    'spec:',
    '  apiKeys:',
    `    - name: ${JSON.stringify(name)}`,
    `      sha256: ${sha256}`,
    ...(expires === undefined ? [] : [`      expires: ${expires.toISOString()}`]),
  ].join('\n')
}

function resourceName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('A name has lower-case letters, digits, - and . only.')
}

function keyName(text: string): string {
  if (/^[\w .@-]{1,128}$/.test(text)) return text
  throw new InvalidArgumentError('A key name has at most 128 letters, digits, spaces, or _.@-.')
}

const units = { h: 3_600_000, d: 86_400_000 }

function expiry(text: string): Date {
  const [, count, unit] = /^([1-9][0-9]{0,4})([hd])$/.exec(text) ?? []
  const time = count === undefined ? dateOf(text) : Date.now() + Number(count) * units[unit as 'h']
  if (time > Date.now()) return new Date(time)
  throw new InvalidArgumentError('Give a time to come: 90d, 12h, or a date such as 2027-06-01.')
}

function dateOf(text: string): number {
  return /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN
}
