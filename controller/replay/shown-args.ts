import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { hide, type Reader } from '../../policy/decide/unknown.ts'
import type { Record as Entry } from '../../schemas/record.ts'

/** Arguments of a call. */
export type Args = { readonly [key: string]: unknown }

/**
 * The arguments of an entry, with what its proxy did not show hidden; null when nothing is known of them. They are as
 * they were judged where their digest says so, whatever they look like.
 */
export function shownArgs({ args, argsDigest }: Entry, reader: Reader): Args | null {
  if (!isObject(args)) return null
  if (argsDigest !== undefined && isExact(args, argsDigest)) return args
  const holder = { args }
  const found = hideMarked(holder, 'args', reader)
  if (!found && argsDigest !== undefined) return null
  // A name that was masked may have been any, so nothing is known of what has it.
  return Object.getOwnPropertyDescriptor(holder, 'args')?.get === undefined ? args : null
}

/** Whether a text is shown otherwise than it was: masked, cut, or with half a character replaced. */
export function isMarked(text: string): boolean {
  return text.includes('[redacted]') || text.includes('\uFFFD') || cut.test(text)
}

const cut = /… \(\d+ more characters\)/

function isExact(args: Args, digest: string): boolean {
  if (digestOf(JSON.stringify(args)) === digest) return true
  return digestOf(canonicalize(args) ?? '') === digest
}

function digestOf(text: string): string {
  return `sha256:${hash('sha256', text)}`
}

/** Hides what is not shown as it was at or below a place; true when there is such a thing. */
function hideMarked(holder: object, name: string | number, reader: Reader): boolean {
  const value: unknown = (holder as Args)[name]
  if (typeof value === 'string' ? isMarked(value) : hasMarkedName(value)) {
    hide(holder, name, 'redacted', reader)
    return true
  }
  if (typeof value !== 'object' || value === null) return false
  let found = false
  for (const key of Object.keys(value)) found = hideMarked(value, key, reader) || found
  return found
}

function hasMarkedName(value: unknown): boolean {
  return isObject(value) && Object.keys(value).some(isMarked)
}

function isObject(value: unknown): value is Args {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
