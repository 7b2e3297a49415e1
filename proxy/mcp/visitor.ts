import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from './needs.ts'
import { errorJson, type Id } from './rpc.ts'

/** An HTTP request whose key is known. */
export interface Visitor {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly keyHash: string
}

/** Ends a response with an error that belongs to the transport or to one request. */
export function turnDown(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  id: Id | null = null,
  data?: unknown,
): void {
  if (response.headersSent || response.destroyed) return
  const body = errorJson(id, code, message, data)
  const length = Buffer.byteLength(body)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': length })
    .end(body)
}

const longestSession = 1024

/** The session that the caller says a request belongs to, at whichever endpoint. */
export function sessionHeader(request: IncomingMessage): string | null {
  const name = headerOf(request, 'x-writ-session-id')
  return name === null || name === '' ? null : name.slice(0, longestSession)
}

/** A header that occurs once; null when it is not there. */
export function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}
