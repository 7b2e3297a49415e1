import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { callerKey } from './caller-key.ts'
import type { Caller, Tables } from './mcp/needs.ts'

/** Who a request is from, and the SHA-256 (hex) of the key that it shows, or of what stands for one. */
export interface Known {
  readonly caller: Caller
  readonly keyHash: string
}

/** By the key that the request shows, else by where it comes from; null when that is nobody. `now` in ms since 1970. */
export function whoCalls(tables: Tables, request: IncomingMessage, now: number): Known | null {
  const key = callerKey(request)
  if (key === null) return showsNothing(request) ? (tables.local?.() ?? null) : null
  const keyHash = hash('sha256', key)
  const caller = tables.caller(keyHash, now)
  return caller && { caller, keyHash }
}

/** One who shows what is no key is not taken for one who shows none. */
function showsNothing({ headers, socket }: IncomingMessage): boolean {
  const shown = headers.authorization !== undefined || headers['x-api-key'] !== undefined
  return !shown && isLoopback(socket.remoteAddress) && isLoopback(socket.localAddress)
}

/** Exactly these: what forwards for others may come from another address of the loopback network. */
function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1'
}
