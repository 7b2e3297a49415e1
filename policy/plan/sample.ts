import type { Json } from '../decide/facts.ts'

type Schema = { readonly [key: string]: unknown }

/** How deep a schema is followed. */
const deepest = 4

/** A value as a JSON Schema wants it, only what is required; an empty object where it does not say. */
export function sampleOf(schema: unknown, depth = 0): Json {
  if (!isObject(schema) || depth > deepest) return {}
  const { enum: choices, default: preset = listed(choices) } = schema
  if (schema.const !== undefined || preset !== undefined) return (schema.const ?? preset) as Json
  const types: Readonly<Record<string, Json>> = {
    string: 'example',
    integer: 1,
    number: 1,
    boolean: true,
    array: [],
    null: null,
  }
  return types[String(schema.type)] ?? fieldsOf(schema, depth)
}

function fieldsOf({ properties, required }: Schema, depth: number): Json {
  const known = isObject(properties) ? properties : {}
  const names = Array.isArray(required) ? required.map(String) : []
  return Object.fromEntries(names.map(name => [name, sampleOf(known[name], depth + 1)]))
}

function listed(choices: unknown): unknown {
  return Array.isArray(choices) ? choices[0] : undefined
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
