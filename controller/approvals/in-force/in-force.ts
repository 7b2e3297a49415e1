import { type Kysely, sql } from 'kysely'
import type { Directory } from '../../../schemas/directory.ts'
import type { Directories } from '../../publish/directories.ts'
import type { Database } from '../../store/database.ts'
import { withTokenKeys } from '../../tokens/token-keys.ts'
import { type KnownTable, knownTable } from './known-table.ts'

/** What is in force in a namespace; null for what it never had. */
export interface InForce {
  readonly table: KnownTable | null
  readonly directory: Directory | null
}

/** Reads what is in force from the store, whoever published it. */
export interface InForceReader {
  /** Read in the transaction given, so that nothing older is used than what is committed. */
  of(db: Kysely<Database>, namespace: string): Promise<InForce>
  /** A table by its digest, or null when it is no longer kept. */
  table(db: Kysely<Database>, digest: string): Promise<KnownTable | null>
}

const mostTables = 64
const mostDirectories = 64

/** Looks at the digests every time and at the texts when they are new. */
export function inForceReader(directories: Directories): InForceReader {
  const tables = new Map<string, KnownTable>()
  const others = new Map<string, Directory>()

  const table = async (db: Kysely<Database>, digest: string): Promise<KnownTable | null> => {
    const known = tables.get(digest)
    if (known !== undefined) return remember(tables, mostTables, digest, known)
    const row = await db
      .selectFrom('tables')
      .select('body')
      .where('digest', '=', digest)
      .executeTakeFirst()
    return row ? remember(tables, mostTables, digest, knownTable(digest, row.body)) : null
  }

  const directory = async (
    db: Kysely<Database>,
    namespace: string,
    digest: string,
  ): Promise<Directory | null> => {
    if (directories.digest(namespace) === digest) return directories.of(namespace)
    const known = others.get(digest)
    if (known !== undefined) return remember(others, mostDirectories, digest, known)
    const row = await db
      .selectFrom('directories')
      .select('body')
      .where('namespace', '=', namespace)
      .where('digest', '=', digest)
      .executeTakeFirst()
    return row ? remember(others, mostDirectories, digest, JSON.parse(row.body)) : null
  }

  return {
    table,
    async of(db, namespace) {
      const { rows } = await sql<{ table: string | null; directory: string | null }>`
        select
          (select digest from releases where namespace = ${namespace}
           order by sequence desc limit 1) as "table",
          (select digest from directories where namespace = ${namespace}) as directory
        `.execute(db)
      const [found] = rows
      const known = found?.table ? await table(db, found.table) : null
      return {
        table: known && { ...known, agents: await withTokenKeys(db, namespace, known.agents) },
        directory: found?.directory ? await directory(db, namespace, found.directory) : null,
      }
    },
  }
}

/** Keeps what was used last. */
function remember<T>(kept: Map<string, T>, most: number, key: string, value: T): T {
  kept.delete(key)
  kept.set(key, value)
  const [oldest] = kept.keys()
  if (kept.size > most && oldest !== undefined) kept.delete(oldest)
  return value
}
