import type { Flaw } from './flaw.ts'

/** A part of a JSON Schema, as far as blanks are made of it. */
export interface ShapeSchema {
  readonly type?: unknown
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, ShapeSchema>>
  readonly required?: readonly string[]
  readonly items?: ShapeSchema
}

/**
 * A value without its flaws, so that it is what the schema says: what is wrong is left out, or blank
 * where it must be. Blank text is empty, and so is no text that passed a schema; the items of a list keep
 * their places.
 */
export function wellShaped(schema: ShapeSchema, value: unknown, flaw: Flaw | undefined): unknown {
  if (flaw === undefined) return value
  if (flaw.wrong) return blank(schema)
  if (Array.isArray(value)) {
    const items = schema.items as ShapeSchema
    return value.map((item, i) => wellShaped(items, item, flaw.below.get(String(i))))
  }
  const { properties = {}, required = [] } = schema
  const entries = new Map<string, unknown>(Object.entries(value as object))
  for (const [key, below] of flaw.below) {
    if (below.wrong && !required.includes(key)) entries.delete(key)
    else entries.set(key, wellShaped(properties[key] as ShapeSchema, entries.get(key), below))
  }
  // Not an assignment: `__proto__` is a key like any other.
  return Object.fromEntries(entries)
}

function blank({ type, enum: words, properties = {}, required = [] }: ShapeSchema): unknown {
  if (words !== undefined) return words[0]
  switch (type) {
    case 'object':
      return Object.fromEntries(required.map(key => [key, blank(properties[key] as ShapeSchema)]))
    case 'array':
      return []
    default:
      return ''
  }
}
