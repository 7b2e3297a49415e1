import { TelemetryFailure } from './failure.ts'

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What is empty is as if it were not there. */
export function said(env: Environment, name: string): string | undefined {
  const text = env[name]?.trim()
  return text === '' ? undefined : text
}

/** One of the values that a variable may have; undefined where it has none. */
export function oneOf<T extends string>(
  env: Environment,
  name: string,
  values: readonly T[],
): T | undefined {
  const text = said(env, name)?.toLowerCase()
  if (text === undefined) return undefined
  const known = values.find(value => value === text)
  if (known !== undefined) return known
  throw new TelemetryFailure(`${name} must be ${listed(values)} here`)
}

function listed(values: readonly string[]): string {
  return [values.slice(0, -1).join(', '), values.at(-1)].filter(Boolean).join(' or ')
}

const mostMs = 24 * 3_600_000

/** A time in ms, at least 1 and at most a day. */
export function millisecondsIn(env: Environment, name: string): number | undefined {
  const text = said(env, name)
  if (text === undefined) return undefined
  const ms = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (ms > 0 && ms <= mostMs) return ms
  throw new TelemetryFailure(`${name} must be a whole number of milliseconds, at most a day`)
}

/** An http or https URL; null where there is none. Credentials belong into headers, which nobody logs. */
export function urlIn(env: Environment, name: string): string | null {
  const text = said(env, name)
  if (text === undefined) return null
  const url = URL.canParse(text) ? new URL(text) : null
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === null || !isHttp || url.username !== '' || url.password !== '') {
    throw new TelemetryFailure(`${name} must be an http or https URL without credentials`)
  }
  return text
}

/** The pairs of `name=value,name=value`, percent-decoded. What they hold may be secret and is not quoted. */
export function pairsIn(env: Environment, name: string): Readonly<Record<string, string>> {
  const text = said(env, name)
  if (text === undefined) return {}
  const pairs = text
    .split(',')
    .filter(pair => pair.trim() !== '')
    .map(pair => pairOf(pair))
  if (pairs.some(pair => pair === null)) {
    throw new TelemetryFailure(`${name} must be written like name=value,name=value`)
  }
  return Object.fromEntries(pairs.filter(pair => pair !== null))
}

function pairOf(pair: string): readonly [string, string] | null {
  const [name = '', ...rest] = pair.split('=')
  if (!/^[\w.!#$%&'*+^`|~/-]+$/.test(name.trim()) || rest.length === 0) return null
  try {
    return [name.trim(), decodeURIComponent(rest.join('=').trim())]
  } catch {
    return null
  }
}
