import type { IncomingMessage } from 'node:http'
import type { Account } from '../mcp/account.ts'
import { headerOf, sessionHeader } from '../mcp/visitor.ts'
import type { Gateway, Visit } from './gateway.ts'
import type { ModelRequest } from './model-request.ts'

const longest = 256

/** Where agents of a kind say which session they are in. */
const ownHeaders: { readonly [kind: string]: readonly string[] } = {
  'claude-code': ['x-claude-code-session-id'],
  codex: ['session-id', 'thread-id'],
  opencode: ['x-session-id'],
}

/**
 * What the session of a request did so far. A key for one session
 * is good for no other; else the header of Writ says which one it is, an MCP session of the same key
 * included; else the agent's own header, if it is of that kind; else the cache key on the OpenAI wires; else the key's.
 */
export function sessionAccount(
  { accounts, sessions, now }: Gateway,
  { request, caller, keyHash }: Visit,
  asked: ModelRequest,
): Account {
  if (caller.session !== undefined) return accounts.of(caller, now())
  const named = sessionHeader(request)
  const shared = named === null ? null : sessions.accountOf(named, keyHash)
  if (shared !== null) return shared
  const session = named ?? ownSession(request, caller.agent.kind) ?? cacheKey(asked)
  return accounts.of(caller, now(), session)
}

function ownSession(request: IncomingMessage, kind: string): string | null {
  const headers = Object.hasOwn(ownHeaders, kind) ? ownHeaders[kind] : undefined
  for (const name of headers ?? []) {
    const value = headerOf(request, name)
    if (value !== null && value !== '') return value.slice(0, longest)
  }
  return null
}

function cacheKey({ endpoint, content }: ModelRequest): string | null {
  const { prompt_cache_key: key } = content.body
  if (endpoint.dialect === 'messages' || typeof key !== 'string' || key === '') return null
  return key.slice(0, longest)
}
