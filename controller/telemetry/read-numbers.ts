import { type Kysely, sql } from 'kysely'
import type { BudgetBook } from '../budgets/budget-book.ts'
import type { Database } from '../store/database.ts'

/** What an operator wants to know besides the status. */
export interface Numbers {
  readonly approvals: readonly WaitingApprovals[]
  /** Seconds from question to answer of requests that were asked and settled in the last 24 hours, by quantile. */
  readonly waits: Readonly<Record<'0.5' | '0.95', number>> | null
  readonly budgets: readonly UsedBudget[]
  /** By code. */
  readonly flaws: Readonly<Record<string, number>>
}

interface WaitingApprovals {
  readonly namespace: string
  readonly pending: number
  /** When the oldest was asked, ms since 1970. */
  readonly oldest: number
}

interface UsedBudget {
  readonly namespace: string
  readonly budget: string
  /** Share of the limit that is spent or lent, of the counter of which most is; 1 where the limit is 0. */
  readonly used: number
}

export interface NumbersNeeds {
  readonly db: Kysely<Database>
  readonly budgets: Pick<BudgetBook, 'counters'>
  readonly namespaces: () => readonly string[]
  readonly now: () => number
}

const dayMs = 24 * 3_600_000

/** Reads them from the store; so many counters of a namespace are looked at as people are shown. */
export async function readNumbers({
  db,
  budgets,
  namespaces,
  now,
}: NumbersNeeds): Promise<Numbers> {
  return {
    approvals: await waiting(db),
    waits: await waits(db, new Date(now() - dayMs)),
    budgets: await used(budgets, namespaces()),
    flaws: await flaws(db),
  }
}

async function waiting(db: Kysely<Database>): Promise<readonly WaitingApprovals[]> {
  const rows = await db
    .selectFrom('approval_requests')
    .where('state', '=', 'pending')
    .groupBy('namespace')
    .orderBy('namespace')
    .select(eb => [
      'namespace',
      eb.fn.countAll<string>().as('pending'),
      eb.fn.min('requested_at').as('oldest'),
    ])
    .execute()
  return rows.map(({ namespace, pending, oldest }) => ({
    namespace,
    pending: Number(pending),
    oldest: oldest.getTime(),
  }))
}

async function waits(db: Kysely<Database>, since: Date): Promise<Numbers['waits']> {
  const wait = sql`extract(epoch from (resolved_at - requested_at))`
  const row = await db
    .selectFrom('approval_requests')
    .where('requested_at', '>', since)
    .where('resolved_at', 'is not', null)
    .select([
      sql<number | null>`percentile_cont(0.5) within group (order by ${wait})`.as('half'),
      sql<number | null>`percentile_cont(0.95) within group (order by ${wait})`.as('most'),
    ])
    .executeTakeFirst()
  if (row === undefined || row.half === null) return null
  return { '0.5': Number(row.half), '0.95': Number(row.most) }
}

async function used(
  book: Pick<BudgetBook, 'counters'>,
  namespaces: readonly string[],
): Promise<readonly UsedBudget[]> {
  const found: UsedBudget[] = []
  for (const namespace of namespaces) {
    const counters = await book.counters(namespace)
    for (const [budget, own] of Map.groupBy(counters, ({ budget }) => budget)) {
      const shares = own.map(({ limit, extended, remaining }) =>
        limit + extended > 0 ? 1 - remaining / (limit + extended) : 1,
      )
      found.push({ namespace, budget, used: Math.max(...shares) })
    }
  }
  return found
}

async function flaws(db: Kysely<Database>): Promise<Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom('chain_flaws')
    .groupBy('code')
    .orderBy('code')
    .select(eb => ['code', eb.fn.countAll<string>().as('count')])
    .execute()
  return Object.fromEntries(rows.map(({ code, count }) => [code, Number(count)]))
}
