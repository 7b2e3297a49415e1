import canonicalize from 'canonicalize'
import type { Json } from '../../policy/decide/facts.ts'
import { isObject, type JsonObject } from './rpc.ts'

/**
 * The value as RFC 8785 writes it. That is what JSON.stringify writes once the members stand in the order
 * of the standard, which most objects can be brought into at a fraction of the cost.
 */
export function canonicalJson(value: JsonObject): string {
  const ordered = inOrder(value)
  return ordered === undefined ? (canonicalize(value) ?? '{}') : JSON.stringify(ordered)
}

/** Equal to the value, its members in order: itself where they are; undefined where no object can hold them so. */
function inOrder(value: Json): Json | undefined {
  if (typeof value !== 'object' || value === null) return value
  return isObject(value) ? objectInOrder(value) : listInOrder(value as readonly Json[])
}

function listInOrder(list: readonly Json[]): Json | undefined {
  let copy: Json[] | null = null
  for (const [i, item] of list.entries()) {
    const ordered = inOrder(item)
    if (ordered === undefined) return undefined
    if (ordered === item) continue
    copy ??= [...list]
    copy[i] = ordered
  }
  return copy ?? list
}

function objectInOrder(object: JsonObject): Json | undefined {
  const keys = Object.keys(object)
  if (keys.some(isUnruly)) return undefined
  const sorted = isSorted(keys)
  let copy: { [key: string]: Json } | null = sorted ? null : {}
  for (const key of sorted ? keys : inSequence(keys)) {
    const item = object[key] as Json
    const ordered = inOrder(item)
    if (ordered === undefined) return undefined
    if (ordered !== item) copy ??= { ...object }
    if (copy !== null) copy[key] = ordered
  }
  return copy ?? object
}

/** The engine puts keys that are an index first, and `__proto__` would become no member. */
function isUnruly(key: string): boolean {
  const first = key.charCodeAt(0)
  return (first >= 0x30 && first <= 0x39) || key === '__proto__'
}

/** By UTF-16 code units, as RFC 8785 asks and as texts compare. */
function isSorted(keys: readonly string[]): boolean {
  let last = ''
  for (const key of keys) {
    if (key < last) return false
    last = key
  }
  return true
}

/** Sorts in place; a short list without the memory that the engine takes for one of any length. */
function inSequence(keys: string[]): readonly string[] {
  if (keys.length > 16) return keys.sort()
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string
    let at = i
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string
    keys[at] = key
  }
  return keys
}
