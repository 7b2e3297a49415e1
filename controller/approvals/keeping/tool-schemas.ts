import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Kysely } from 'kysely'
import type { ProxyReport, UpstreamReport } from '../../../schemas/proxy-report.ts'
import type { Database } from '../../store/database.ts'
import type { InForceReader } from '../in-force/in-force.ts'
import { moved, type TransitionNeeds, taken, transition } from '../transition.ts'

/** Ends what a proxy asked about tools whose schema it now sees differently. A server that cannot be reached says nothing. */
export async function toolsReported(
  moves: TransitionNeeds,
  inForce: InForceReader,
  { proxy, upstreams }: ProxyReport,
): Promise<void> {
  for (const upstream of upstreams) {
    if (upstream.state !== 'connected' || upstream.tools === undefined) continue
    for (const id of await outdated(moves.db, inForce, proxy, upstream)) {
      await transition(moves, async moving => {
        const row = await taken(moving.db, id, ['pending', 'approved'])
        if (row) await moved(moving, row, { state: 'void', reason: 'schema_changed', by: proxy })
      })
    }
  }
}

async function outdated(
  db: Kysely<Database>,
  inForce: InForceReader,
  proxy: string,
  { namespace, name, tools = [] }: UpstreamReport,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('approval_requests')
    .select(['id', 'tool', 'schema_digest'])
    .where('proxy', '=', proxy)
    .where('namespace', '=', namespace)
    .where('server', '=', name)
    .where('schema_digest', 'is not', null)
    .where('state', 'in', ['pending', 'approved'])
    .execute()
  if (rows.length === 0) return []
  const { table } = await inForce.of(db, namespace)
  const prefix = table?.prefixes.get(name) ?? ''
  const digests = new Map(tools.map(tool => [prefix + tool.name, schemaDigest(tool.inputSchema)]))
  return rows
    .filter(({ tool, schema_digest }) => digests.has(tool) && digests.get(tool) !== schema_digest)
    .map(({ id }) => id)
}

function schemaDigest(schema: unknown): string {
  return `sha256:${createHash('sha256')
    .update(canonicalize(schema) ?? '')
    .digest('hex')}`
}
