import { formatDouble, toText } from './convert.ts'
import { isMap, keysOf, lookup } from './equal.ts'
import { type Frame, spend, spendSize } from './frame.ts'
import {
  type CelMap,
  Fault,
  isList,
  type JsonObject,
  numeric,
  type Outcome,
  TypeName,
  typeOf,
  type Value,
} from './value.ts'

const maxDepth = 64

type Clause = (frame: Frame, value: Value, precision: number) => string | Fault

const clauses: ReadonlyMap<string, Clause> = new Map<string, Clause>([
  ['s', (frame, value) => plain(frame, value, 0)],
  ['d', (_, value) => (isNumber(value) ? named(value) : wrong('d', value))],
  ['b', (_, value) => inBase(typeof value === 'boolean' ? BigInt(value) : value, 2, 'b')],
  ['o', (_, value) => inBase(value, 8, 'o')],
  ['x', (frame, value) => hex(frame, value, 'x')],
  ['X', upperHex],
  ['f', (_, value, precision) => onDouble(value, 'f', double => fixed(double, precision))],
  ['e', (_, value, precision) => onDouble(value, 'e', double => scientific(double, precision))],
])

const clause = /%(?:%|(?:\.(\d{1,3}))?([A-Za-z]))|%/g

/** Fills in a text as `format` of the strings extension does. */
export function format(frame: Frame, text: Value, values: Value): Outcome {
  if (typeof text !== 'string' || !isList(values)) {
    return new Fault('format takes a text and a list of what is filled in')
  }
  spendSize(frame, text.length * 8)
  let result = ''
  let read = 0
  let next = 0
  for (const match of text.matchAll(clause)) {
    const filled = match[0] === '%%' ? '%' : fill(frame, match, values[next++])
    if (filled instanceof Fault) return filled
    spendSize(frame, filled.length)
    result += text.slice(read, match.index) + filled
    read = match.index + match[0].length
  }
  return result + text.slice(read)
}

function fill(frame: Frame, match: RegExpExecArray, value: Value | undefined): string | Fault {
  const write = clauses.get(match[2] ?? '')
  const precision = Number(match[1] ?? 6)
  if (write === undefined || precision > 100) return new Fault('format has an unknown clause')
  if (value === undefined) return new Fault('format has more clauses than values')
  return write(frame, value, precision)
}

function wrong(name: string, value: Value): Fault {
  return new Fault(`%${name} of format does not take ${typeOf(value)}`)
}

function isNumber(value: Value): boolean {
  return numeric(value) !== undefined
}

function named(value: Value): string {
  const number = numeric(value)
  return typeof number === 'number' ? doubleText(number) : String(number)
}

function doubleText(value: number): string {
  return Number.isFinite(value) ? formatDouble(value) : String(value)
}

function inBase(value: Value, base: number, name: string): string | Fault {
  const number = numeric(value)
  return typeof number === 'bigint' ? number.toString(base) : wrong(name, value)
}

function hex(frame: Frame, value: Value, name: string): string | Fault {
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return inBase(value, 16, name)
  spendSize(frame, value.length * 2)
  return Buffer.from(value as string).toString('hex')
}

function upperHex(frame: Frame, value: Value): string | Fault {
  const text = hex(frame, value, 'X')
  return text instanceof Fault ? text : text.toUpperCase()
}

function onDouble(value: Value, name: string, write: (double: number) => string): string | Fault {
  if (!isNumber(value)) return wrong(name, value)
  const double = Number(numeric(value))
  return Number.isFinite(double) ? write(double) : doubleText(double)
}

/** Decimals with ties to even; `toFixed` rounds ties away from zero. */
function fixed(value: number, precision: number): string {
  const point = precision === 0 ? '' : `.${'0'.repeat(precision)}`
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${point}`
  const exact = value.toFixed(100)
  const cut = exact.length - 100 + precision
  const even = /[02468]\.?$/.test(exact.slice(0, cut))
  const tie = /^50*$/.test(exact.slice(cut))
  return tie && even ? exact.slice(0, precision === 0 ? cut - 1 : cut) : value.toFixed(precision)
}

function scientific(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
}

/** `%s`: texts bare, lists and maps by what is in them, maps in the order of their keys' texts. */
function plain(frame: Frame, value: Value, depth: number): string | Fault {
  spend(frame, 1)
  if (depth > maxDepth) return new Fault('format was given values nested too deeply')
  if (value === null) return 'null'
  if (typeof value === 'number') return doubleText(value)
  if (value instanceof TypeName) return value.name
  if (isList(value)) return plainList(frame, value, depth)
  return isMap(value) ? plainMap(frame, value, depth) : (toText(frame, value) as string | Fault)
}

function plainList(frame: Frame, list: readonly Value[], depth: number): string | Fault {
  const items = list.map(item => plain(frame, item, depth + 1))
  return items.find(item => item instanceof Fault) ?? `[${items.join(', ')}]`
}

function plainMap(frame: Frame, map: CelMap | JsonObject, depth: number): string | Fault {
  const entries = keysOf(map, frame).map(key => {
    const name = plain(frame, key, depth + 1)
    const value = plain(frame, lookup(map, key) ?? null, depth + 1)
    return { name, value }
  })
  const fault = entries.find(entry => entry.value instanceof Fault)?.value
  if (fault !== undefined) return fault
  const sorted = entries.map(({ name, value }) => `${name}: ${value}`).sort()
  return `{${sorted.join(', ')}}`
}
