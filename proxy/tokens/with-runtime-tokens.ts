import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Tables } from '../mcp/needs.ts'
import type { FollowedRevocations } from './follow-revocations.ts'
import { RuntimeTokens } from './runtime-tokens.ts'

export interface TokenTablesNeeds {
  readonly tables: Tables
  readonly revocations: Pick<FollowedRevocations, 'key' | 'revoked' | 'subscribe'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Tables that also know who shows a token of a runtime; as a service it ends sessions whose token has expired. */
export type TokenTables = Tables & Service

/** How long a session may outlive the token that it was opened with. */
const everyMs = 5000

/** Keys come first; what is no key is looked for among tokens. */
export function withRuntimeTokens({ tables, revocations, now }: TokenTablesNeeds): TokenTables {
  const tokens = new RuntimeTokens({
    tables,
    key: () => revocations.key(),
    revoked: () => revocations.revoked(),
    now,
  })
  const listeners = new Set<(namespace: string) => void>()
  const tell = (namespaces: ReadonlySet<string>) => {
    for (const namespace of namespaces) for (const listener of listeners) listener(namespace)
  }
  return {
    name: 'runtime tokens',
    caller: (sha256, at) => tables.caller(sha256, at) ?? tokens.caller(sha256, at),
    learn: token => tokens.learn(token),
    current: namespace => tables.current(namespace),
    ...(tables.enforced && { enforced: () => tables.enforced?.() ?? {} }),
    subscribe(listener) {
      listeners.add(listener)
      const stop = tables.subscribe(listener)
      return () => {
        listeners.delete(listener)
        stop()
      }
    },
    async run(signal) {
      const stop = revocations.subscribe(() => tell(tokens.namespaces()))
      while (!signal.aborted) {
        tell(tokens.expired(now()))
        await wait(everyMs, signal)
      }
      stop()
    },
  }
}
