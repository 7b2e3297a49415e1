import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { callerKey } from './caller-key.ts'
import type { Caller, Tables } from './mcp/needs.ts'

/** Who a request is from, and the SHA-256 (hex) of the key that it shows, or of what stands for one. */
export interface Known {
  readonly caller: Caller
  readonly keyHash: string
}

/** Shown by clients that will not go without a key, it stands for none. */
const noKey = 'writ-pod'

/** By the key that the request shows, else by where it comes from; null when that is nobody. `now` in ms since 1970. */
export function whoCalls(tables: Tables, request: IncomingMessage, now: number): Known | null {
  const key = callerKey(request)
  if (key === null || key === noKey) return isLocal(request) ? (tables.local?.() ?? null) : null
  const keyHash = hash('sha256', key)
  const caller = tables.caller(keyHash, now)
  return caller && { caller, keyHash }
}

/** One who shows what is no key is not taken for one who shows none. */
function isLocal({ headers, socket }: IncomingMessage): boolean {
  const { authorization, 'x-api-key': key } = headers
  const shows = [authorization, key].some(shown => shown !== undefined && !isNoKey(shown))
  return !shows && isLoopback(socket.remoteAddress) && isLoopback(socket.localAddress)
}

function isNoKey(shown: string | readonly string[]): boolean {
  return shown === noKey || (typeof shown === 'string' && /^Bearer +writ-pod$/i.test(shown))
}

/** Exactly these: what forwards for others may come from another address of the loopback network. */
function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1' || address === '::ffff:127.0.0.1'
}
