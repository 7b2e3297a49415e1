import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { type Action, actions } from '../../schemas/action.ts'
import { builtin } from '../../schemas/builtin-tool.ts'
import { type CallKind, callKinds } from '../../schemas/call-kind.ts'
import { mostAgents } from '../store/coverage-tables.ts'
import type { Database } from '../store/database.ts'
import type { Counted, Decided, Firing, Use } from './use.ts'

/** What is looked at: a namespace, from one instant on. */
export interface CountedTime {
  readonly namespace: string
  /** Milliseconds since 1970; the whole UTC day of it is counted. */
  readonly since: number
}

/** Longest time of one query, ms. */
const longestMs = 20_000

/** Things with their decisions that are looked at; the most called ones. */
const mostRows = 20_000

/** What was counted of calls in a namespace since an instant. Calls of Writ's own tools are left out. */
export function readCounts(db: Kysely<Database>, time: CountedTime): Promise<Counted> {
  return db.transaction().execute(async db => {
    await sql`set local statement_timeout = ${sql.lit(longestMs)}`.execute(db)
    const among = amongRows(time)
    const rows = await decisions(db, among)
    const firings = await firingsOf(db, among)
    const uses = usesOf(rows, await agentsOf(db, among))
    const calls = firings.filter(({ observed }) => !observed).reduce(sumOfCalls, 0)
    const recordedSince = await firstDay(db, time.namespace)
    return {
      ...{ uses, firings, calls, recordedSince },
      uncountedNames: calls - uses.reduce(sumOfCalls, 0),
      observedSince: await observedSince(db, recordedSince),
    }
  })
}

/** The namespaces that have calls since an instant. */
export async function countedNamespaces(
  db: Kysely<Database>,
  since: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('coverage_days')
    .select('namespace')
    .distinct()
    .where('day', '>=', dayOf(since))
    .execute()
  return rows.map(({ namespace }) => namespace)
}

function sumOfCalls(sum: number, { calls }: { readonly calls: number }): number {
  return sum + calls
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function amongRows({ namespace, since }: CountedTime): RawBuilder<unknown> {
  return sql`day >= ${dayOf(since)} and namespace = ${namespace} and server <> ${builtin}
    and kind = any (${[...callKinds]}::text[]) and action = any (${[...actions]}::text[])`
}

interface DecisionRow {
  readonly kind: CallKind
  readonly server: string
  readonly name: string
  readonly policy: string
  readonly rule: string
  readonly action: Action
  readonly reason: string
  readonly calls: number
  readonly last_at: Date
}

async function decisions(
  db: Transaction<Database>,
  among: RawBuilder<unknown>,
): Promise<readonly DecisionRow[]> {
  const { rows } = await sql<DecisionRow>`
    select kind, server, name, policy, rule, action, reason, sum(calls)::int8 as calls,
      max(last_at) as last_at
    from coverage_days where ${among} and not more and not observed
    group by 1, 2, 3, 4, 5, 6, 7
    order by calls desc, 1, 2, 3, 4, 5, 6, 7 limit ${mostRows}`.execute(db)
  return rows
}

async function firingsOf(
  db: Transaction<Database>,
  among: RawBuilder<unknown>,
): Promise<readonly Firing[]> {
  const { rows } = await sql<Omit<Firing, 'lastAt'> & { readonly last_at: Date }>`
    select kind, policy, rule, reason, observed, sum(calls)::int8 as calls, max(last_at) as last_at
    from coverage_days where ${among} group by 1, 2, 3, 4, 5`.execute(db)
  return rows.map(({ last_at, ...row }) => ({ ...row, lastAt: last_at.getTime() }))
}

async function agentsOf(
  db: Transaction<Database>,
  among: RawBuilder<unknown>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await sql<{ kind: string; server: string; name: string; agents: string[] }>`
    select kind, server, name,
      (array_agg(distinct agent collate "C"))[1:${sql.lit(mostAgents + 1)}] as agents
    from coverage_days, unnest(agents) as agent
    where ${among} and not more and not observed group by 1, 2, 3`.execute(db)
  return new Map(rows.map(row => [keyOf(row), row.agents]))
}

function keyOf({ kind, server, name }: Pick<Use, 'server' | 'name'> & { readonly kind: string }) {
  return JSON.stringify([kind, server, name])
}

function usesOf(
  rows: readonly DecisionRow[],
  agents: ReadonlyMap<string, readonly string[]>,
): readonly Use[] {
  return [...Map.groupBy(rows, keyOf)].flatMap(([key, some]) => {
    const [first] = some
    if (first === undefined) return []
    const { kind, server, name } = first
    const callers = agents.get(key) ?? []
    return {
      ...{ kind, server, name, calls: some.reduce(sumOfCalls, 0) },
      lastAt: Math.max(...some.map(({ last_at }) => last_at.getTime())),
      agents: callers.slice(0, mostAgents),
      moreAgents: callers.length > mostAgents,
      decisions: some.map(decidedOf),
    }
  })
}

function decidedOf({ policy, rule, action, reason, calls, last_at }: DecisionRow): Decided {
  return { policy, rule, action, reason, calls, lastAt: last_at.getTime() }
}

async function firstDay(db: Transaction<Database>, namespace: string): Promise<number | null> {
  const row = await db
    .selectFrom('coverage_days')
    .select(eb => eb.fn.min('day').as('day'))
    .where('namespace', '=', namespace)
    .executeTakeFirst()
  return row?.day ? Date.parse(row.day) : null
}

async function observedSince(
  db: Transaction<Database>,
  recordedSince: number | null,
): Promise<number | null> {
  if (recordedSince === null) return null
  const row = await db
    .selectFrom('coverage_starts')
    .select('at')
    .orderBy('at', 'desc')
    .executeTakeFirst()
  return Math.max(recordedSince, row?.at.getTime() ?? 0)
}
