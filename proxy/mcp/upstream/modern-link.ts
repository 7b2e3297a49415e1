import { notificationJson, requestJson } from '../rpc.ts'
import { modernParams, modernVersion } from './envelope.ts'
import { headerValue } from './header-value.ts'
import { type Carriage, httpCall } from './http-call.ts'
import type { HttpRequest } from './http-exchange.ts'
import type { HttpTarget } from './http-target.ts'
import { introductionOf, outgoing, refused } from './introduction.ts'
import type { Identity, Introduction, Link, Outgoing, Reply } from './link.ts'

/** Asks `server/discover`; resolves to null when the server does not speak 2026-07-28. */
export async function discover(
  target: HttpTarget,
  identity: Identity,
  timeoutMs: number,
): Promise<Introduction | null> {
  const link = modernLink(target, identity, introductionOf(modernVersion, {}))
  let reply = await link.request(outgoing('server/discover', {}, timeoutMs))
  if (reply.kind === 'error' && supports(reply.value.data)) {
    reply = await link.request(outgoing('server/discover', {}, timeoutMs))
  }
  if (reply.kind === 'error') {
    if (reply.status < 500) return null
    throw refused('server/discover', reply)
  }
  const { supportedVersions } = reply.value
  const speaks = Array.isArray(supportedVersions) && supportedVersions.includes(modernVersion)
  return speaks ? introductionOf(modernVersion, reply.value) : null
}

/** Some servers turn the first version down and name the same one as supported. */
function supports(data: unknown): boolean {
  if (typeof data !== 'object' || data === null || !('supported' in data)) return false
  return Array.isArray(data.supported) && data.supported.includes(modernVersion)
}

/** A conversation without a session, protocol version 2026-07-28: nothing is opened, nothing is closed. */
export function modernLink(
  target: HttpTarget,
  identity: Identity,
  introduction: Introduction,
): Link {
  let lastId = 0
  const carriage: Carriage = {
    target,
    resume: null,
    respond: () => undefined,
    giveUp: () => undefined,
  }
  return {
    era: 'modern',
    introduction,
    open: true,
    request(outgoing: Outgoing): Promise<Reply> {
      const id = ++lastId
      const body = requestJson(id, outgoing.method, modernParams(outgoing, identity))
      return httpCall(carriage, outgoing, id, post(target, outgoing.method, body, outgoing))
    },
    notify: (method, params) => void notificationJson(method, params),
    close: () => Promise.resolve(),
  }
}

function post(
  target: HttpTarget,
  method: string,
  body: string,
  { name, headers, trace }: Outgoing,
): HttpRequest {
  return {
    method: 'POST',
    path: target.path,
    headers: {
      ...target.headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': modernVersion,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': headerValue(name) }),
      ...headers,
      ...trace,
    },
    body,
  }
}
