import { type Frame, OutOfFuel, spend, spendSize } from './frame.ts'
import { Duration, Timestamp } from './time.ts'
import {
  CelMap,
  isJsonObject,
  isList,
  type JsonObject,
  type MapKey,
  numeric,
  TypeName,
  type Value,
} from './value.ts'

const maxDepth = 200

/** CEL equality: numbers by their mathematical value, lists and maps by what is in them, else false. */
export function equal(a: Value, b: Value, frame: Frame, depth = 0): boolean {
  if (typeof a === 'string' && typeof b === 'string') return equalTexts(a, b, frame)
  if (a === b) return true
  if (typeof a !== 'object' && typeof b !== 'object') return equalNumbers(a, b)
  if (a === null || b === null) return false
  if (depth > maxDepth) throw new OutOfFuel()
  spend(frame, 1)
  if (isList(a)) return isList(b) && equalLists(a, b, frame, depth + 1)
  return isMap(a) ? isMap(b) && equalMaps(a, b, frame, depth + 1) : equalObjects(a, b, frame)
}

function equalTexts(a: string, b: string, frame: Frame): boolean {
  if (a.length !== b.length) return false
  spendSize(frame, a.length)
  return a === b
}

function equalNumbers(a: Value, b: Value): boolean {
  const [x, y] = [numeric(a), numeric(b)]
  // biome-ignore lint/suspicious/noDoubleEquals: across number and bigint it compares exact values
  return x !== undefined && y !== undefined && x == y
}

function equalLists(
  a: readonly Value[],
  b: readonly Value[],
  frame: Frame,
  depth: number,
): boolean {
  return a.length === b.length && a.every((item, i) => equal(item, b[i] ?? null, frame, depth))
}

function equalMaps(
  a: CelMap | JsonObject,
  b: CelMap | JsonObject,
  frame: Frame,
  depth: number,
): boolean {
  const keys = keysOf(a, frame)
  if (keysOf(b, frame).length !== keys.length) return false
  return keys.every(key => {
    const [x, y] = [lookup(a, key), lookup(b, key)]
    return x !== undefined && y !== undefined && equal(x, y, frame, depth)
  })
}

function equalObjects(a: Value, b: Value, frame: Frame): boolean {
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof TypeName) return b instanceof TypeName && a.name === b.name
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && compareBytes(a, b, frame) === 0
  }
  return equalNumbers(a, b)
}

export function isMap(value: Value): value is CelMap | JsonObject {
  return value instanceof CelMap || isJsonObject(value)
}

/** The keys of a map, in order; those of arguments sorted, since the same arguments may come in any order. */
export function keysOf(map: CelMap | JsonObject, frame: Frame): readonly Value[] {
  const keys =
    map instanceof CelMap ? [...map.entries.values()].map(([key]) => key) : Object.keys(map).sort()
  spend(frame, 1 + keys.length)
  return keys
}

/** What a map holds under a key; undefined when there is no such key. */
export function lookup(map: CelMap | JsonObject, key: Value): Value | undefined {
  if (map instanceof CelMap) {
    const found = mapKey(key)
    return found === undefined ? undefined : map.entries.get(found)?.[1]
  }
  return typeof key === 'string' ? own(map, key) : undefined
}

/** A property of the object's own, never one it inherits. */
function own(object: JsonObject, key: string): Value | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

/** The form under which a value is found as a key; undefined when it can be none. */
export function mapKey(value: Value): MapKey | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  const number = numeric(value)
  if (typeof number === 'number') return Number.isInteger(number) ? BigInt(number) : undefined
  return number
}

/** Below, at or above zero as `a` comes before, with or after `b`, NaN beside NaN; null when they have no order. */
export function order(a: Value, b: Value, frame: Frame): number | null {
  const [x, y] = [numeric(a), numeric(b)]
  if (x !== undefined && y !== undefined) return orderNumbers(x, y)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b, frame)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b, frame)
  return orderTimes(a, b)
}

function orderNumbers(a: number | bigint, b: number | bigint): number {
  // The specification lets the largest ints be as large as the double 2^63, to which they round.
  if (typeof a === 'bigint' && b === 2 ** 63) return orderNumbers(Number(a), b)
  if (typeof b === 'bigint' && a === 2 ** 63) return orderNumbers(a, Number(b))
  if (a < b) return -1
  if (a > b) return 1
  return a >= b ? 0 : Number.NaN
}

function orderTimes(a: Value, b: Value): number | null {
  const times =
    (a instanceof Timestamp && b instanceof Timestamp) ||
    (a instanceof Duration && b instanceof Duration)
  if (!times) return null
  return a.nanos < b.nanos ? -1 : Number(a.nanos > b.nanos)
}

/** Order by code points: UTF-16 puts the characters above U+FFFF before U+E000, Unicode does not. */
function compareText(a: string, b: string, frame: Frame): number {
  const length = Math.min(a.length, b.length)
  spendSize(frame, length)
  let i = 0
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++
  if (i === length) return a.length - b.length
  return rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function compareBytes(a: Uint8Array, b: Uint8Array, frame: Frame): number {
  spendSize(frame, Math.min(a.length, b.length))
  return Buffer.compare(a, b)
}
