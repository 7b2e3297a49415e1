import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Override, OverrideEvent } from '../../schemas/override.ts'
import { newId } from '../approvals/request-id.ts'
import type { Database } from '../store/database.ts'
import type { Follower } from '../store/follow-store.ts'
import type { OverrideEventRow, OverrideRow } from '../store/override-tables.ts'
import { type DocumentName, keyOf } from './documents.ts'
import type { Overriding } from './overlay.ts'
import { documentsOf, eventOf, overrideOf, overridingOf, rowOf } from './override-rows.ts'
import type { ProposedOverride } from './propose-override.ts'

export interface StoredOverridesNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Who did something, as the API verified it. */
export interface OverrideActor {
  readonly user: string
  readonly identity: string
}

/** An override that somebody wants, of which it is known that it compiles. */
export interface WantedOverride {
  readonly id: string
  readonly text: string
  readonly namespace: string
  readonly documents: readonly DocumentName[]
  readonly reason: string
  readonly expiresAt: number
}

/** Why it was not applied: another one was meanwhile, one of them overrides the same, or there are too many. */
export type ApplyRefusal = 'changed_meanwhile' | 'overridden_already' | 'too_many_overrides'

/** Overrides that stand at once: so many tables a release can name. */
const mostStanding = 20

/** Overrides and events that are listed. */
const mostListed = 200

/** Names the lock in PostgreSQL under which overrides are applied. */
const applyLock = 0x6f766572

/** Overrides as the store has them; what stands is at hand, by the clock of whoever asks. */
export class StoredOverrides implements Follower {
  readonly channel = 'writ_overrides'
  readonly #needs: StoredOverridesNeeds
  readonly #listeners = new Set<() => void>()
  #unended: readonly Selectable<OverrideRow>[] = []

  constructor(needs: StoredOverridesNeeds) {
    this.#needs = needs
  }

