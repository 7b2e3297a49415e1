import type { Kysely } from 'kysely'
import { type Recorded, recordedOf } from '../replay/recorded.ts'
import type { Database } from '../store/database.ts'

/** A call is named by its id, by an entry of it, or by the request for approval that it waits for. */
export type CallName =
  | { readonly call: string }
  | { readonly proxy: string; readonly seq: number }
  | { readonly request: string }

/** An attempt on record, how it ended, and what else there is of the call. */
export interface ReadCall {
  /** Stands for the attempt where the ledger has none. */
  readonly attempt: Recorded
  readonly outcome: Recorded | null
  /** Further attempts, oldest first. */
  readonly others: readonly Recorded[]
}

const entryName = /^([A-Za-z0-9][\w.-]{0,127}):([1-9]\d{0,14})$/

/** What a person calls a call: `proxy:seq`, or its id. */
export function callNameOf(text: string): CallName {
  const [, proxy, seq] = entryName.exec(text) ?? []
  return proxy === undefined ? { call: text } : { proxy, seq: Number(seq) }
}

/** No call is tried so often. */
const mostEntries = 200

/** Reads a call that is named, of the namespaces given or of all of them (null); null when there is none. */
export async function readCall(
  db: Kysely<Database>,
  name: CallName,
  namespaces: readonly string[] | null,
): Promise<ReadCall | null> {
  const found = await namedEntry(db, name, namespaces)
  if (found === null) return null
  const { entry } = found
  const lines = await db
    .selectFrom('records')
    .select('entry')
    .where('call', '=', entry.call)
    .where('namespace', '=', entry.namespace)
    .where('proxy', '=', entry.proxy)
    .orderBy('seq')
    .limit(mostEntries)
    .execute()
  const all = lines.flatMap(({ entry: line }) => recordedOf(line, nobody) ?? [])
  return callAround(all, found)
}

const nobody = { namespace: '' }

async function namedEntry(
  db: Kysely<Database>,
  name: CallName,
  namespaces: readonly string[] | null,
): Promise<Recorded | null> {
  if (namespaces?.length === 0) return null
  const all = db.selectFrom('records').select('entry')
  const ours = namespaces === null ? all : all.where('namespace', 'in', namespaces)
  const query =
    'call' in name
      ? ours.where('call', '=', name.call)
      : 'request' in name
        ? ours.where('approval', '=', name.request)
        : ours.where('proxy', '=', name.proxy).where('seq', '=', name.seq)
  const row = await query
    .orderBy('time', 'desc')
    .orderBy('proxy', 'desc')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : recordedOf(row.entry, nobody)
}

/** The attempt that an entry belongs to: entries of a call come in pairs. */
function callAround(all: readonly Recorded[], named: Recorded): ReadCall {
  const attempts = all.filter(({ phase }) => phase === 'attempt')
  const attempt = attempts.findLast(({ entry }) => entry.seq <= named.entry.seq) ?? named
  const next = attempts.find(({ entry }) => entry.seq > attempt.entry.seq)
  const until = next?.entry.seq ?? Number.POSITIVE_INFINITY
  const outcome = all.find(
    ({ phase, entry }) =>
      phase === 'outcome' && entry.seq >= attempt.entry.seq && entry.seq < until,
  )
  const others = attempts.filter(({ entry }) => entry.seq !== attempt.entry.seq)
  return { attempt, outcome: outcome ?? null, others }
}
