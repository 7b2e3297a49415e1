import type { Json } from '../../policy/decide/facts.ts'

export type Id = string | number

export type JsonObject = { readonly [key: string]: Json }

/** A message as JSON-RPC 2.0 tells them apart; `malformed` names what is wrong, with the id when it can be read. */
export type Message =
  | {
      readonly kind: 'request'
      readonly id: Id
      readonly method: string
      readonly params: JsonObject
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'response'; readonly id: Id; readonly value: JsonObject }
  | { readonly kind: 'malformed'; readonly id: Id | null; readonly problem: string }

/** Error codes of JSON-RPC 2.0 and of MCP. */
export const codes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  refused: -32000,
  noSession: -32001,
  resourceNotFound: -32002,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const

const longestMethod = 128
const longestId = 256

/** Reads one value as a message. */
export function messageOf(value: Json): Message {
  if (!isObject(value)) return { kind: 'malformed', id: null, problem: 'it is not an object' }
  const id = idOf(value.id)
  const malformed = (problem: string): Message => ({ kind: 'malformed', id, problem })
  if (value.jsonrpc !== '2.0') return malformed('`jsonrpc` is not "2.0"')
  const { method, params = {} } = value
  if (method === undefined) return responseOf(value, id)
  if (typeof method !== 'string' || method.length > longestMethod) {
    return malformed('`method` is not a name')
  }
  if (!isObject(params)) return malformed('`params` is not an object')
  if (!Object.hasOwn(value, 'id')) return { kind: 'notification', method, params }
  if (id === null) return malformed('`id` is not a short string or an integer')
  return { kind: 'request', id, method, params }
}

function responseOf(value: JsonObject, id: Id | null): Message {
  if (id === null) return { kind: 'malformed', id, problem: 'it has no method and no id' }
  const answers = ['result', 'error'].filter(key => Object.hasOwn(value, key))
  if (answers.length === 1) return { kind: 'response', id, value }
  return { kind: 'malformed', id, problem: 'it is neither a request nor a response' }
}

function idOf(value: Json | undefined): Id | null {
  if (typeof value === 'string') return value.length <= longestId ? value : null
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that must be text. */
export function textOf(params: JsonObject, key: string): string | null {
  const value = Object.hasOwn(params, key) ? params[key] : undefined
  return typeof value === 'string' ? value : null
}

/** A response whose result is already serialised. */
export function resultJson(id: Id, result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`
}

export function errorJson(id: Id | null, code: number, message: string, data?: unknown): string {
  const error = data === undefined ? { code, message } : { code, message, data }
  return JSON.stringify({ jsonrpc: '2.0', id, error })
}

export function requestJson(id: Id, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":${JSON.stringify(method)},"params":${params}}`
}

export function notificationJson(method: string, params = '{}'): string {
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`
}
