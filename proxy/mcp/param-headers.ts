import type { Json } from '../../policy/decide/facts.ts'
import type { Exchange } from './exchange.ts'
import { isObject, type JsonObject } from './rpc.ts'
import { headerText, headerValue } from './upstream/header-value.ts'

/** An argument that a tool wants repeated in a header (`x-mcp-header`, MCP 2026-07-28). */
export interface HeaderDeclaration {
  readonly header: string
  readonly path: readonly string[]
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const deepest = 16

/** The headers for a call, made from the arguments that are sent. */
export function paramHeaders(
  declared: readonly HeaderDeclaration[],
  args: JsonObject,
): Readonly<Record<string, string>> {
  if (declared.length === 0) return none
  const headers: Record<string, string> = {}
  for (const { header, path } of declared) {
    const text = primitive(valueAt(args, path))
    if (text !== null) headers[header] = headerValue(text)
  }
  return headers
}

const none: Readonly<Record<string, string>> = Object.freeze({})

/** What disagrees between the headers of a stateless client and its arguments, or null. */
export function paramMismatch(
  { client, headers }: Exchange,
  declared: readonly HeaderDeclaration[],
  args: JsonObject,
): string | null {
  if (client.era === 'legacy') return null
  for (const { header, path } of declared) {
    const text = primitive(valueAt(args, path))
    if (text === null) continue
    const given = headers[header]
    if (typeof given !== 'string') return `the header ${header} is missing`
    const decoded = headerText(given)
    if (decoded === null) return `the header ${header} is not valid Base64`
    if (decoded !== text && !sameNumber(decoded, valueAt(args, path))) {
      return `the header ${header} disagrees with the arguments`
    }
  }
  return null
}

/** The headers a tool declares; null when it declares headers that no call could carry. */
export function declaredHeaders(tool: JsonObject): readonly HeaderDeclaration[] | null {
  const found: HeaderDeclaration[] = []
  const seen = new Set<string>()
  const sound = collect(tool.inputSchema, [], (name, type, path) => {
    if (typeof name !== 'string' || !token.test(name) || !primitives.has(String(type))) return false
    const header = `mcp-param-${name.toLowerCase()}`
    if (seen.has(header)) return false
    seen.add(header)
    found.push({ header, path })
    return true
  })
  return sound ? found : null
}

const primitives: ReadonlySet<string> = new Set(['string', 'integer', 'boolean'])

function collect(
  schema: Json | undefined,
  path: readonly string[],
  declare: (name: Json, type: Json | undefined, path: readonly string[]) => boolean,
): boolean {
  if (!isObject(schema) || path.length > deepest) return true
  const name = schema['x-mcp-header']
  if (name !== undefined && (path.length === 0 || !declare(name, schema.type, path))) return false
  const { properties } = schema
  if (!isObject(properties)) return true
  return Object.entries(properties).every(([key, inner]) => collect(inner, [...path, key], declare))
}

function valueAt(args: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = args
  for (const key of path)
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

function primitive(value: Json | undefined): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}

function sameNumber(text: string, value: Json | undefined): boolean {
  return typeof value === 'number' && /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value
}
