import { randomUUID } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import { Client } from 'pg'
import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Database } from '../store/database.ts'
import type { ApprovalChange } from './approvals.ts'
import type { Changes } from './changes.ts'
import { eventOf } from './transition.ts'

/** Changes of approvals, between the processes that share a store. */
export interface Announcements extends Service {
  /** Tells the others of events, by number, once the transaction is committed. */
  announce(db: Transaction<Database>, events: readonly number[]): Promise<void>
}

export interface AnnouncementsNeeds {
  readonly db: Kysely<Database>
  readonly databaseUrl: string
  /** Told what others changed: everything, perhaps more than once. */
  readonly changes: Changes
  readonly onFailure: (error: unknown) => void
}

const channel = 'writ_approvals'

/** A notification of PostgreSQL holds fewer than 8,000 bytes. */
const mostNumbers = 300

/** How often the connection is tried while nothing comes: one that broke in silence is found. */
const tryMs = 30_000

/** Listens on one connection for the whole process; what is missed while it is broken is read when it is back. */
export function announcements(needs: AnnouncementsNeeds): Announcements {
  const { db, changes, onFailure } = needs
  const self = randomUUID()
  const waits = backoff(100, 30_000)
  let heard: number | null = null

  const onPayload = async (payload: string): Promise<void> => {
    const { from, events } = JSON.parse(payload)
    if (from !== self) changes.tell(await changesOf(db, events))
  }

  const listen = async (client: Client, signal: AbortSignal): Promise<void> => {
    const { promise: broken, reject } = Promise.withResolvers<never>()
    broken.catch(() => undefined)
    client.on('error', reject)
    let told = Promise.resolve()
    client.on('notification', ({ payload = '{}' }) => {
      told = told.then(() => onPayload(payload))
      told.catch(reject)
    })
    await client.connect()
    await client.query(`listen ${channel}`)
    if (heard !== null) await catchUp(db, heard, changes)
    waits.reset()
    while (!signal.aborted) {
      heard = await Promise.race([newestEvent(client), broken])
      await Promise.race([wait(tryMs, signal), broken])
    }
  }

  return {
    name: 'announcements',
    async announce(db, events) {
      for (let at = 0; at < events.length; at += mostNumbers) {
        const payload = JSON.stringify({ from: self, events: events.slice(at, at + mostNumbers) })
        await sql`select pg_notify(${channel}, ${payload})`.execute(db)
      }
    },
    async run(signal) {
      while (!signal.aborted) {
        const client = connection(needs.databaseUrl)
        await listen(client, signal).catch(onFailure)
        await client.end().catch(() => undefined)
        await wait(waits.next(), signal)
      }
    },
  }
}

function connection(connectionString: string): Client {
  return new Client({
    connectionString,
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    keepAlive: true,
    application_name: 'writ approvals',
  })
}

async function newestEvent(client: Client): Promise<number> {
  const { rows } = await client.query('select coalesce(max(id), 0) as newest from approval_events')
  return Number(rows[0]?.newest)
}

/** Numbers are taken before they are committed, so a lower one may come after a higher one. */
const overlap = 1000

const atOnce = 500

async function catchUp(db: Kysely<Database>, heard: number, changes: Changes): Promise<void> {
  let after = Math.max(0, heard - overlap)
  for (;;) {
    const rows = await db
      .selectFrom('approval_events')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(atOnce)
      .execute()
    const last = rows.at(-1)
    if (last === undefined) return
    changes.tell(
      await changesOf(
        db,
        rows.map(({ id }) => id),
      ),
    )
    after = last.id
  }
}

async function changesOf(
  db: Kysely<Database>,
  events: readonly number[],
): Promise<readonly ApprovalChange[]> {
  const rows = await db
    .selectFrom('approval_events')
    .innerJoin('approval_requests', 'approval_requests.id', 'approval_events.request_id')
    .selectAll('approval_events')
    .select(['approval_requests.namespace', 'approval_requests.state'])
    .where('approval_events.id', 'in', events)
    .orderBy('approval_events.id')
    .execute()
  return rows.flatMap(({ namespace, state, ...event }) =>
    event.request_id === null
      ? []
      : [{ id: event.request_id, namespace, state, event: eventOf(event) }],
  )
}
