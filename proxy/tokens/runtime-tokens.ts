import { hash } from 'node:crypto'
import type { LoadedTable } from '../../policy/decide/load.ts'
import { tokenKeyName } from '../../schemas/runtime-claims.ts'
import type { Caller, Tables } from '../mcp/needs.ts'
import type { ControllerKey } from '../table/controller-key.ts'
import { type RuntimeClaim, verifyToken } from './verify-token.ts'

export interface RuntimeTokensNeeds {
  readonly tables: Pick<Tables, 'current'>
  /** The controller's pinned key; null while there is none. */
  readonly key: () => ControllerKey | null
  /** Ids of revoked tokens; null while no list was heard: then no token is good. */
  readonly revoked: () => ReadonlySet<string> | null
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A genuine token, and whom it stood for by the table that was looked at last. */
interface Known {
  readonly claim: RuntimeClaim
  readonly sha256: string
  table: LoadedTable | null
  caller: Caller | null
}

const mostKnown = 10_000

/** Tokens that were shown and are genuine, by their SHA-256: whose they are is then a look into a map. */
export class RuntimeTokens {
  readonly #needs: RuntimeTokensNeeds
  readonly #known = new Map<string, Known>()
  readonly #learning = new Map<string, Promise<void>>()

  constructor(needs: RuntimeTokensNeeds) {
    this.#needs = needs
  }

  /** Verifies a token that was not seen before; null when there is nothing to wait for. Never rejects. */
  learn(token: string): Promise<void> | null {
    const key = this.#needs.key()
    const sha256 = hash('sha256', token)
    if (key === null || this.#known.has(sha256)) return null
    const learning = this.#learning.get(sha256) ?? this.#verify(token, sha256, key)
    this.#learning.set(sha256, learning)
    return learning
  }

  /** Whose token has this SHA-256 (hex); null unless it is genuine, has not expired, is not revoked, and its agent is in force. */
  caller(sha256: string, now: number): Caller | null {
    const known = this.#known.get(sha256)
    if (known === undefined) return null
    const { id, namespace, expiresAt } = known.claim
    const revoked = this.#needs.revoked()
    if (now >= expiresAt || revoked === null || revoked.has(id)) return null
    const table = this.#needs.tables.current(namespace)
    if (table !== known.table) {
      known.table = table
      known.caller = table === null ? null : callerOf(known, table)
    }
    return known.caller
  }

  /** Namespaces in which a token has expired since the last look; what has expired is forgotten. */
  expired(now: number): ReadonlySet<string> {
    const namespaces = new Set<string>()
    for (const [sha256, { claim }] of this.#known) {
      if (now < claim.expiresAt) continue
      this.#known.delete(sha256)
      namespaces.add(claim.namespace)
    }
    return namespaces
  }

  /** Namespaces of the tokens that were seen. */
  namespaces(): ReadonlySet<string> {
    return new Set([...this.#known.values()].map(({ claim }) => claim.namespace))
  }

  async #verify(token: string, sha256: string, { key }: ControllerKey): Promise<void> {
    try {
      const claim = await verifyToken(token, key, this.#needs.now())
      if (claim === null) return
      this.#known.set(sha256, { claim, sha256, table: null, caller: null })
      const [oldest] = this.#known.keys()
      if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest)
    } finally {
      this.#learning.delete(sha256)
    }
  }
}

/** The agent as the table has it, with the token as its only key. */
function callerOf({ claim, sha256 }: Known, { table, digest }: LoadedTable): Caller | null {
  const agent = table.agents.find(({ name }) => name === claim.agent)
  if (agent === undefined) return null
  const apiKey = tokenKeyName(claim.id)
  const expires = new Date(claim.expiresAt).toISOString()
  return {
    namespace: claim.namespace,
    agent: { ...agent, apiKeys: [{ name: apiKey, sha256, expires }] },
    apiKey,
    table: digest,
    ...(claim.session !== undefined && { session: claim.session }),
  }
}
