import { hash } from 'node:crypto'
import { canonicalJson } from '../mcp/canonical-json.ts'
import type { Caller } from '../mcp/needs.ts'
import type { JsonObject } from '../mcp/rpc.ts'
import type { Askable } from './ready-call.ts'

/** Whose request it is; nobody else hears of it. */
export interface Owner {
  readonly namespace: string
  readonly agent: string
  readonly keySha256: string
}

export function ownerOf({ namespace, agent, apiKey }: Caller): Owner {
  const key = agent.apiKeys.find(({ name }) => name === apiKey)
  return { namespace, agent: agent.name, keySha256: key?.sha256 ?? '' }
}

export function isOwner(a: Owner, b: Owner): boolean {
  return a.namespace === b.namespace && a.agent === b.agent && a.keySha256 === b.keySha256
}

/** What people are shown of a call, and what the digest covers besides who calls what. */
export function askedArgs({ asked, errand }: Askable): JsonObject {
  return asked ?? errand.judged.subject.args
}

/** The digest of a tool's input schema; undefined where there is none. */
export function schemaDigestOf({ inputSchema }: Askable): string | undefined {
  return inputSchema === undefined ? undefined : sha256(canonicalJson(inputSchema))
}

/**
 * What an approval is for, and nothing else: SHA-256 of the canonical JSON (RFC 8785) of namespace, agent, key, server,
 * name, schema and arguments. The session is not part of it.
 */
export function callDigest(caller: Caller, ready: Askable): string {
  const { kind, server, name } = ready.errand.judged.subject
  const { namespace, agent, keySha256 } = ownerOf(caller)
  const schemaDigest = schemaDigestOf(ready)
  const key = { name: caller.apiKey, sha256: keySha256 }
  return sha256(
    canonicalJson({
      ...{ namespace, agent, key, kind, server, name },
      ...(schemaDigest === undefined ? {} : { schemaDigest }),
      args: askedArgs(ready),
    }),
  )
}

function sha256(text: string): string {
  return `sha256:${hash('sha256', text)}`
}
