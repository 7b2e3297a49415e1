import type { Duration, Timestamp } from './time.ts'
import { isDuration, isTimestamp } from './time.ts'

/**
 * A value while a condition runs. Double is `number`, int is `bigint`; what came out of JSON stays
 * as it came, so a JSON object is a map whose keys are its own properties.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeName
  | CelMap
  | readonly Value[]
  | JsonObject

export interface JsonObject {
  readonly [key: string]: Value
}

/** An unsigned 64-bit integer. */
export class Uint {
  readonly value: bigint

  constructor(value: bigint) {
    this.value = value
  }
}

/** The name of a type as a value, as `type(x)` gives it. */
export class TypeName {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** The keys a map may have; int and uint keys that are equal are one key. */
export type MapKey = string | boolean | bigint

/** A map that the condition itself made, in the order it was written. */
export class CelMap {
  readonly entries: ReadonlyMap<MapKey, readonly [key: Value, value: Value]>

  constructor(entries: ReadonlyMap<MapKey, readonly [key: Value, value: Value]>) {
    this.entries = entries
  }
}

/** The place of a fault that arose where places are not known. */
export const nowhere: readonly [number, number] = [0, 0]

/** Why something has no value, or, when `unknown`, that it has one only once the call is made. */
export class Fault {
  readonly message: string
  readonly at: readonly [number, number]
  readonly unknown: boolean

  constructor(message: string, at = nowhere, unknown = false) {
    this.message = message
    this.at = at
    this.unknown = unknown
  }
}

/** A value, or why there is none. */
export type Outcome = Value | Fault

export type TypeTag =
  | 'null_type'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'type'
  | 'google.protobuf.Timestamp'
  | 'google.protobuf.Duration'

/** The names of types, which are values in conditions. */
export const typeNames: ReadonlySet<string> = new Set<TypeTag>([
  'null_type',
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'type',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
])

const scalarTags = {
  boolean: 'bool',
  number: 'double',
  bigint: 'int',
  string: 'string',
} as const

/** The type of a value, by the name conditions use. */
export function typeOf(value: Value): TypeTag {
  const tag = scalarTags[typeof value as keyof typeof scalarTags]
  return tag ?? typeOfObject(value)
}

function typeOfObject(value: Value): TypeTag {
  if (value === null) return 'null_type'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof TypeName) return 'type'
  if (isTimestamp(value)) return 'google.protobuf.Timestamp'
  return isDuration(value) ? 'google.protobuf.Duration' : 'map'
}

export function isList(value: Outcome): value is readonly Value[] {
  return Array.isArray(value)
}

/** Whether a value is an object that came out of JSON. */
export function isJsonObject(value: Outcome): value is JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof CelMap) &&
    !(value instanceof Fault) &&
    typeOfObject(value) === 'map'
  )
}

/** The number inside a value of a numeric type, else undefined. `<` and `==` of bigint and number are exact. */
export function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  return value instanceof Uint ? value.value : undefined
}
