import type { IncomingMessage } from 'node:http'
import { callerKey } from '../caller-key.ts'
import type { Tables } from '../mcp/needs.ts'

/** How every JWT begins: a JSON object in base64url. */
const start = 'eyJ'

/** Lets the tables look at the key of a request before anybody asks whose it is; null when there is nothing to wait for. */
export function learnKey(tables: Tables, request: IncomingMessage): Promise<void> | null {
  if (tables.learn === undefined) return null
  const key = callerKey(request)
  return key?.startsWith(start) ? tables.learn(key) : null
}
