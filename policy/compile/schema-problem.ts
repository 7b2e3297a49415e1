import type { ErrorObject } from 'ajv'
import { duration, httpUrl, proxyUrl, resourceName, usd } from '../../schemas/field.ts'
import type { Problem } from '../../schemas/problem.ts'
import { stepsOf } from './flaw.ts'
import { meant } from './nearest.ts'
import { type Path, pathText, type SourceDocument } from './source-document.ts'

/** A violation of a schema in words, at the place of the node that is wrong. */
export function schemaProblem(error: ErrorObject, document: SourceDocument): Problem {
  const path = pathOf(error.instancePath, document.value)
  const sentence = sentences[error.keyword] ?? unfit
  const { key, ...said } = sentence(error, pathText(path) || 'The document')
  const place = key === undefined ? document.place(path) : document.place([...path, key], 'key')
  return { severity: 'error', code: 'schema', ...said, ...place }
}

type Sentence = (error: ErrorObject, where: string) => Said

interface Said {
  readonly code?: string
  readonly message: string
  readonly suggestion?: string
  /** The key to point at, where not the whole node is wrong. */
  readonly key?: string
}

const unfit: Sentence = (_, where) => ({ message: `${where} is not of the right form.` })

const sentences: Readonly<Record<string, Sentence>> = {
  additionalProperties: ({ params, parentSchema }, where) => ({
    code: 'unknown_key',
    message: `Unknown key "${brief(params.additionalProperty)}"${where === 'The document' ? '' : ` in ${where}`}.`,
    ...meant(params.additionalProperty, Object.keys(parentSchema?.properties ?? {})),
    key: params.additionalProperty,
  }),
  required: ({ params, parentSchema }, where) => ({
    code: 'missing_key',
    message: `${where} lacks "${params.missingProperty}".`,
    ...remedy(parentSchema?.properties?.[params.missingProperty]?.description),
  }),
  type: ({ params, data }, where) => ({
    code: 'wrong_type',
    message: `${where} must be ${nouns[String(params.type)]}, not ${nounOf(data)}.`,
  }),
  enum: ({ params, data }, where) => ({
    code: 'unknown_word',
    message: `${where} must be one of ${params.allowedValues.join(', ')}${typeof data === 'string' ? `, not "${brief(data)}"` : ''}.`,
    ...(typeof data === 'string' ? meant(data, params.allowedValues) : {}),
  }),
  const: ({ params }, where) => ({
    message: `${where} must be "${params.allowedValue}", in quotes.`,
  }),
  pattern: ({ params }, where) => ({
    message: `${where} ${patterns.get(params.pattern) ?? 'is not of the right form.'}`,
  }),
  format: ({ params }, where) => ({
    message: `${where} must be ${params.format === 'email' ? 'a mail address' : 'an instant such as 2027-06-01T00:00:00Z'}.`,
  }),
  minLength: (_, where) => ({ message: `${where} must not be empty.` }),
  maxLength: ({ params }, where) => ({
    message: `${where} must not be longer than ${params.limit} characters.`,
  }),
  minItems: (_, where) => ({ message: `${where} must not be empty.` }),
  maxItems: ({ params }, where) => ({
    message: `${where} must not have more than ${params.limit} items.`,
  }),
  maxProperties: ({ params }, where) => ({
    message: `${where} must not have more than ${params.limit} keys.`,
  }),
  uniqueItems: ({ params }, where) => ({
    message: `${where} names the same thing twice: items ${params.j} and ${params.i}.`,
  }),
  minimum: ({ params }, where) => ({ message: `${where} must be at least ${params.limit}.` }),
  maximum: ({ params }, where) => ({ message: `${where} must be at most ${params.limit}.` }),
}

const patterns: ReadonlyMap<string, string> = new Map([
  [
    pattern(resourceName('')),
    'must be a name of lower-case letters, digits, "-" and ".", such as `web-agents`.',
  ],
  [pattern(duration('')), 'must be a length of time such as 30s, 10m, 24h or 30d.'],
  [pattern(usd('')), 'must be an amount in USD such as "25.00", with at most six decimals.'],
  [pattern(httpUrl('')), 'must be a URL that begins with http:// or https://.'],
  [pattern(proxyUrl('')), 'must be a URL that begins with http:// or https://.'],
  ['\\S', 'must not be empty.'],
  ['^[0-9a-f]{64}$', 'must be a SHA-256 in hex, as `writ keys create` prints it; never the key.'],
  ['^[A-Za-z0-9_.-]{1,64}$', 'may hold letters, digits, "_", "." and "-", at most 64.'],
])

function pattern(schema: object): string {
  return String(Reflect.get(schema, 'pattern'))
}

const nouns: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  'array,null': 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'empty',
}

function nounOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return nouns[typeof value] as string
}

function remedy(description: string | undefined): { readonly suggestion?: string } {
  return description === undefined ? {} : { suggestion: description }
}

function brief(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A JSON pointer as a path, with indexes as numbers. */
function pathOf(pointer: string, root: unknown): Path {
  let value: unknown = root
  return stepsOf(pointer).map(key => {
    const index = Array.isArray(value) ? Number(key) : key
    value = (value as Record<string | number, unknown>)[index]
    return index
  })
}
