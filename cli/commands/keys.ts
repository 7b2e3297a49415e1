import { Command, InvalidArgumentError } from 'commander'
import { type NewKey, newKey } from '../new-key.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import type { Terminal } from '../terminal.ts'

/** `writ keys`: keys by which agents are known. */
export function keysCommand(terminal: Terminal): Command {
  return new Command('keys')
    .summary('make keys for agents')
    .description('Keys by which agents are known.')
    .addCommand(createCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ keys create --agent claude --name laptop')
}

interface Options {
  readonly agent: string
  readonly name: string
  readonly expires?: Date
  readonly output: OutputFormat
}

function createCommand(terminal: Terminal): Command {
  return new Command('create')
    .summary('make a key for an agent')
    .description(
      'Makes a key, prints it once, and prints the lines that make Writ know it. Nothing is stored.',
    )
    .requiredOption('--agent <name>', 'the agent that the key identifies', resourceName)
    .requiredOption('--name <key>', 'what the key is called, for example laptop', keyName)
    .option('--expires <time>', 'when it ends: 90d, 12h, or a date such as 2027-06-01', expiry)
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ keys create --agent claude --name laptop')
    .action((options: Options) => {
      const key = newKey()
      const print = options.output === 'json' ? printJson : printText
      print(terminal, options, key)
    })
}

function printJson({ out }: Terminal, options: Options, { key, sha256 }: NewKey): void {
  const { agent, name, expires } = options
  const until = expires === undefined ? {} : { expires: expires.toISOString() }
  out.line(JSON.stringify({ agent, name, key, sha256, ...until }))
}

function printText({ out }: Terminal, options: Options, { key, sha256 }: NewKey): void {
  out.line('The key, shown this once; give it to the agent and to nobody else:\n')
  out.line(`  ${out.paint('bold', key)}\n`)
  out.line(`Add its hash to the Agent ${options.agent} among your policies:\n`)
  out.line(agentLines(options, sha256))
}

function agentLines({ agent, name, expires }: Options, sha256: string): string {
  return [
    'apiVersion: writ.dev/v1alpha1',
    'kind: Agent',
    `metadata: { name: ${agent} }`,
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
