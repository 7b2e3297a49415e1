import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import { lower } from '../../../policy/compile/cel/lower.ts'
import { isProblem, parseSyntax } from '../../../policy/compile/cel/syntax-tree.ts'
import { isFault } from '../../../policy/decide/cel/eval.ts'
import { evaluate } from '../../../policy/decide/cel/evaluate.ts'
import {
  Duration,
  parseDuration,
  parseTimestamp,
  Timestamp,
} from '../../../policy/decide/cel/time.ts'
import {
  CelMap,
  type MapKey,
  type Outcome,
  TypeName,
  Uint,
  type Value,
} from '../../../policy/decide/cel/value.ts'

interface Serialized {
  readonly expr: string
  readonly name?: string
  readonly bindings?: Record<string, { readonly value: JsonValue }>
  readonly value?: JsonValue
  readonly evalError?: unknown
  readonly typedResult?: { readonly result?: JsonValue }
  readonly checkOnly?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: protobuf JSON, told apart by its one key
type JsonValue = Record<string, any>

export interface ConformanceCase {
  /** file/section/test, with #2 behind the second of a name. */
  readonly name: string
  readonly test: Serialized
}

/** The official conformance cases, in their order. */
export function conformanceCases(): ConformanceCase[] {
  const seen = new Map<string, number>()
  return (tests.suites ?? []).flatMap(file =>
    (file.suites ?? []).flatMap(section =>
      (section.tests ?? []).map(({ original }) => {
        const name = `${file.name}/${section.name}/${original.name}`
        const times = (seen.get(name) ?? 0) + 1
        seen.set(name, times)
        return {
          name: times === 1 ? name : `${name}#${times}`,
          test: original as unknown as Serialized,
        }
      }),
    ),
  )
}

/** 'pass', else in words what came instead. */
export function runCase({ test }: ConformanceCase): string {
  const tree = parseSyntax(test.expr)
  if (isProblem(tree)) return `unread: ${tree.message}`
  const problems: string[] = []
  const expression = lower(tree, test.expr, ({ message }) => problems.push(message))
  if (problems.length > 0) return test.evalError ? 'pass' : `unread: ${problems[0]}`
  if (test.checkOnly) return 'unread: only for a type checker'
  const variables = Object.entries(test.bindings ?? {}).map(([name, { value }]) => [
    name,
    fromJson(value),
  ])
  if (variables.some(([, value]) => value === undefined)) return 'unread: a binding'
  // Rule tables are JSON, so that is what is evaluated.
  const outcome = evaluate(JSON.parse(JSON.stringify(expression)), Object.fromEntries(variables))
  if (test.evalError) {
    return isFault(outcome) &&
      !/there is no function (math|optional|cel|proto)/.test(outcome.message)
      ? 'pass'
      : `wrong: ${describe(outcome)} for an error`
  }
  const expected = fromJson(test.value ?? test.typedResult?.result ?? { boolValue: true })
  if (isFault(outcome)) return `error: ${outcome.message}`
  return describe(outcome) === describe(expected) ? 'pass' : `wrong: ${describe(outcome)}`
}

function fromJson(json: JsonValue): Value | undefined {
  const [[kind = '', value = null] = []] = Object.entries(json)
  switch (kind) {
    case 'int64Value':
      return BigInt(value)
    case 'uint64Value':
      return new Uint(BigInt(value))
    case 'doubleValue':
      return Number(value)
    case 'bytesValue':
      return Uint8Array.from(Buffer.from(value, 'base64'))
    case 'typeValue':
      return new TypeName(value)
    case 'nullValue':
      return null
    case 'boolValue':
    case 'stringValue':
      return value
    case 'listValue':
      return listFrom(value)
    case 'mapValue':
      return mapFrom(value)
    case 'objectValue':
      return objectFrom(value)
    default:
      return undefined
  }
}

function listFrom({ values = [] }: { values?: JsonValue[] }): Value | undefined {
  const items = values.map(fromJson)
  return items.includes(undefined) ? undefined : (items as Value[])
}

function mapFrom({ entries = [] }: { entries?: { key: JsonValue; value: JsonValue }[] }) {
  const map = new Map<MapKey, readonly [Value, Value]>()
  for (const entry of entries) {
    const key = fromJson(entry.key) as Value
    const value = fromJson(entry.value)
    if (value === undefined) return undefined
    map.set(key instanceof Uint ? key.value : (key as MapKey), [key, value])
  }
  return new CelMap(map)
}

function objectFrom(value: { '@type': string; value: string }): Value | undefined {
  if (value['@type'].endsWith('google.protobuf.Timestamp')) {
    return parseTimestamp(value.value) ?? undefined
  }
  if (value['@type'].endsWith('google.protobuf.Duration')) {
    return parseDuration(value.value) ?? undefined
  }
  return undefined
}

/** A value with its type, as text, so that whole values can be compared. */
export function describe(value: Outcome | undefined): string {
  if (value === undefined) return 'a message'
  if (isFault(value)) return `fault(${value.message})`
  if (typeof value === 'bigint') return `int(${value})`
  if (typeof value === 'number') return `double(${Object.is(value, -0) ? '-0' : value})`
  if (value instanceof Uint) return `uint(${value.value})`
  if (value instanceof Timestamp) return `timestamp(${value.nanos})`
  if (value instanceof Duration) return `duration(${value.nanos})`
  if (value instanceof TypeName) return `type(${value.name})`
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('hex')})`
  if (value instanceof CelMap) {
    const entries = [...value.entries.values()].map(entry => entry.map(describe).join(': '))
    return `{${entries.sort().join(', ')}}`
  }
  return Array.isArray(value) ? `[${value.map(describe).join(', ')}]` : JSON.stringify(value)
}
