import { type Insertable, sql, type Transaction } from 'kysely'
import type { NewRow } from '../ledger/row.ts'
import { searchable } from '../ledger/row.ts'
import { entryOf } from '../ledger/usage-row.ts'
import {
  type CoverageDayRow,
  coverageKeyOf,
  mostAgents,
  mostNamed,
} from '../store/coverage-tables.ts'
import type { Database } from '../store/database.ts'

/**
 * Adds calls to the counts of their days, in the transaction that stores their entries. Always in one order, so that
 * no two transactions wait for each other.
 */
export async function countCalls(
  db: Transaction<Database>,
  rows: readonly NewRow[],
): Promise<void> {
  const attempts = rows.filter(({ phase }) => phase === 'attempt')
  if (attempts.length === 0) return
  const counted = summedUp(attempts.flatMap(row => [decidedIn(row), ...observedIn(row)]))
  const kept = summedUp(await withoutSurplus(db, counted))
  for (let at = 0; at < kept.length; at += rowsPerInsert) {
    await add(db, kept.slice(at, at + rowsPerInsert))
  }
}

type Count = Insertable<CoverageDayRow>

const rowsPerInsert = 200

const names = { tool: 'tool', model: 'model', resource: 'uri', prompt: 'prompt' } as const

function decidedIn(row: NewRow): Count {
  const column = Reflect.get(names, row.kind) as (typeof names)[keyof typeof names] | undefined
  const name = column === undefined ? '' : (row[column] ?? '')
  return countOf(row, {
    ...{ server: row.server ?? '', name, observed: false },
    ...{ policy: row.policy ?? '', rule: row.rule ?? '', action: row.action, reason: row.reason },
    agents: row.agent ? [row.agent] : [],
  })
}

/** Policies that an entry may name as observing; more are not counted. */
const mostObserved = 256

/** What policies in observe mode would have said; of whatever form an entry says it. */
function observedIn(row: NewRow): readonly Count[] {
  if (!row.entry.includes('"observed":')) return []
  const { observed } = entryOf(row)
  if (!Array.isArray(observed)) return []
  return observed.slice(0, mostObserved).flatMap(said => {
    const { policy, rule, action, reason } = Object(said)
    const words = { policy: searchable(policy), action: searchable(action) }
    const why = searchable(reason)
    if (words.policy === null || words.action === null || why === null) return []
    return countOf(row, {
      ...{ server: '', name: '', observed: true, agents: [] },
      ...{ policy: words.policy, rule: searchable(rule) ?? '', action: words.action, reason: why },
    })
  })
}

type Said = Omit<Count, 'key' | 'day' | 'namespace' | 'kind' | 'more' | 'calls' | 'last_at'>

function countOf({ time, namespace, kind }: NewRow, said: Said): Count {
  const at = new Date(time)
  const day = at.toISOString().slice(0, 10)
  return keyed({ day, namespace, kind, more: false, ...said, calls: 1, last_at: at })
}

function keyed(count: Omit<Count, 'key'>): Count {
  return { ...count, key: coverageKeyOf(count) }
}

/** One row for all that are alike, in the order of their keys. */
function summedUp(counts: readonly Count[]): readonly Count[] {
  const sums = new Map<string, Count>()
  for (const count of counts) {
    const sum = sums.get(count.key)
    sums.set(count.key, sum === undefined ? count : together(sum, count))
  }
  return [...sums.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function together(a: Count, b: Count): Count {
  return {
    ...a,
    calls: a.calls + b.calls,
    last_at: new Date(Math.max(Number(a.last_at), Number(b.last_at))),
    agents: [...new Set([...a.agents, ...b.agents])].sort().slice(0, mostAgents + 1),
  }
}

/** Agents choose names: those of a day beyond what is counted apart are counted together, by what decided them. */
async function withoutSurplus(
  db: Transaction<Database>,
  counts: readonly Count[],
): Promise<readonly Count[]> {
  const named = counts.filter(({ observed }) => !observed)
  const known = await knownAmong(db, named)
  const fresh = named.filter(({ key }) => !known.has(key))
  const surplus = new Set<string>()
  for (const [, some] of Map.groupBy(fresh, ({ day, namespace }) => `${day} ${namespace}`)) {
    const [{ day, namespace } = { day: '', namespace: '' }] = some
    const there = await namedOn(db, day, namespace)
    for (const count of some) {
      const of = count.action === 'deny' ? 'denied' : 'allowed'
      there[of] += 1
      if (there[of] > mostNamed[of]) surplus.add(count.key)
    }
  }
  return counts.map(count =>
    surplus.has(count.key)
      ? keyed({ ...count, server: '', name: '', more: true, agents: [] })
      : count,
  )
}

async function knownAmong(
  db: Transaction<Database>,
  counts: readonly Count[],
): Promise<ReadonlySet<string>> {
  const keys = counts.map(({ key }) => key)
  const rows = await db
    .selectFrom('coverage_days')
    .select('key')
    .where(eb => eb('key', '=', eb.fn.any(eb.val(keys))))
    .execute()
  return new Set(rows.map(({ key }) => key))
}

async function namedOn(db: Transaction<Database>, day: string, namespace: string) {
  const { rows } = await sql<{ allowed: number; denied: number }>`
    select count(*) filter (where action <> 'deny')::int8 as allowed,
      count(*) filter (where action = 'deny')::int8 as denied
    from coverage_days
    where day = ${day} and namespace = ${namespace} and not more and not observed`.execute(db)
  const [{ allowed, denied } = { allowed: 0, denied: 0 }] = rows
  return { allowed, denied }
}

async function add(db: Transaction<Database>, counts: readonly Count[]): Promise<void> {
  await db
    .insertInto('coverage_days')
    .values([...counts])
    .onConflict(known =>
      known.column('key').doUpdateSet({
        calls: sql`coverage_days.calls + excluded.calls`,
        last_at: sql`greatest(coverage_days.last_at, excluded.last_at)`,
        agents: sql`case when coverage_days.agents @> excluded.agents then coverage_days.agents
          else array(select distinct agent collate "C"
            from unnest(coverage_days.agents || excluded.agents) as agent
            order by 1 limit ${sql.lit(mostAgents + 1)}) end`,
      }),
    )
    .execute()
}
