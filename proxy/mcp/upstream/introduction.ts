import { ProxyFailure } from '../../failure.ts'
import { isObject, type JsonObject } from '../rpc.ts'
import type { Identity, Introduction, Outgoing, Reply } from './link.ts'

/** Protocol versions with sessions, newest first. */
export const legacyVersions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

/** What is assumed of a server until it has introduced itself. */
export const newestLegacy: Introduction = {
  protocol: legacyVersions[0],
  capabilities: {},
  instructions: '',
}

/** Sends `initialize` and reads the answer; rejects with a ProxyFailure when there is no common version. */
export async function introduce(
  request: (outgoing: Outgoing) => Promise<Reply>,
  { clientInfo, capabilities }: Identity,
  timeoutMs: number,
): Promise<Introduction> {
  const hello = {
    protocolVersion: legacyVersions[0],
    capabilities,
    clientInfo,
  }
  const reply = await request(outgoing('initialize', hello, timeoutMs))
  if (reply.kind === 'error') throw refused('initialize', reply)
  const protocol = reply.value.protocolVersion
  if (!legacyVersions.some(version => version === protocol)) {
    throw new ProxyFailure('upstream_garbage', 'the server speaks no protocol version known here')
  }
  return introductionOf(String(protocol), reply.value)
}

/** What a result of `initialize` or `server/discover` says about the server. */
export function introductionOf(protocol: string, value: JsonObject): Introduction {
  const { capabilities, instructions } = value
  return {
    protocol,
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions : '',
  }
}

/** A request of the proxy's own, to which no message but the answer matters. */
export function outgoing(method: string, params: JsonObject, timeoutMs: number): Outgoing {
  return {
    method,
    params: Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]),
    meta: {},
    timeoutMs,
    cancellation: null,
    owner: null,
    onMessage: ({ reply }) =>
      reply?.('"error":{"code":-32601,"message":"nobody can be asked during this request"}'),
  }
}

/** The failure for an error with which a server answered the proxy itself. */
export function refused(method: string, { value }: Reply): ProxyFailure {
  const said = typeof value.message === 'string' ? value.message.slice(0, 200) : 'no reason'
  return new ProxyFailure('upstream_refused', `the server refused ${method}: ${said}`)
}
