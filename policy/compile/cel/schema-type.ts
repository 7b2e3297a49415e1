import { bool, double, dyn, join, list, map, nullable, type Type, text } from './type.ts'

// Schemas come from servers that nobody vouches for: references may multiply without end.
const maxDepth = 16
const maxParts = 5000

type Schema = Readonly<Record<string, unknown>>

interface Walk {
  readonly root: unknown
  readonly depth: number
  readonly seen: { parts: number }
}

/** The type of what a JSON Schema describes; what the schema leaves open, or says too deep down, is `dyn`. */
export function typeOfSchema(schema: unknown): Type {
  return typeOf(schema, { root: schema, depth: 0, seen: { parts: 0 } })
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeOf(schema: unknown, walk: Walk): Type {
  if (!isSchema(schema) || walk.depth > maxDepth || ++walk.seen.parts > maxParts) return dyn
  const below = (child: unknown) => typeOf(child, { ...walk, depth: walk.depth + 1 })
  if (typeof schema.$ref === 'string') return below(resolve(schema.$ref, walk.root))
  if (Array.isArray(schema.allOf) || schema.not !== undefined || schema.if !== undefined) {
    return dyn
  }
  const union = schema.anyOf ?? schema.oneOf
  if (Array.isArray(union)) return joinAll(union.map(below))
  if (Array.isArray(schema.enum)) return typeOfEnum(schema.enum)
  if ('const' in schema) return typeOfEnum([schema.const])
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  const type = joinAll(types.map(name => typeOfName(name, schema, below)))
  return schema.nullable === true ? nullable(type) : type
}

function joinAll(types: readonly Type[]): Type {
  const [first, ...rest] = types
  return first === undefined ? dyn : rest.reduce(join, first)
}

function resolve(ref: string, root: unknown): unknown {
  if (!ref.startsWith('#')) return undefined
  const path = ref.slice(1).split('/').slice(1)
  return path.reduce<unknown>((at, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    return isSchema(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }, root)
}

function typeOfEnum(constants: readonly unknown[]): Type {
  const values = constants.filter(value => typeof value === 'string')
  const others = constants.filter(value => typeof value !== 'string').map(typeOfConstant)
  return joinAll(values.length > 0 ? [{ kind: 'string', values }, ...others] : others)
}

function typeOfConstant(value: unknown): Type {
  if (value === null) return { kind: 'null' }
  if (typeof value === 'boolean') return bool
  return typeof value === 'number' ? double : dyn
}

function typeOfName(name: unknown, schema: Schema, below: (child: unknown) => Type): Type {
  switch (name) {
    case 'string':
      return text
    case 'boolean':
      return bool
    case 'integer':
      return { kind: 'int', json: true }
    case 'number':
      return double
    case 'null':
      return { kind: 'null' }
    case 'array':
      return list(below(schema.items))
    case 'object':
      return typeOfObject(schema, below)
    default:
      return isSchema(schema.properties) ? typeOfObject(schema, below) : dyn
  }
}

function typeOfObject(schema: Schema, below: (child: unknown) => Type): Type {
  const { properties, additionalProperties, patternProperties } = schema
  const more = additionalProperties === true || isSchema(additionalProperties)
  if (!isSchema(properties)) {
    if (additionalProperties === false) return { kind: 'object', fields: new Map(), open: false }
    return map(text, isSchema(additionalProperties) ? below(additionalProperties) : dyn)
  }
  const fields = new Map(Object.entries(properties).map(([name, child]) => [name, below(child)]))
  return { kind: 'object', fields, open: more || patternProperties !== undefined }
}
