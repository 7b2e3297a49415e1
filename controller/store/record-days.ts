import { type QueryExecutorProvider, sql } from 'kysely'

/** A part of the ledger that holds the entries of one UTC day. */
export interface RecordDay {
  /** `2026-11-21`. */
  readonly day: string
  /** Its table. */
  readonly table: string
}

/** Entries whose day has no part of its own. */
export const otherDays = 'records_other'

/** Days that get a part, counted from today: clocks of proxies may be wrong, and parts are not free. */
const reach = { back: 400, ahead: 2 } as const

const dayMs = 86_400_000

/** Names the lock under which parts come and go. */
const daysLock = 0x77726464

/** The UTC day of an instant, ms since 1970. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** Midnight at which a day begins, ms since 1970. */
export function startOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`)
}

/** Whether the day of an instant may have a part of its own; both are ms since 1970. */
export function isNear(time: number, now: number): boolean {
  const days = Math.floor(time / dayMs) - Math.floor(now / dayMs)
  return days >= -reach.back && days <= reach.ahead
}

/** The days that are made before they come, and today. */
export function daysAhead(now: number): readonly string[] {
  return Array.from({ length: reach.ahead + 1 }, (_, ahead) => dayOf(now + ahead * dayMs))
}

/** The days that have a part, oldest first. */
export async function recordDays(db: QueryExecutorProvider): Promise<readonly RecordDay[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'records'::regclass order by c.relname`.execute(db)
  return rows.flatMap(({ name }) => {
    const [, y, m, d] = /^records_(\d{4})(\d\d)(\d\d)$/.exec(name) ?? []
    return y === undefined ? [] : [{ day: `${y}-${m}-${d}`, table: name }]
  })
}

/**
 * Gives a day its part, with the entries of it that came before; nothing when it has one. Others that do so at the
 * same time wait. Writers of other days do not.
 */
export async function makeDay(db: QueryExecutorProvider, day: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${daysLock})`.execute(db)
  const table = `records_${day.replaceAll('-', '')}`
  const known = await sql`select where to_regclass(${table}) is not null`.execute(db)
  if (known.rows.length > 0) return
  const from = new Date(startOf(day)).toISOString()
  const to = new Date(startOf(day) + dayMs).toISOString()
  const name = sql.ref(table)
  // Whoever writes to where other days are would keep the new part from being joined.
  await sql`lock table ${sql.ref(otherDays)} in access exclusive mode`.execute(db)
  await sql`create table ${name} (like records including defaults)`.execute(db)
  await sql`
    with moved as (delete from ${sql.ref(otherDays)}
      where time >= ${from}::timestamptz and time < ${to}::timestamptz returning *)
    insert into ${name} select * from moved`.execute(db)
  await sql`
    alter table records attach partition ${name}
    for values from (${sql.lit(from)}) to (${sql.lit(to)})`.execute(db)
}
