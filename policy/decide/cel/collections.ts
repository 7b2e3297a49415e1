import { noOverload } from './arithmetic.ts'
import { length } from './code-points.ts'
import { equal, isMap, keysOf, lookup, mapKey } from './equal.ts'
import { type Frame, spend } from './frame.ts'
import { Fault, isList, numeric, type Outcome, type Value } from './value.ts'

/** How many characters (code points), bytes, items or keys. */
export function size(frame: Frame, value: Value): Outcome {
  if (typeof value === 'string') return BigInt(length(frame, value))
  if (isList(value) || value instanceof Uint8Array) return BigInt(value.length)
  return isMap(value) ? BigInt(keysOf(value, frame).length) : noOverload('size', value)
}

/** Whether a list holds an equal item, or a map the key. */
export function isIn(frame: Frame, item: Value, container: Value): Outcome {
  if (isList(container)) {
    for (const each of container) {
      spend(frame, 1)
      if (equal(each, item, frame)) return true
    }
    return false
  }
  const possible = typeof item === 'number' || mapKey(item) !== undefined
  if (!possible || !isMap(container)) return noOverload('in', item, container)
  return lookup(container, item) !== undefined
}

/** The item of a list at a place, or what a map holds under a key. */
export function index(_: Frame, container: Value, key: Value): Outcome {
  if (isList(container)) return itemAt(container, key)
  if (!isMap(container)) return noOverload('[]', container, key)
  const found = lookup(container, key)
  return found === undefined ? new Fault('there is no such key') : found
}

function itemAt(list: readonly Value[], key: Value): Outcome {
  const at = numeric(key)
  if (at === undefined) return noOverload('[]', list, key)
  const item = Number.isInteger(Number(at)) ? list[Number(at)] : undefined
  return item === undefined ? new Fault('there is no item at that place of the list') : item
}
