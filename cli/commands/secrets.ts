import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { storeIn } from '../../secrets/open-secrets.ts'
import type { KeptSecret, SecretStore } from '../../secrets/store/secret-store.ts'
import { dataOption } from '../controller-options.ts'
import { makePrivate } from '../data-folder.ts'
import { namespaceOption } from '../namespace-option.ts'
import { type OutputFormat, outputOption } from '../output-option.ts'
import { many } from '../problem-text.ts'
import { secretsFailure } from '../secrets/failure-text.ts'
import { readValue } from '../secrets/read-value.ts'
import { printable, type Terminal } from '../terminal.ts'

/** `writ secrets`: the encrypted store in a data folder. */
export function secretsCommand(terminal: Terminal): Command {
  return new Command('secrets')
    .summary('keep credentials encrypted on this machine')
    .description(
      'Credentials that policies name by a secretRef, encrypted in the data folder. What is set is\n' +
        'used with the next connection; values are never shown again.',
    )
    .addCommand(setCommand(terminal))
    .addCommand(listCommand(terminal))
    .addCommand(deleteCommand(terminal))
    .addCommand(rotateCommand(terminal))
    .addHelpText('after', '\nExample:\n  $ npx writ secrets set github token')
}

interface Options {
  readonly namespace: string
  readonly data: string
  readonly output: OutputFormat
}

function setCommand(terminal: Terminal): Command {
  return placed(new Command('set'))
    .summary('keep a value: typed without being shown, or from standard input')
    .description(
      'Keeps the value of NAME and KEY, or replaces it. It is asked for, or read from standard input.',
    )
    .addHelpText('after', '\nExample:\n  $ npx writ secrets set github token < token.txt')
    .action(async (name: string, key: string, options: Options) => {
      const { namespace } = options
      const store = storeOf(options, terminal)
      await makePrivate(resolve(options.data))
      const value = await readValue(terminal, `Value of ${name}/${key}: `)
      const outcome = await answered(store.set({ namespace, name, key }, value))
      say(
        terminal,
        options,
        { namespace, name, key, outcome },
        `${name}/${key} is ${words[outcome]}`,
      )
    })
}

const words = { made: 'kept', replaced: 'replaced' } as const

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .summary('show what is kept, without values')
    .description('Shows the names of what is kept, and since when; never a value.')
    .addOption(dataOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ secrets list')
    .action(async (options: Omit<Options, 'namespace'>) => {
      const secrets = await answered(storeOf(options, terminal).list())
      say(terminal, options, { secrets }, listText(secrets))
    })
}

function deleteCommand(terminal: Terminal): Command {
  return placed(new Command('delete'))
    .summary('forget a value')
    .description('Forgets the value of NAME and KEY. Ends with 1 when there is none.')
    .addHelpText('after', '\nExample:\n  $ npx writ secrets delete github token')
    .action(async (name: string, key: string, options: Options) => {
      const { namespace } = options
      const deleted = await answered(storeOf(options, terminal).delete({ namespace, name, key }))
      const text = deleted ? `${name}/${key} is forgotten` : `there is no ${name}/${key}`
      say(terminal, options, { namespace, name, key, deleted }, text)
      if (!deleted) terminal.end(1)
    })
}

function rotateCommand(terminal: Terminal): Command {
  return new Command('rotate')
    .summary('encrypt everything with a new key')
    .description(
      'Makes a new key, encrypts everything with it, and keeps nothing of the old one. Where the key is\n' +
        'in WRIT_SECRET_KEY, the new one is asked for, or read from standard input.',
    )
    .addOption(dataOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  $ npx writ secrets rotate')
    .action(async (options: Omit<Options, 'namespace'>) => {
      const given = (terminal.env.WRIT_SECRET_KEY ?? '') !== ''
      const key = given ? await readValue(terminal, 'New key: ') : undefined
      const rotated = await answered(storeOf(options, terminal).rotate(key))
      const next = given ? '; set WRIT_SECRET_KEY to it and restart what uses it' : ''
      const text = `${many(rotated, 'value')} encrypted with a new key${rotated > 0 ? next : ''}`
      say(terminal, options, { rotated }, rotated === 0 ? 'there is nothing to encrypt' : text)
    })
}

function placed(command: Command): Command {
  return command
    .argument('<name>', 'name of the secret, as a secretRef has it', secretName)
    .argument('<key>', 'key inside the secret', secretKey)
    .addOption(namespaceOption())
    .addOption(dataOption())
    .addOption(outputOption())
}

function secretName(text: string): string {
  if (/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('A name has lower-case letters, digits, - and . only.')
}

function secretKey(text: string): string {
  if (/^[^\p{C}]{1,253}$/u.test(text)) return text
  throw new InvalidArgumentError('A key has 1 to 253 visible characters.')
}

function storeOf({ data }: Pick<Options, 'data'>, { env }: Terminal): SecretStore {
  return storeIn({ dataFolder: resolve(data), env, now: Date.now })
}

function answered<T>(work: Promise<T>): Promise<T> {
  return work.catch(error => {
    throw secretsFailure(error)
  })
}

function say(
  { out }: Terminal,
  options: Pick<Options, 'output'>,
  value: object,
  text: string,
): void {
  out.line(options.output === 'json' ? JSON.stringify(value) : text)
}

function listText(secrets: readonly KeptSecret[]): string {
  if (secrets.length === 0) return 'Nothing is kept.'
  const rows = [
    ['NAMESPACE', 'NAME', 'KEY', 'SINCE'],
    ...secrets.map(({ namespace, name, key, at }) => [namespace, name, key, at].map(printable)),
  ]
  const widths = [0, 1, 2].map(i => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows.map(row => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')).join('\n')
}
