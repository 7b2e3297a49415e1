import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Kysely, Transaction } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { Database } from '../store/database.ts'
import type { DirectoryRow } from '../store/people-tables.ts'

interface Kept {
  readonly digest: string
  readonly revision: number
  readonly directory: Directory
}

/** Who may decide in each namespace, as it is in force; kept across restarts. */
export class Directories {
  readonly #listeners = new Set<(directory: Directory) => void>()
  readonly #kept = new Map<string, Kept>()

  /** The directory in force, or null for a namespace that never had one. */
  of(namespace: string): Directory | null {
    return this.#kept.get(namespace)?.directory ?? null
  }

  /** Every directory in force, by namespace. */
  all(): readonly Directory[] {
    return [...this.#kept.values()]
      .map(({ directory }) => directory)
      .sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
  }

  /** Calls the listener with every directory that comes into force; returns how to stop. */
  subscribe(listener: (directory: Directory) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads what is in force from the store. */
  async open(db: Kysely<Database>): Promise<void> {
    this.tell(await db.selectFrom('directories').selectAll().execute())
  }

  /** The digest of what is in force, or null. */
  digest(namespace: string): string | null {
    return this.#kept.get(namespace)?.digest ?? null
  }

  /** Rows of the store that are newer than what is known here. */
  async news(db: Kysely<Database>): Promise<readonly DirectoryRow[]> {
    const known = Math.max(0, ...[...this.#kept.values()].map(({ revision }) => revision))
    return db.selectFrom('directories').selectAll().where('revision', '>', known).execute()
  }

  /** The directories in force once news are taken; null for a namespace that never had one. */
  after(news: readonly DirectoryRow[]): (namespace: string) => Directory | null {
    return namespace => {
      const row = news.find(row => row.namespace === namespace)
      return row === undefined ? this.of(namespace) : JSON.parse(row.body)
    }
  }

  /** Those that differ from what is in force here, or in the news. */
  changed(
    directories: readonly Directory[],
    news: readonly DirectoryRow[],
  ): readonly DirectoryText[] {
    const fresh = new Map(news.map(({ namespace, digest }) => [namespace, digest]))
    return directories
      .map(directory => {
        const body = canonicalize(directory) ?? ''
        const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
        return { namespace: directory.namespace, digest, body }
      })
      .filter(
        ({ namespace, digest }) => (fresh.get(namespace) ?? this.digest(namespace)) !== digest,
      )
  }

  /** Takes rows that are in the store as what is in force, then tells the listeners; older ones than are known change nothing. */
  tell(rows: readonly DirectoryRow[]): void {
    const newer = rows.filter(
      ({ namespace, revision }) => revision > (this.#kept.get(namespace)?.revision ?? -1),
    )
    for (const { namespace, digest, revision, body } of newer) {
      this.#kept.set(namespace, { digest, revision, directory: JSON.parse(body) })
    }
    for (const { namespace } of newer) {
      const directory = this.of(namespace)
      if (directory !== null) for (const listener of this.#listeners) listener(directory)
    }
  }
}

/** A directory on its way into the store: its canonical text. */
export type DirectoryText = Pick<DirectoryRow, 'namespace' | 'digest' | 'body'>

/** Keeps directories in the transaction that makes them the ones in force; the lock of publishing is held. */
export async function keepDirectories(
  db: Transaction<Database>,
  directories: readonly DirectoryText[],
  at: Date,
): Promise<readonly DirectoryRow[]> {
  if (directories.length === 0) return []
  const { newest } = await db
    .selectFrom('directories')
    .select(eb => eb.fn.coalesce(eb.fn.max('revision'), eb.lit(0)).as('newest'))
    .executeTakeFirstOrThrow()
  const rows = directories.map(directory => ({
    ...directory,
    published_at: at,
    revision: Number(newest) + 1,
  }))
  for (const row of rows) {
    await db
      .insertInto('directories')
      .values(row)
      .onConflict(existing => existing.column('namespace').doUpdateSet(row))
      .execute()
  }
  return rows
}
