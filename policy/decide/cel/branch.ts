import type { Scope } from './eval.ts'
import { absent, type FieldTest } from './field-test.ts'
import type { JsonObject, Value } from './value.ts'

/**
 * A condition that only asks fields of the call, as a walk through tests: each says where to go
 * from it, so that `&&`, `||` and `!` cost nothing. One flat object per test keeps many rules in few
 * lines of the processor's cache.
 */
export interface Branch {
  /** The variable that has the field, and the fields between the two. */
  readonly root: string
  readonly between: readonly string[]
  readonly field: string
  readonly test: FieldTest<never>
  readonly literal: never
  readonly yes: Branch | boolean
  readonly no: Branch | boolean
}

/** Where the walk ends for a call, which is JSON; null when only a full evaluation can say. Nothing throws. */
export function follow(start: Branch, call: Scope): boolean | null {
  try {
    return walk(start, call)
  } catch {
    return null
  }
}

function walk(start: Branch, call: Scope): boolean | null {
  let at: Branch | boolean = start
  while (typeof at !== 'boolean') {
    const passed = passes(at, call)
    if (passed === null) return null
    at = passed ? at.yes : at.no
  }
  return at
}

function passes({ root, between, field, test, literal }: Branch, call: Scope): boolean | null {
  // Most fields are arguments; a constant key is found faster.
  let base = root === 'args' ? call.args : call[root]
  for (const name of between) {
    if (!isRecord(base) || !Object.hasOwn(base, name)) return null
    base = base[name]
  }
  if (!isRecord(base)) return null
  return test(Object.hasOwn(base, field) ? (base[field] as Value) : absent, literal)
}

/** Among values out of JSON what is neither null nor a list has fields; asking for the prototype costs more. */
function isRecord(value: Value | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
