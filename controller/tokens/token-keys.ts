import { type Kysely, sql } from 'kysely'
import type { TableAgent } from '../../schemas/rule-table.ts'
import { tokenKeyName } from '../../schemas/runtime-claims.ts'
import type { Database } from '../store/database.ts'

type Keyed = Pick<TableAgent, 'name' | 'apiKeys'>

/** The agents of a namespace with the tokens that were made for them, and not revoked, among their keys. */
export async function withTokenKeys<A extends Keyed>(
  db: Kysely<Database>,
  namespace: string,
  agents: readonly A[],
): Promise<readonly A[]> {
  const rows = await db
    .selectFrom('runtime_tokens')
    .select(['id', 'agent', 'sha256', 'expires_at'])
    .where('namespace', '=', namespace)
    .where('revoked_at', 'is', null)
    // Those that have long expired open nothing, by whichever clock.
    .where('expires_at', '>', sql<Date>`now() - interval '1 day'`)
    .execute()
  if (rows.length === 0) return agents
  const byAgent = Map.groupBy(rows, ({ agent }) => agent)
  return agents.map(agent => ({
    ...agent,
    apiKeys: [
      ...agent.apiKeys,
      ...(byAgent.get(agent.name) ?? []).map(({ id, sha256, expires_at }) => ({
        name: tokenKeyName(id),
        sha256,
        expires: expires_at.toISOString(),
      })),
    ],
  }))
}