  /** Reads what the store has; tells the listeners when something else stands than before. */
  async look(): Promise<void> {
    const query = this.#needs.db.selectFrom('overrides').selectAll().where('ended_at', 'is', null)
    const rows = await query.orderBy('created_at').orderBy('id').execute()
    const isNew = idsOf(rows) !== idsOf(this.#unended)
    this.#unended = rows
    if (isNew) for (const listener of this.#listeners) listener()
  }

  /** Those that stand now, in the order in which they were applied. */
  standing(): readonly Overriding[] {
    const now = this.#needs.now()
    return this.#unended.map(overridingOf).filter(({ expiresAt }) => expiresAt > now)
  }

  /** Those that stand and were not proposed as a change yet. */
  unproposed(): readonly ProposedOverride[] {
    const now = this.#needs.now()
    return this.#unended
      .map(row => ({ override: overrideOf(row, now), file: overridingOf(row).file }))
      .filter(({ override }) => override.state === 'in_force')
      .filter(({ override }) => override.change?.state !== 'proposed')
  }

  /** When something ends next by itself, or ended and is not written down yet; null when nothing does. */
  nextAt(): number | null {
    const times = this.#unended.map(({ expires_at }) => expires_at.getTime())
    return times.length === 0 ? null : Math.min(...times)
  }

  /** Calls the listener when other overrides stand than before; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The newest ones, those that stand first. */
  async list(): Promise<readonly Override[]> {
    const query = this.#needs.db.selectFrom('overrides').selectAll()
    const rows = await query
      .orderBy(sql`ended_at is not null`)
      .orderBy('created_at', 'desc')
      .limit(mostListed)
      .execute()
    const now = this.#needs.now()
    return rows.map(row => overrideOf(row, now))
  }

  /** One of them, or null. */
  async get(id: string): Promise<Override | null> {
    const row = await this.#row(id)
    return row === undefined ? null : overrideOf(row, this.#needs.now())
  }

  /** Applies an override, unless others stand by now than those that it was compiled with. */
  async apply(
    wanted: WantedOverride,
    compiledWith: readonly string[],
    by: OverrideActor,
  ): Promise<Override | ApplyRefusal> {
    const { db, now } = this.#needs
    const at = now()
    const applied = await db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(${applyLock})`.execute(db)
      const standing = (await unendedIn(db)).filter(row => row.expires_at.getTime() > at)
      const refusal = refusalOf(wanted, standing, compiledWith)
      if (refusal !== null) return refusal
      const row = rowOf(wanted, by, at)
      await db.insertInto('overrides').values(row).execute()
      const until = row.expires_at.toISOString()
      const detail = `until ${until}: ${wanted.reason}`
      await note(db, { override_id: row.id, type: 'applied', ...actorIn(by), detail }, at)
      await this.#announce(db)
      return row
    })
    if (typeof applied === 'string') return applied
    await this.look()
    return overrideOf(applied, at)
  }

  /** Ends one that stands; false when none of the name does. */
  async end(id: string, by: OverrideActor): Promise<boolean> {
    const { db, now } = this.#needs
    const at = now()
    const ended = await db.transaction().execute(async db => {
      const row = await db
        .updateTable('overrides')
        .set({ ended_at: new Date(at), ended_by: by.user })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .where('expires_at', '>', new Date(at))
        .returning('id')
        .executeTakeFirst()
      if (row === undefined) return false
      await note(db, { override_id: id, type: 'ended', ...actorIn(by), detail: null }, at)
      await this.#announce(db)
      return true
    })
    if (ended) await this.look()
    return ended
  }

  /** Writes down that those have ended whose time has come; each is told once, whoever does it. */
  async expire(): Promise<void> {
    const { db, now } = this.#needs
    const at = now()
    const next = this.nextAt()
    if (next === null || next > at) return
    await db.transaction().execute(async db => {
      const rows = await db
        .updateTable('overrides')
        .set(({ ref }) => ({ ended_at: ref('expires_at') }))
        .where('ended_at', 'is', null)
        .where('expires_at', '<=', new Date(at))
        .returning(['id', 'reason'])
        .execute()
      for (const { id } of rows) {
        await note(db, { override_id: id, type: 'expired', ...nobody, detail: null }, at)
      }
      if (rows.length > 0) await this.#announce(db)
    })
    await this.look()
  }

  /** Puts on the record that somebody tried in vain. */
  async refused(by: OverrideActor, detail: string): Promise<void> {
    const { db, now } = this.#needs
    const event = { override_id: null, type: 'refused', ...actorIn(by), detail } as const
    await note(db, event, now())
  }

  /** Writes down how one was proposed as a change, or why it could not be yet. */
  async proposed(id: string, change: NonNullable<Override['change']>): Promise<void> {
    const { db, now } = this.#needs
    await db.transaction().execute(async db => {
      await db
        .updateTable('overrides')
        .set({ change: JSON.stringify(change) })
        .where('id', '=', id)
        .execute()
      if (change.state !== 'proposed') return
      const detail = change.url ?? change.branch ?? null
      await note(db, { override_id: id, type: 'proposed', ...nobody, detail }, now())
    })
    await this.look()
  }

  /** What happened, newest first. */
  async events(): Promise<readonly OverrideEvent[]> {
    const query = this.#needs.db.selectFrom('override_events')
    const columns = ['override_id', 'type', 'by_name', 'identity', 'detail', 'at'] as const
    const rows = await query.select(columns).orderBy('id', 'desc').limit(mostListed).execute()
    return rows.map(eventOf)
  }

  #row(id: string): Promise<Selectable<OverrideRow> | undefined> {
    const query = this.#needs.db.selectFrom('overrides').selectAll()
    return query.where('id', '=', id).executeTakeFirst()
  }

  #announce(db: Transaction<Database>): Promise<unknown> {
    return sql`select pg_notify(${this.channel}, '')`.execute(db)
  }
}

/** A new id of an override. */
export function overrideId(): string {
  return newId('ovr')
}

const nobody = { by_name: null, identity: null }

function actorIn({ user, identity }: OverrideActor) {
  return { by_name: user, identity }
}

async function note(
  db: Kysely<Database>,
  event: Omit<OverrideEventRow, 'id' | 'at'>,
  at: number,
): Promise<void> {
  await db
    .insertInto('override_events')
    .values({ ...event, at: new Date(at) })
    .execute()
}

function unendedIn(db: Kysely<Database>): Promise<Selectable<OverrideRow>[]> {
  return db.selectFrom('overrides').selectAll().where('ended_at', 'is', null).execute()
}

function idsOf(rows: readonly Selectable<OverrideRow>[]): string {
  return rows.map(({ id }) => id).join()
}

function refusalOf(
  { documents }: WantedOverride,
  standing: readonly Selectable<OverrideRow>[],
  compiledWith: readonly string[],
): ApplyRefusal | null {
  const ids = standing.map(({ id }) => id)
  const taken = new Set(standing.flatMap(row => documentsOf(row).map(keyOf)))
  if (documents.some(document => taken.has(keyOf(document)))) return 'overridden_already'
  if (standing.length >= mostStanding) return 'too_many_overrides'
  return ids.sort().join() === [...compiledWith].sort().join() ? null : 'changed_meanwhile'
}
