import { isUtf8 } from 'node:buffer'
import type { Json } from '../../policy/decide/facts.ts'

/** What bytes say, or why two readers could understand them differently; `value` is one reading of them. */
export type Strict =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly problem: string; readonly value?: Json }

const deepest = 64
const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

export interface StrictOptions {
  /** Lets integers beyond 2^53 - 1 pass, for bytes that are sent on as they came; no such number may decide anything. */
  readonly anyInteger?: boolean
}

/**
 * Parses JSON of which every reader makes the same value: UTF-8, no duplicate keys, no lone
 * surrogates, no integer beyond 2^53 - 1, nothing that is not finite, at most 64 levels.
 */
export function strictJson(bytes: Buffer, { anyInteger = false }: StrictOptions = {}): Strict {
  if (!isUtf8(bytes)) return { ok: false, problem: 'it is not valid UTF-8' }
  const text = bytes.toString('utf8')
  const value = parse(text)
  if (value === undefined) return { ok: false, problem: 'it is not JSON' }
  try {
    // Only an escape can write half of a pair in text that was valid UTF-8.
    if (text.includes('\\u')) checkTexts(value, 1)
    const members = membersOf(value, 1, anyInteger)
    // Each member has a colon: where there are no others in the text, none need be told from those in strings.
    if (members === colonsAnywhere(text) || members === colonsIn(text)) return { ok: true, value }
    return { ok: false, problem: 'an object has the same key twice', value }
  } catch (error) {
    if (error instanceof Unsound) return { ok: false, problem: error.message, value }
    throw error
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

class Unsound extends Error {}

/** How many members all objects in the value have together; throws what is wrong with it. */
function membersOf(value: Json, depth: number, anyInteger: boolean): number {
  if (typeof value === 'number') return checkNumber(value, anyInteger)
  if (typeof value !== 'object' || value === null) return 0
  if (depth > deepest) throw new Unsound(`it is nested more than ${deepest} levels deep`)
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += membersOf(item, depth + 1, anyInteger)
    return count
  }
  const object = value as { readonly [key: string]: Json }
  for (const key in object) count += 1 + membersOf(object[key] as Json, depth + 1, anyInteger)
  return count
}

/** Throws when a string or a key holds half of a surrogate pair. */
function checkTexts(value: Json, depth: number): void {
  if (typeof value === 'string') checkText(value)
  if (typeof value !== 'object' || value === null || depth > deepest) return
  for (const [key, item] of Object.entries(value)) {
    checkText(key)
    checkTexts(item, depth + 1)
  }
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw new Unsound('a string holds half of a surrogate pair')
}

function checkNumber(number: number, anyInteger: boolean): 0 {
  if (!Number.isFinite(number)) throw new Unsound('a number is too large')
  if (!anyInteger && Number.isInteger(number) && !Number.isSafeInteger(number)) {
    throw new Unsound('an integer is beyond 2^53 - 1; send it as a string')
  }
  return 0
}

function colonsAnywhere(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) count++
  return count
}

/** Colons outside strings: one for every member that was written, duplicates included. */
function colonsIn(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === colon) count++
  }
  return count
}

/** Where the string that opens at `open` closes, in text that is JSON. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (escaped(text, close)) close = text.indexOf('"', close + 1)
  return close
}

function escaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
  return slashes % 2 === 1
}
