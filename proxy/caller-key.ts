import type { IncomingMessage } from 'node:http'

/** A token of a runtime is the longest there is. */
const longest = 4096

/** The key that a request shows: a bearer token, or `x-api-key` as Anthropic clients send it; null when there is none. */
export function callerKey({ headers }: IncomingMessage): string | null {
  const [, bearer] = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.authorization ?? '') ?? []
  const key = bearer ?? headers['x-api-key']
  return typeof key === 'string' && key !== '' && key.length <= longest ? key : null
}
