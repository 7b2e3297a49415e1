import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { default as formats } from 'ajv-formats'

interface Schema {
  readonly [keyword: string]: unknown
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, Schema>>
  readonly required: readonly string[]
  readonly body: Schema | null
  readonly bodyRequired: boolean
  /** By status; null where an answer has no JSON body. */
  readonly answers: Readonly<Record<string, Schema | null>>
}

/** One request and what was answered. Bodies are parsed; null when there is none. */
export interface Exchange {
  readonly method: string
  /** Below the base URL. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly status: number
  readonly answer: unknown
}

/**
 * Says what in an exchange GitHub's own description does not allow; null when all is as described. What it does
 * not speak of is wrong too: a path, a query parameter, a field of a request or of an answer.
 */
export function describedByGithub(): (exchange: Exchange) => string | null {
  const file = join(import.meta.dirname, 'description.json')
  const { operations, schemas } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly operations: readonly Operation[]
    readonly schemas: Readonly<Record<string, Schema>>
  }
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  for (const name of ['repo.nwo', 'timestamp']) ajv.addFormat(name, true)
  ajv.addSchema({ $id: 'github', schemas: closed(schemas) as Schema })
  const validators = new Map<string, ReturnType<Ajv['compile']>>()
  const wrong = (key: string, schema: Schema, value: unknown) => {
    const text = JSON.stringify(closed(schema)).replaceAll('"#/schemas/', '"github#/schemas/')
    const validate = validators.get(key) ?? ajv.compile(JSON.parse(text))
    validators.set(key, validate)
    return validate(value) ? null : `${key}: ${ajv.errorsText(validate.errors)}`
  }
  return ({ method, path, query, body, status, answer }) => {
    const operation = operations.find(one => one.method === method && fits(one.path, path))
    const key = `${method} ${path}`
    if (operation === undefined) return `${key} is not described`
    const missing = operation.required.find(name => !query.has(name))
    if (missing !== undefined) return `${key}: the query has no ${missing}`
    for (const [name, text] of query) {
      const schema = operation.query[name]
      if (schema === undefined) return `${key}: the query has ${name}, which is not described`
      const value = schema.type === 'integer' ? Number(text) : text
      const problem = wrong(`${method} ${operation.path} ?${name}`, schema, value)
      if (problem !== null) return problem
    }
    if (body !== null && operation.body === null) return `${key} takes no body`
    const bare = body === null && !operation.bodyRequired
    const sent =
      operation.body && !bare && wrong(`${method} ${operation.path} body`, operation.body, body)
    if (sent) return sent
    const schema = operation.answers[String(status)] ?? anywhere(status)
    if (schema === undefined) return `${key} does not answer ${status}`
    return schema && wrong(`${method} ${operation.path} ${status}`, schema, answer)
  }
}

/** What GitHub answers anywhere and does not describe everywhere. */
function anywhere(status: number): Schema | undefined {
  return [301, 401, 403, 404, 409, 422, 429, 500, 502, 503].includes(status)
    ? { type: 'object', required: ['message'] }
    : undefined
}

function fits(template: string, path: string): boolean {
  const parts = template.split('/')
  const given = path.split('/')
  return (
    parts.length === given.length &&
    parts.every((part, at) => (part.startsWith('{') ? given[at] !== '' : part === given[at]))
  )
}

/** The schema with every object closed that says what it has and is not put together with others. */
function closed(schema: unknown, joined = false): unknown {
  if (Array.isArray(schema)) return schema.map(part => closed(part, joined))
  if (typeof schema !== 'object' || schema === null) return schema
  const parts = Object.entries(schema).map(([key, part]) => {
    if (key === 'allOf') return [key, closed(part, true)]
    if (key === 'anyOf' || key === 'oneOf') {
      return [key, closed(part, joined || 'properties' in schema)]
    }
    return [key, closed(part)]
  })
  const open =
    joined ||
    !('properties' in schema) ||
    'additionalProperties' in schema ||
    ['allOf', 'anyOf', 'oneOf'].some(word => word in schema)
  return {
    ...Object.fromEntries(parts),
    ...(!open && typeof schema.properties === 'object' && { additionalProperties: false }),
  }
}
