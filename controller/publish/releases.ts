import { isDeepStrictEqual } from 'node:util'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import { type Fence, passFence } from '../store/fence.ts'
import type { Follower } from '../store/follow-store.ts'
import type { DirectoryRow } from '../store/people-tables.ts'
import { Directories, keepDirectories } from './directories.ts'
import { keepPeople } from './keep-people.ts'
import {
  type AppliedSource,
  type Intended,
  keepTables,
  lockPublishing,
  type PastRelease,
  pastReleases,
  release,
  releasesAfter,
} from './publication.ts'
import type { SigningKey } from './signing-key.ts'
import { dueSteps, isOutdated, keepSteps, namedSteps, type Step } from './steps.ts'

/** A compiled table on its way to the proxies: canonical JSON and `sha256:` digest. */
export interface Publishable {
  readonly json: string
  readonly digest: string
  /** What takes its place by itself, in the order of time. */
  readonly next?: readonly Step[]
  /** Ids of the overrides that are in it. */
  readonly overrides?: readonly string[]
  /** The sources in a cluster whose objects are in it, with their commits. */
  readonly sources?: readonly AppliedSource[]
}

export interface ReleasesNeeds {
  readonly db: Kysely<Database>
  readonly key: SigningKey
  readonly now: () => number
  /** Whether only a leader may publish, who shows the fence of its term; anybody may when omitted. */
  readonly fenced?: boolean
}

