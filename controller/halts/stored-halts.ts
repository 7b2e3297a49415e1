import { type Kysely, sql, type Transaction } from 'kysely'
import { type Halt, type HaltEvent, type HaltNotice, mostHalts } from '../../schemas/halt.ts'
import { newId } from '../approvals/request-id.ts'
import type { Database } from '../store/database.ts'
import type { Follower } from '../store/follow-store.ts'
import { actorIn, type HaltActor, noteHalt } from './halt-actor.ts'
import { eventOf, haltOf, noticeOf, type StoredHalt } from './halt-rows.ts'
import {
  askToLift,
  type Lifter,
  type Lifting,
  type LiftStep,
  liftingOf,
  liftNow,
  liftStep,
} from './lift-halt.ts'

export interface StoredHaltsNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Lets the clocks of requests for approval stand still or go on, as halts now say. */
  readonly settleClocks: () => Promise<void>
}

/** What somebody wants stopped. */
export type WantedHalt = Omit<HaltNotice, 'id' | 'by' | 'since'>

/** What stands, with the number of the change that made it so. */
interface Standing {
  readonly sequence: number
  readonly halts: readonly HaltNotice[]
}

/** Halts and events that are listed. */
const mostListed = 200

/** Names the lock in PostgreSQL under which halts change: so their numbers come in order. */
const haltLock = 0x68616c74

/** Halts as the store has them; what stands is at hand. */
export class StoredHalts implements Follower {
  readonly channel = 'writ_halts'
  readonly #needs: StoredHaltsNeeds
  readonly #listeners = new Set<() => void>()
  readonly #witnesses = new Set<(halt: Halt) => unknown>()
  #standing: Standing = { sequence: 0, halts: [] }

  constructor(needs: StoredHaltsNeeds) {
    this.#needs = needs
  }

  /** Reads what the store has; tells the listeners when it is newer than what was known. */
  async look(): Promise<void> {
    this.#take(await standingIn(this.#needs.db))
  }

  #take(standing: Standing): void {
    if (standing.sequence <= this.#standing.sequence) return
    this.#standing = standing
    for (const listener of this.#listeners) listener()
  }

  /** What stands, as far as is known here. */
  standing(): Standing {
    return this.#standing
  }

  /** Calls the listener when something else is halted than before; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls the witness with every halt that is made, asked to be lifted, or lifted through this process. */
  onChange(witness: (halt: Halt) => unknown): () => void {
    this.#witnesses.add(witness)
    return () => this.#witnesses.delete(witness)
  }

  /** The newest ones, those that stand first. */
  async list(): Promise<readonly Halt[]> {
    const query = this.#needs.db.selectFrom('halts').selectAll()
    const rows = await query
      .orderBy(sql`lifted_at is not null`)
      .orderBy('at', 'desc')
      .orderBy('id')
      .limit(mostListed)
      .execute()
    return rows.map(haltOf)
  }

  /** One of them, or null. */
  async get(id: string): Promise<Halt | null> {
    const row = await rowIn(this.#needs.db, id)
    return row === null ? null : haltOf(row)
  }

  /** Halts; null when too many halts stand already. */
  async halt({ what, namespace, agent, reason }: WantedHalt, by: HaltActor): Promise<Halt | null> {
    const at = new Date(this.#needs.now())
    return this.#change(async db => {
      const { count } = await db
        .selectFrom('halts')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('lifted_at', 'is', null)
        .executeTakeFirstOrThrow()
      if (Number(count) >= mostHalts) return null
      const id = newId('hlt')
      const row = await db
        .insertInto('halts')
        .values({
          ...{ id, what, namespace: namespace ?? null, agent: agent ?? null, reason, at },
          ...{ by_name: by.user || by.identity, identity: by.identity, ...unlifted },
          changed: await nextNumber(db, at),
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await noteHalt(db, { halt_id: id, type: 'halted', ...actorIn(by), detail: reason, at })
      return row
    })
  }

  /** Asks to lift a halt, or lifts it where somebody else has asked or nobody else could. */
  async lift(id: string, reason: string, by: Lifter): Promise<Lifting> {
    const at = new Date(this.#needs.now())
    let step: LiftStep = 'unknown_halt'
    const halt = await this.#change(async db => {
      const row = await rowIn(db, id)
      step = liftStep(row, by)
      if (step === 'ask') return askToLift(db, id, reason, { by, at })
      if (step !== 'lift' && step !== 'lift_together') return null
      const reviewed = step === 'lift_together'
      return liftNow(db, id, reason, { by, at, reviewed, changed: await nextNumber(db, at) })
    })
    return liftingOf(step, halt)
  }

  /** Puts on the record that somebody tried in vain. */
  async refused(by: HaltActor, detail: string): Promise<void> {
    const at = new Date(this.#needs.now())
    await noteHalt(this.#needs.db, { halt_id: null, type: 'refused', ...actorIn(by), detail, at })
  }

  /** What happened, newest first. */
  async events(): Promise<readonly HaltEvent[]> {
    const query = this.#needs.db.selectFrom('halt_events')
    const columns = ['halt_id', 'type', 'by_name', 'identity', 'detail', 'at'] as const
    const rows = await query.select(columns).orderBy('id', 'desc').limit(mostListed).execute()
    return rows.map(eventOf)
  }

  /** One change after another; everybody hears of it once it is in the store. */
  async #change(
    work: (db: Transaction<Database>) => Promise<StoredHalt | null>,
  ): Promise<Halt | null> {
    const changed = await this.#needs.db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(${haltLock})`.execute(db)
      const row = await work(db)
      if (row === null) return null
      await sql`select pg_notify(${this.channel}, '')`.execute(db)
      // Read here, for a database that is busy would keep proxies waiting for a second answer.
      return { row, standing: await standingIn(db) }
    })
    if (changed === null) return null
    const { row, standing } = changed
    this.#take(standing)
    await this.#needs.settleClocks()
    const halt = haltOf(row)
    for (const witness of this.#witnesses) witness(halt)
    return halt
  }
}

const unlifted = {
  ...{ asked_person: null, asked_by: null, asked_identity: null, asked_reason: null },
  ...{ asked_at: null, lifted_by: null, lifted_identity: null, lifted_reason: null },
  ...{ lifted_at: null, reviewed: null },
}

/** What stands and its number, in one statement: they belong together. */
async function standingIn(db: Kysely<Database>): Promise<Standing> {
  const { rows } = await sql<StoredHalt & { sequence: number }>`
    select newest.sequence::float8 as sequence, standing.*
    from (select coalesce(max(changed), 0) as sequence from halts) as newest
    left join (select * from halts where lifted_at is null) as standing on true
    order by standing.at, standing.id`.execute(db)
  const halts = rows.filter(({ id }) => id !== null).map(noticeOf)
  return { sequence: Number(rows[0]?.sequence ?? 0), halts }
}

async function rowIn(db: Kysely<Database>, id: string): Promise<StoredHalt | null> {
  const query = db.selectFrom('halts').selectAll().where('id', '=', id)
  return (await query.executeTakeFirst()) ?? null
}

/** Not behind the seconds since 1970, so that a store that was lost does not go back to numbers that proxies have passed. */
async function nextNumber(db: Transaction<Database>, at: Date): Promise<number> {
  const query = db.selectFrom('halts').select(eb => eb.fn.max('changed').as('last'))
  const last = Number((await query.executeTakeFirst())?.last ?? 0)
  return Math.max(last + 1, Math.floor(at.getTime() / 1000))
}
