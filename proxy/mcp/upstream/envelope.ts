import type { JsonObject } from '../rpc.ts'
import type { Identity, Outgoing } from './link.ts'

/** The protocol version of the modern era. */
export const modernVersion = '2026-07-28'

/** Keys of `_meta` that every modern request carries. */
export const envelope = {
  version: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const

const ofTheEnvelope: ReadonlySet<string> = new Set(Object.values(envelope))

/** Params for a server of the legacy era: what only the envelope of the modern one knows is left out. */
export function legacyParams({ params, meta }: Outgoing): string {
  const own = (key: string) => !ofTheEnvelope.has(key)
  if (!Object.keys(meta).some(own)) return paramsJson(params, null)
  const kept = Object.entries(meta).filter(([key]) => own(key))
  return paramsJson(params, Object.fromEntries(kept))
}

/** Params for a server of the modern era; the envelope is completed for clients that know none. */
export function modernParams({ params, meta }: Outgoing, identity: Identity): string {
  return paramsJson(params, {
    [envelope.clientInfo]: identity.clientInfo,
    [envelope.capabilities]: identity.capabilities,
    ...meta,
    [envelope.version]: modernVersion,
  })
}

function paramsJson(params: Outgoing['params'], meta: JsonObject | null): string {
  let members = ''
  for (const [name, json] of params) {
    members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${json}`
  }
  if (meta !== null) members += `${members === '' ? '' : ','}"_meta":${JSON.stringify(meta)}`
  return `{${members}}`
}
