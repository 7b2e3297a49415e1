import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'

/** Calls of one UTC day that were decided alike: what they lack is empty. */
export interface CoverageDayRow {
  /** SHA-256 of what they have in common, in hex: agents choose names too long for an index. */
  readonly key: string
  /** `2026-11-21`. */
  readonly day: string
  readonly namespace: string
  readonly kind: string
  readonly server: string
  /** Tool, model, URI or prompt; empty where many names are counted together, and for policies in observe mode. */
  readonly name: string
  /** Whether these are names beyond those that are counted apart. */
  readonly more: boolean
  /** Whether this is what a policy in observe mode would have said. */
  readonly observed: boolean
  readonly policy: string
  readonly rule: string
  readonly action: string
  readonly reason: string
  readonly calls: number
  readonly last_at: Date
  /** Some of the agents, sorted. */
  readonly agents: readonly string[]
}

/** From when on policies in observe mode are counted, where there were records before. */
interface CoverageStartRow {
  readonly at: Date
}

export interface CoverageTables {
  readonly coverage_days: CoverageDayRow
  readonly coverage_starts: CoverageStartRow
}

/** Rows of one day and namespace with names of their own: of calls that were let through or asked about, and of denied ones. */
export const mostNamed = { allowed: 2000, denied: 1000 } as const

/** Agents that a row names. */
export const mostAgents = 8

/** Makes it be counted which rules decide which calls, and counts the calls on record. */
export async function coverageTables(db: Kysely<unknown>): Promise<void> {
  let table = db.schema
    .createTable('coverage_days')
    .addColumn('key', 'text', column => column.primaryKey())
  for (const name of texts) table = table.addColumn(name, 'text', column => column.notNull())
  await table
    .addColumn('more', 'boolean', column => column.notNull())
    .addColumn('observed', 'boolean', column => column.notNull())
    .addColumn('calls', 'bigint', column => column.notNull())
    .addColumn('last_at', 'timestamptz', column => column.notNull())
    .addColumn('agents', sql`text[]`, column => column.notNull())
    .execute()
  await sql`create index coverage_days_day on coverage_days (day, namespace)`.execute(db)
  await sql`create table coverage_starts (at timestamptz not null)`.execute(db)
  await countRecords(db)
}

const texts = [
  ...['day', 'namespace', 'kind', 'server', 'name', 'policy', 'rule', 'action', 'reason'],
]

/** What policies in observe mode said stands in the entries alone, and is counted from now on. */
async function countRecords(db: Kysely<unknown>): Promise<void> {
  await sql`
    insert into coverage_starts
    select now() where exists (select from records where phase = 'attempt')`.execute(db)
  const why = sql`policy, rule, action, reason`
  const who = sql`day, namespace, kind, server, name, ${why}`
  const all = sql`day, namespace, kind, server, name, more, observed, ${why}, calls, last_at, agents`
  await sql`
    insert into coverage_days (key, ${all})
    with callers as (
      select to_char(time at time zone 'UTC', 'YYYY-MM-DD') as day, namespace, kind,
        coalesce(server, '') as server,
        coalesce(case kind when 'tool' then tool when 'model' then model
          when 'resource' then uri when 'prompt' then prompt end, '') as name,
        coalesce(policy, '') as policy, coalesce(rule, '') as rule, action, reason,
        coalesce(agent, '') as agent, count(*) as calls, max(time) as last_at
      from records where phase = 'attempt'
      group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ), alike as (
      select ${who}, sum(calls)::int8 as calls, max(last_at) as last_at,
        coalesce((array_agg(agent order by agent collate "C")
          filter (where agent <> ''))[1:${sql.lit(mostAgents + 1)}], '{}') as agents
      from callers group by ${who}
    ), ranked as (
      select *, row_number() over (
        partition by day, namespace, action = 'deny' order by calls desc, kind, server, name, ${why}
      ) > case action when 'deny' then ${sql.lit(mostNamed.denied)}
        else ${sql.lit(mostNamed.allowed)} end as more, false as observed
      from alike
    ), counted as (
      select ${all} from ranked where not more
      union all
      select day, namespace, kind, '', '', true, false, ${why}, sum(calls)::int8, max(last_at),
        '{}'::text[]
      from ranked where more group by day, namespace, kind, ${why}
    )
    select ${coverageKey}, ${all} from counted`.execute(db)
}

/** Columns that tell rows apart, in the order in which `coverageKeyOf` takes them. */
const keyed = [
  ...['day', 'namespace', 'kind', 'server', 'name', 'more', 'observed'],
  ...['policy', 'rule', 'action', 'reason'],
]

const coverageKey = sql`
  encode(sha256(convert_to(${sql.join(
    keyed.map(name => sql`octet_length(${sql.ref(name)}::text) || ':' || ${sql.ref(name)}::text`),
    sql` || `,
  )}, 'UTF8')), 'hex')`

/** The key of a row, as the migration writes it: each text behind its length in bytes. */
export function coverageKeyOf(row: Omit<CoverageDayRow, 'key'>): string {
  const texts = keyed.map(name => String(Reflect.get(row, name)))
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:${text}`)
  return hash.digest('hex')
}
