import { toText } from './convert.ts'
import { isMap, keysOf, lookup } from './equal.ts'
import { isFault } from './eval.ts'
import { newFrame } from './frame.ts'
import { isList, type Outcome, TypeName, type Value } from './value.ts'

const maxItems = 20
const maxText = 200
const maxDepth = 4

/** An outcome in words for people, bounded. */
export function show(outcome: Outcome): string {
  return isFault(outcome) ? `error: ${outcome.message}` : showValue(outcome, 0)
}

function showValue(value: Value, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(clip(value))
  if (value === null) return 'null'
  if (value instanceof TypeName) return value.name
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (depth > maxDepth) return '…'
  if (isList(value)) {
    return `[${some(value, item => showValue(item, depth + 1))}]`
  }
  if (!isMap(value)) return clip(String(toText(newFrame(), value)))
  const entry = (key: Value) =>
    `${showValue(key, depth + 1)}: ${showValue(lookup(value, key) ?? null, depth + 1)}`
  return `{${some(keysOf(value, newFrame()), entry)}}`
}

function clip(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}…` : text
}

function some(items: readonly Value[], write: (item: Value) => string): string {
  const shown = items.slice(0, maxItems).map(write)
  return (items.length > maxItems ? [...shown, '…'] : shown).join(', ')
}
