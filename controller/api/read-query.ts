import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import type Type from 'typebox'
import { RequestFailure } from './problem-answer.ts'

/**
 * A function that reads a query by its schema: numbers and booleans from their text, lists from words
 * between commas. Throws a RequestFailure for a word that is not known: a filter that is not heeded shows
 * too much.
 */
export function queryReader<T extends Type.TObject>(
  schema: T,
): (query: Readonly<Record<string, unknown>>) => Type.Static<T> {
  const ajv = new Ajv({ strict: false, useDefaults: true })
  formats.default(ajv)
  const validate = ajv.compile<Type.Static<T>>(schema)
  return query => {
    const read = Object.entries(query).map(([name, value]) => {
      if (typeof value !== 'string') throw refusal(`${name} is given more than once.`)
      const { type } = property(schema, name)
      return [name, readers[type ?? '']?.(value) ?? value] as const
    })
    const found: unknown = Object.fromEntries(read)
    if (validate(found)) return found
    throw refusal(sentence(validate.errors?.[0], schema))
  }
}

type Property = Readonly<{
  type?: string
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  description?: string
}>

function property(schema: Type.TObject, name: string): Property {
  const known = schema.properties as Readonly<Record<string, Property>>
  return Object.hasOwn(known, name) ? (known[name] ?? {}) : {}
}

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  integer: text => (/^\d{1,9}$/.test(text) ? Number(text) : text),
  boolean: text => (text === 'true' ? true : text === 'false' ? false : text),
  array: text => text.split(','),
}

function refusal(detail: string): RequestFailure {
  return new RequestFailure(400, detail)
}

function sentence(error: ErrorObject | undefined, schema: Type.TObject): string {
  const extra: unknown = error?.params.additionalProperty
  const names = Object.keys(schema.properties)
  if (extra !== undefined) return `${extra} is no filter; there are ${names.join(', ')}.`
  const name = error?.instancePath.split('/')[1] ?? ''
  return name === ''
    ? `${error?.params.missingProperty} is missing.`
    : expected(name, property(schema, name))
}

function expected(name: string, { type, enum: words, minimum, maximum, description }: Property) {
  if (words !== undefined) return `${name} is ${words.join(' or ')}.`
  if (type === 'integer') return `${name} is a number from ${minimum} to ${maximum}.`
  if (type === 'boolean') return `${name} is true or false.`
  return `${name} is wrong. ${description ?? ''}`.trim()
}