/** What is in force, what was, and who wants to hear of the next. */
export class Releases implements Follower {
  /** Where processes that share a store are told that something was published. */
  readonly channel = 'writ_releases'
  /** Who may decide, in force with the tables. */
  readonly directories = new Directories()
  readonly #needs: ReleasesNeeds
  readonly #listeners = new Set<(release: TableRelease) => void>()
  #current: ReadonlyMap<string, PastRelease> = new Map()
  #passed: Fence | null = null

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
   * proxies that believe this key must be able to believe all of it. With a fence that is left to the leader.
   */
  async open(): Promise<void> {
    this.#take(await releasesAfter(this.#needs.db, 0))
    await this.directories.open(this.#needs.db)
    if (this.#needs.fenced !== true) await this.publish(new Map(), null)
  }

  /** Takes what other processes published since, and tells the listeners. */
  async look(): Promise<void> {
    const { releases, directories } = await this.#news(this.#needs.db)
    this.directories.tell(directories)
    this.#take(releases)
  }

  /**
   * Makes the tables and directories the ones in force, all at once; those that are already are left
   * alone. Returns the new releases. Throws a ControllerFailure `fenced` when the fence is not the leader's.
   */
  async publish(
    tables: ReadonlyMap<string, Publishable>,
    commit: string | null,
    directories: readonly Directory[] = [],
    fence: Fence | null = null,
  ): Promise<readonly TableRelease[]> {
    if (fence === null && this.#needs.fenced === true) {
      throw new ControllerFailure('fenced', 'only the leader publishes')
    }
    const asked = { tables, commit: () => commit, directories }
    if (samePassed(this.#passed, fence) && this.#isInForce(asked)) return []
    return this.#locked(fence, async () => asked)
  }

  /**
   * Puts in force what was to follow by now, in time or because overrides were ended. Nothing but the store is needed
   * for it. Throws a ControllerFailure `fenced` as publishing does.
   */
  async advance(
    standing: ReadonlySet<string>,
    fence: Fence | null = null,
  ): Promise<readonly TableRelease[]> {
    if (fence === null && this.#needs.fenced === true) return []
    const at = { standing, now: this.#needs.now() }
    if (!this.current().some(release => isOutdated(release, at))) return []
    return this.#locked(fence, async (db, inForce) => {
      const steps = await dueSteps(db, inForce.values(), at)
      return {
        tables: new Map(
          [...steps].map(([namespace, { table }]) => {
            const { sources = [] } = inForce.get(namespace) ?? {}
            return [namespace, { ...table, sources }]
          }),
        ),
        commit: namespace => inForce.get(namespace)?.commit ?? null,
        directories: [...steps.values()].flatMap(({ directory }) => directory ?? []),
      }
    })
  }

  async #locked(fence: Fence | null, ask: Ask): Promise<readonly TableRelease[]> {
    const { news, fresh } = await this.#needs.db.transaction().execute(async db => {
      await lockPublishing(db)
      if (fence !== null) await passFence(db, fence, new Date(this.#needs.now()))
      return this.#publish(db, ask)
    })
    this.#passed = fence
    this.directories.tell([...news.directories, ...fresh.directories])
    this.#take([...news.releases, ...fresh.releases])
    return fresh.releases.map(asSigned)
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
    return pastReleases(this.#needs.db, limit)
  }

  /** What another process may have published meanwhile is looked at under the lock, so that nothing is signed twice. */
  async #publish(db: Transaction<Database>, ask: Ask): Promise<Published> {
    const { key, now } = this.#needs
    const at = now()
    const news = await this.#news(db)
    const inForce = new Map(this.#current)
    for (const release of news.releases) inForce.set(release.namespace, release)
    const asked = await ask(db, inForce)
    const intended = changes(asked, inForce, key.id)
    const texts = this.directories.changed(asked.directories, news.directories)
    if (intended.length + texts.length === 0) return { news, fresh: nothing }
    const releases = await release(db, intended, key, at)
    for (const release of releases) inForce.set(release.namespace, release)
    if (releases.length > 0) {
      await keepTables(db, bodiesOf(intended, asked.tables), digestsIn(inForce.values()))
      await keepSteps(db, asked.tables)
    }
    const directories = await keepDirectories(db, texts, new Date(at))
    const was = this.directories.after(news.directories)
    await keepPeople(db, { fresh: releases, inForce, directories: texts, was }, new Date(at))
    await sql`select pg_notify(${this.channel}, '')`.execute(db)
    return { news, fresh: { releases, directories } }
  }

  async #news(db: Kysely<Database>): Promise<News> {
    const newest = Math.max(0, ...[...this.#current.values()].map(({ sequence }) => sequence))
    return {
      releases: await releasesAfter(db, newest),
      directories: await this.directories.news(db),
    }
  }

  #isInForce({ tables, directories }: Asked): boolean {
    const asked = { tables, commit: () => null, directories }
    return (
      changes(asked, this.#current, this.#needs.key.id).length === 0 &&
      this.directories.changed(directories, []).length === 0
    )
  }

  /** Tells every release once, and none after a newer one of its namespace. */
  #take(releases: readonly PastRelease[]): void {
    const newer = releases.filter(
      ({ namespace, sequence }) => sequence > (this.#current.get(namespace)?.sequence ?? 0),
    )
    const current = new Map(this.#current)
    for (const release of newer) current.set(release.namespace, release)
    this.#current = current
    for (const release of newer.map(asSigned)) {
      for (const listener of this.#listeners) listener(release)
    }
  }
}

interface Asked {
  readonly tables: ReadonlyMap<string, Publishable>
  readonly commit: (namespace: string) => string | null
  readonly directories: readonly Directory[]
}

/** What is to be in force, by what is now. */
type Ask = (db: Transaction<Database>, inForce: ReadonlyMap<string, PastRelease>) => Promise<Asked>

interface News {
  readonly releases: readonly PastRelease[]
  readonly directories: readonly DirectoryRow[]
}

interface Published {
  /** What others had published. */
  readonly news: News
  readonly fresh: News
}

const nothing: News = { releases: [], directories: [] }

function samePassed(passed: Fence | null, fence: Fence | null): boolean {
  return passed?.term === fence?.term && passed?.holder === fence?.holder
}

/** Tables that are not in force yet, and those in force that another key signed. */
function changes(
  { tables, commit }: Asked,
  inForce: ReadonlyMap<string, PastRelease>,
  keyId: string,
): readonly Intended[] {
  const changed = [...tables]
    .map(([namespace, table]) => intendedOf(namespace, table, commit(namespace)))
    .filter(table => !isSameTable(table, inForce.get(table.namespace)))
  const foreign = [...inForce.values()]
    .filter(release => release.keyId !== keyId)
    .map(({ commit = null, ...release }) => ({ ...release, commit }))
    .filter(({ namespace }) => !changed.some(table => table.namespace === namespace))
  return [...foreign, ...changed]
}

function intendedOf(
  namespace: string,
  { digest, next: steps = [], overrides = [], sources = [] }: Publishable,
  commit: string | null,
): Intended {
  const next = namedSteps(steps)
  return { namespace, digest, commit, overrides, sources, ...(next && { next }) }
}

/** The same table, with the same to follow, for as long as the same overrides are in it. */
function isSameTable(
  { digest, next, overrides }: Intended,
  release: PastRelease | undefined,
): boolean {
  return isDeepStrictEqual(
    { digest, next, overrides },
    { digest: release?.digest, next: release?.next, overrides: release?.overrides ?? [] },
  )
}

/** Every table that is in force, or comes into force by itself. */
function digestsIn(releases: Iterable<PastRelease>): readonly string[] {
  return [...releases].flatMap(({ digest, next = [] }) => [
    digest,
    ...next.map(step => step.digest),
  ])
}

function bodiesOf(
  intended: readonly Intended[],
  tables: ReadonlyMap<string, Publishable>,
): ReadonlyMap<string, string> {
  return new Map(
    intended.flatMap(({ namespace, digest }) => {
      const table = tables.get(namespace)
      if (table?.digest !== digest) return []
      const steps = (table.next ?? []).map(({ table }) => table)
      return [table, ...steps].map(({ digest, json }) => [digest, json] as const)
    }),
  )
}

/** The release as proxies get it: exactly what the signature covers. */
export function asSigned(past: PastRelease): TableRelease {
  const { commit: _, overrides: __, sources: ___, ...release } = past
  return release
}
