import { join } from 'node:path'
import { openKeptTables } from '../proxy/table/kept-tables.ts'
import { parseRelease } from '../proxy/table/parse-release.ts'
import type { RuleTable, TableServer } from '../schemas/rule-table.ts'
import type { ControllerClient } from './controller-client.ts'

/** A ToolServer, and where it is. */
export interface KnownServer {
  readonly namespace: string
  readonly name: string
  readonly spec: TableServer['spec']
}

/** The servers of tables. */
export function serversIn(tables: Iterable<RuleTable>): readonly KnownServer[] {
  return [...tables].flatMap(({ namespace, servers }) =>
    servers.map(({ name, spec }) => ({ namespace, name, spec })),
  )
}

/** The servers that a controller has published. */
export async function publishedServers(client: ControllerClient): Promise<readonly KnownServer[]> {
  const { inForce } = (await client.json('/api/v1/tables')) as {
    readonly inForce: readonly { readonly digest: string }[]
  }
  const tables = inForce.map(({ digest }) => client.json(`/api/v1/tables/${digest}`))
  return serversIn((await Promise.all(tables)) as RuleTable[])
}

/** The servers of the tables that a proxy keeps in its folder. */
export async function keptServers(folder: string): Promise<readonly KnownServer[]> {
  const kept = await openKeptTables(join(folder, 'tables'))
  const tables = (await kept.releases()).map(async text => {
    const bytes = await kept.table(parseRelease(text).digest)
    return bytes === null ? [] : [JSON.parse(bytes.toString('utf8')) as RuleTable]
  })
  return serversIn((await Promise.all(tables)).flat())
}
