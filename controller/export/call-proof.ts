import { type Kysely, sql } from 'kysely'
import type { Checkpoint } from '../../schemas/chain.ts'
import { nextKeyId } from '../checkpoints/make-checkpoint.ts'
import type { StoredCheckpoints } from '../checkpoints/stored-checkpoints.ts'
import type { Filter } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import { type ExportNeeds, headerOf, keyOf, provedLines } from './export-lines.ts'
import type { Part } from './export-parts.ts'

/** Where the entries of a call are. */
interface CallPart extends Part {
  readonly since: Date
  readonly received: Date
}

/** An export of a call alone: its entries, and the digests that lead from them to a checkpoint. */
export async function callProof(
  needs: ExportNeeds,
  call: string,
): Promise<{ readonly proof: readonly string[] }> {
  const { db, checkpoints } = needs
  await checkpoints.make()
  const own = await partsOf(db, call)
  const newest = (await checkpoints.newest())?.number ?? 0
  const received = Math.max(0, ...own.map(part => part.received.getTime()))
  const first = await firstFor(db, new Date(received))
  const { parts, last: spoken } = await upTo(checkpoints, own, first, newest)
  const last = (await isByCurrentKey(checkpoints, spoken)) ? spoken : newest
  const since = Math.min(...own.map(part => part.since.getTime()))
  const filter: Filter = { words: { call }, order: 'oldest' }
  const key = await keyOf(needs, first)
  const said = { filter: { ...filter, since, until: needs.now() }, said: { call } }
  const header = headerOf(needs, said, key)
  const plan = { header, first, last, parts, filter, late: false }
  let text = ''
  for await (const lines of provedLines(needs, plan)) {
    text += lines
  }
  return { proof: text.split('\n').slice(0, -1) }
}

/** Where another key has followed since, all that lead to it are needed. */
async function isByCurrentKey(checkpoints: StoredCheckpoints, number: number): Promise<boolean> {
  const [row] = await checkpoints.list(number - 1, 1)
  return row === undefined || nextKeyId(JSON.parse(row.statement)) === checkpoints.key.id
}

async function partsOf(db: Kysely<Database>, call: string): Promise<readonly CallPart[]> {
  const rows = await db
    .selectFrom('records')
    .select([
      'proxy',
      sql<number>`min(seq)`.as('from'),
      sql<number>`max(seq)`.as('to'),
      sql<Date>`min(time)`.as('since'),
      sql<Date>`max(received_at)`.as('received'),
    ])
    .where('call', '=', call)
    .groupBy('proxy')
    .orderBy('proxy')
    .execute()
  return rows.map(({ from, to, ...row }) => ({ ...row, from: Number(from), to: Number(to) }))
}

/** The last checkpoint before the entries came: one of those that follow speaks for them. */
async function firstFor(db: Kysely<Database>, received: Date): Promise<number> {
  const row = await db
    .selectFrom('checkpoints')
    .select('number')
    .where('time', '<=', received)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.number ?? 1
}

/** The parts up to where a checkpoint speaks of each of them, and the last of those. */
async function upTo(
  checkpoints: StoredCheckpoints,
  own: readonly CallPart[],
  first: number,
  newest: number,
): Promise<{ readonly parts: readonly Part[]; readonly last: number }> {
  const ends = new Map<string, number>()
  const open = new Map(own.map(({ proxy, to }) => [proxy, to]))
  let after = first - 1
  while (open.size > 0 && after < newest) {
    const [row] = await checkpoints.list(after, 1)
    if (row === undefined) break
    after = row.number
    const { chains }: Checkpoint = JSON.parse(row.statement)
    for (const { proxy, seq } of chains) {
      if (seq < (open.get(proxy) ?? Number.POSITIVE_INFINITY)) continue
      ends.set(proxy, seq)
      open.delete(proxy)
    }
  }
  const parts = own.map(({ proxy, from, to }) => ({ proxy, from, to: ends.get(proxy) ?? to }))
  return { parts, last: Math.max(first, after) }
}
