import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Dialect, Kysely, PGliteDialect, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { Pool, types } from 'pg'
import { type FolderLock, lockFolder } from '../../lifecycle/folder-lock.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from './database.ts'
import { EmbeddedDatabase } from './embedded-database.ts'
import { migrations } from './migrations.ts'

export interface StoreOptions {
  /** Folder of the embedded database; made with mode 0700 when it is not there. */
  readonly folder: string
  /** URL of a PostgreSQL to use instead. */
  readonly databaseUrl?: string
}

/** An open database with every migration applied. */
export interface Store {
  readonly db: Kysely<Database>
  readonly kind: 'embedded' | 'postgresql'
  /** Whether it can be asked. */
  answers(): Promise<boolean>
  close(): Promise<void>
}

/** Opens the store. Rejects with a ControllerFailure when it is in use, cannot be reached, or cannot be migrated. */
export async function openStore({ folder, databaseUrl }: StoreOptions): Promise<Store> {
  if (databaseUrl !== undefined) return migrated(postgres(databaseUrl), 'postgresql')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = lockFolder(folder)
  if ('heldBy' in lock) {
    throw new ControllerFailure(
      'data_in_use',
      `the data in ${folder} is in use by process ${lock.heldBy}; stop it or choose another data folder`,
    )
  }
  return embedded(folder, lock)
}

async function embedded(folder: string, lock: FolderLock): Promise<Store> {
  try {
    const store = await migrated(
      new PGliteDialect({ pglite: new EmbeddedDatabase(join(folder, 'pg')) }),
      'embedded',
    )
    return {
      ...store,
      async close() {
        await store.close()
        lock.release()
      },
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

const int8 = 20

/** Whole numbers of the store are counters and sizes: they fit a double exactly. */
function postgres(connectionString: string): Dialect {
  const pool = new Pool({
    connectionString,
    max: 8,
    connectionTimeoutMillis: 5000,
    statement_timeout: 30_000,
    // A process that is paused inside a transaction must not keep its locks from those that take over.
    idle_in_transaction_session_timeout: 10_000,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === int8 ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  })
  // A connection that breaks is replaced with the next query, which reports what is wrong; one that is in
  // use has told its query already, and would end the process by telling nobody else.
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return new PostgresDialect({ pool })
}

async function migrated(dialect: Dialect, kind: Store['kind']): Promise<Store> {
  const db = new Kysely<Database>({ dialect })
  try {
    await sql`select 1`.execute(db)
    const { error } = await new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...migrations }) },
    }).migrateToLatest()
    if (error !== undefined) throw error
    return { db, kind, answers: () => answers(db), close: () => db.destroy() }
  } catch (cause) {
    await db.destroy().catch(() => undefined)
    const where =
      kind === 'embedded' ? 'the embedded database' : 'the database of WRIT_DATABASE_URL'
    throw new ControllerFailure('store_failed', `${where} cannot be opened`, { cause })
  }
}

async function answers(db: Kysely<Database>): Promise<boolean> {
  return sql`select 1`.execute(db).then(
    () => true,
    () => false,
  )
}
