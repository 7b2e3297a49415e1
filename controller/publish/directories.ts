import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Kysely } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { Database, DirectoryRow } from '../store/database.ts'

/** Who may decide in each namespace, as it is in force; kept across restarts. */
export class Directories {
  readonly #listeners = new Set<(directory: Directory) => void>()
  readonly #kept = new Map<string, { readonly digest: string; readonly directory: Directory }>()

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

  /** Rows for those that differ from what is in force. */
  changed(directories: readonly Directory[], at: number): readonly DirectoryRow[] {
    return directories
      .map(directory => {
        const body = canonicalize(directory) ?? ''
        const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`
        return { namespace: directory.namespace, digest, body, published_at: new Date(at) }
      })
      .filter(({ namespace, digest }) => this.digest(namespace) !== digest)
  }

  /** Takes rows that are in the store as what is in force, then tells the listeners. */
  tell(rows: readonly DirectoryRow[]): void {
    for (const { namespace, digest, body } of rows) {
      this.#kept.set(namespace, { digest, directory: JSON.parse(body) })
    }
    for (const { namespace } of rows) {
      const directory = this.of(namespace)
      if (directory !== null) for (const listener of this.#listeners) listener(directory)
    }
  }
}

/** Keeps rows in the transaction that makes them the ones in force. */
export async function keepDirectories(
  db: Kysely<Database>,
  rows: readonly DirectoryRow[],
): Promise<void> {
  for (const row of rows) {
    await db
      .insertInto('directories')
      .values(row)
      .onConflict(existing => existing.column('namespace').doUpdateSet(row))
      .execute()
  }
}
