import { InvalidArgumentError, Option } from 'commander'
import { type SecretsSetting, secretsSettings } from '../../secrets/secrets-setting.ts'

/** The option that says on which address to listen. */
export function hostOption(): Option {
  return new Option('--host <address>', 'address to listen on')
    .env('WRIT_HOST')
    .default('127.0.0.1')
}

/** The option that names other host names by which requests may come. */
export function allowedHostOption(): Option {
  return new Option(
    '--allowed-host <name...>',
    'host names that requests may name, besides those of this machine',
  ).default([], 'none')
}

/** The option that says at which address people and chats reach the controller. */
export function publicUrlOption(): Option {
  return new Option(
    '--public-url <url>',
    'address at which people and chats reach the controller, for links and buttons',
  )
    .env('WRIT_PUBLIC_URL')
    .argParser(publicUrl)
}

function publicUrl(text: string): URL {
  const url = URL.parse(text)
  const plain = url !== null && /^https?:$/.test(url.protocol) && !url.search && !url.hash
  if (plain && !url.username && !url.password) return url
  throw new InvalidArgumentError('It is written like https://writ.example.com.')
}

/** Where secrets are looked up when nothing else is said. */
const presetSecrets = 'store,env'

/** The option that says where secrets are looked up, in order. */
export function secretsOption(): Option {
  return new Option(
    '--secrets <list>',
    'where secrets are looked up, in order: store, env, file:FOLDER, vault:URL, kubernetes',
  )
    .env('WRIT_SECRETS')
    .argParser(secretsList)
    .default(secretsSettings(presetSecrets), presetSecrets)
}

function secretsList(text: string): readonly SecretsSetting[] {
  try {
    return secretsSettings(text)
  } catch (error) {
    throw new InvalidArgumentError(`${Object(error).message}.`)
  }
}

/** When a record counts as kept. */
export type Durability = 'strict' | 'batched'

/** The option that says what records outlive. */
export function durabilityOption(): Option {
  return new Option(
    '--durability <mode>',
    'strict: an answered call is on record even after a power failure; batched: faster, but one loses the last moments',
  )
    .env('WRIT_DURABILITY')
    .choices(['strict', 'batched'] satisfies Durability[])
    .default('batched')
}

/** The option that says how long a proxy seals the chain of its records with one key. */
export function chainKeyDaysOption(): Option {
  return new Option(
    '--chain-key-days <days>',
    'after how many days the key that seals the chain of records is replaced; 0: never',
  )
    .env('WRIT_CHAIN_KEY_DAYS')
    .argParser(daysNumber)
    .default(30)
}

function daysNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of days, 0 to 9999.')
}

/** The option that says after how long a proxy refuses everything that has not heard from its controller, in ms. */
export function haltWhenAloneOption(): Option {
  return new Option(
    '--halt-when-alone <time>',
    'refuse everything once the controller was not heard for so long, and until it is heard: 30s or more; never when omitted',
  )
    .env('WRIT_HALT_WHEN_ALONE')
    .argParser(aloneTime)
}

function aloneTime(text: string): number {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? []
  const ms = Number(count) * ({ s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? Number.NaN)
  if (ms >= 30_000 && ms <= 24 * 3_600_000) return ms
  throw new InvalidArgumentError('It is a time such as 30s or 5m, at least 30s and at most 24h.')
}

/** An option that holds a port. */
export function portOption(flag: string, variable: string, preset: number): Option {
  return new Option(`${flag} <port>`, 'port to listen on; 0 picks a free one')
    .env(variable)
    .default(preset)
    .argParser(portNumber)
}

/** The option that says where the health of a proxy is shown to the machine's neighbours. */
export function probePortOption(): Option {
  return new Option(
    '--probe-port <port>',
    'port on which /healthz, /readyz and /metrics are shown as well, on every address; none when omitted',
  )
    .env('WRIT_PROBE_PORT')
    .argParser(portNumber)
}

/** Reads a port. */
export function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text)
  throw new InvalidArgumentError('A port is a number from 0 to 65535.')
}
