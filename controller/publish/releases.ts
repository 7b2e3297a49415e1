import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import type { Database, DirectoryRow, ReleaseRow } from '../store/database.ts'
import { Directories, keepDirectories } from './directories.ts'
import type { SigningKey } from './signing-key.ts'

/** A compiled table on its way to the proxies: canonical JSON and `sha256:` digest. */
export interface Publishable {
  readonly json: string
  readonly digest: string
}

/** A release and the commit its source was at. */
export interface PastRelease extends TableRelease {
  readonly commit?: string
}

export interface ReleasesNeeds {
  readonly db: Kysely<Database>
  readonly key: SigningKey
  readonly now: () => number
}

/** Names the lock in PostgreSQL that keeps two controllers from giving out one number twice. */
const publishLock = 0x77726974

/** Tables kept for proxies that are behind, and for people who compare. */
const keptReleases = 50

/** What is in force, what was, and who wants to hear of the next. */
export class Releases {
  /** Who may decide, in force with the tables. */
  readonly directories = new Directories()
  readonly #needs: ReleasesNeeds
  readonly #listeners = new Set<(release: TableRelease) => void>()
  #current: ReadonlyMap<string, PastRelease> = new Map()

  constructor(needs: ReleasesNeeds) {
    this.#needs = needs
  }

  /** The release in force for every namespace that ever had one, oldest first. */
  current(): readonly PastRelease[] {
    return [...this.#current.values()].sort((a, b) => a.sequence - b.sequence)
  }

  subscribe(listener: (release: TableRelease) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Reads what is in force from the store. What another key signed is signed anew under a new number:
   * proxies that believe this key must be able to believe all of it.
   */
  async open(): Promise<void> {
    const rows = await this.#needs.db
      .selectFrom('releases')
      .selectAll()
      .distinctOn('namespace')
      .orderBy('namespace')
      .orderBy('sequence', 'desc')
      .execute()
    this.#current = new Map(rows.map(row => [row.namespace, releaseOf(row)]))
    await this.directories.open(this.#needs.db)
    const foreign = rows.filter(row => row.key_id !== this.#needs.key.id)
    await this.#release({
      tables: foreign.map(({ namespace, digest, commit_id }) => ({
        namespace,
        digest,
        commit: commit_id,
      })),
      bodies: new Map(),
      directories: [],
    })
  }

  /**
   * Makes the tables and directories the ones in force, all at once; those that are already are left
   * alone. Returns the new releases.
   */
  async publish(
    tables: ReadonlyMap<string, Publishable>,
    commit: string | null,
    directories: readonly Directory[] = [],
  ): Promise<readonly TableRelease[]> {
    const changed = [...tables].filter(
      ([namespace, { digest }]) => this.#current.get(namespace)?.digest !== digest,
    )
    const bodies = new Map(changed.map(([, { digest, json }]) => [digest, json]))
    return this.#release({
      tables: changed.map(([namespace, { digest }]) => ({ namespace, digest, commit })),
      bodies,
      directories: this.directories.changed(directories, this.#needs.now()),
    })
  }

  /** The canonical text of a table, or null when it is not kept. */
  async body(digest: string): Promise<string | null> {
    const row = await this.#needs.db
      .selectFrom('tables')
      .select('body')
      .where('digest', '=', digest)
      .executeTakeFirst()
    return row?.body ?? null
  }

  /** Past releases, newest first. */
  async history(limit: number): Promise<readonly PastRelease[]> {
    const { db } = this.#needs
    const query = db.selectFrom('releases').selectAll().orderBy('sequence', 'desc').limit(limit)
    return (await query.execute()).map(releaseOf)
  }

  async #release({ tables, bodies, directories }: Changes): Promise<readonly TableRelease[]> {
    if (tables.length === 0 && directories.length === 0) return []
    const { db, key, now } = this.#needs
    const rows = await db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(${publishLock})`.execute(db)
      const at = now()
      let sequence = await lastSequence(db)
      const fresh = tables.map(({ namespace, digest, commit }) => {
        sequence = next(sequence, at)
        const publishedAt = new Date(at).toISOString()
        return rowOf(key.sign({ namespace, sequence, digest, publishedAt }), commit)
      })
      if (fresh.length > 0) await insert(db, fresh, bodies)
      await keepDirectories(db, directories)
      return fresh
    })
    const releases = rows.map(releaseOf)
    const current = new Map(this.#current)
    for (const release of releases) current.set(release.namespace, release)
    this.#current = current
    this.directories.tell(directories)
    const signed = releases.map(asSigned)
    for (const release of signed) for (const listener of this.#listeners) listener(release)
    return signed
  }
}

interface Changes {
  readonly tables: readonly { namespace: string; digest: string; commit: string | null }[]
  /** Canonical texts by digest. */
  readonly bodies: ReadonlyMap<string, string>
  readonly directories: readonly DirectoryRow[]
}

/** The release as proxies get it: exactly what the signature covers. */
export function asSigned({ commit: _, ...release }: PastRelease): TableRelease {
  return release
}

/** Not behind the seconds since 1970: a store that is restored from a copy or lost must not go back to numbers that proxies have passed. */
function next(last: number, now: number): number {
  return Math.max(last + 1, Math.floor(now / 1000))
}

async function lastSequence(db: Transaction<Database>): Promise<number> {
  const row = await db
    .selectFrom('releases')
    .select(eb => eb.fn.max('sequence').as('last'))
    .executeTakeFirst()
  return row?.last ?? 0
}

async function insert(
  db: Transaction<Database>,
  rows: readonly Selectable<ReleaseRow>[],
  bodies: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [digest, body] of bodies) {
    await db
      .insertInto('tables')
      .values({ digest, body })
      .onConflict(existing => existing.column('digest').doNothing())
      .execute()
  }
  await db
    .insertInto('releases')
    .values([...rows])
    .execute()
  await forgetOldTables(db)
}

/** Tables of the newest releases stay, and whatever is in force however old it is. */
async function forgetOldTables(db: Transaction<Database>): Promise<void> {
  await sql`
    delete from tables where digest not in (
      (select digest from releases order by sequence desc limit ${keptReleases})
      union
      (select distinct on (namespace) digest from releases order by namespace, sequence desc)
    )`.execute(db)
}

function rowOf(release: TableRelease, commit: string | null): Selectable<ReleaseRow> {
  return {
    sequence: release.sequence,
    namespace: release.namespace,
    digest: release.digest,
    commit_id: commit,
    published_at: new Date(release.publishedAt),
    key_id: release.keyId,
    signature: release.signature,
  }
}

function releaseOf(row: Selectable<ReleaseRow>): PastRelease {
  return {
    namespace: row.namespace,
    sequence: row.sequence,
    digest: row.digest,
    publishedAt: row.published_at.toISOString(),
    keyId: row.key_id,
    signature: row.signature,
    ...(row.commit_id !== null && { commit: row.commit_id }),
  }
}
