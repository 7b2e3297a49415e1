import { type Generated, type Kysely, sql } from 'kysely'
import { daysAhead, makeDay, otherDays } from './record-days.ts'
import { recordTerms } from './record-terms.ts'

/** The newest entry of a proxy, which the next one is chained to; its lock is that of everything that the proxy wrote. */
interface ChainHeadRow {
  readonly proxy: string
  /** 0 before the first entry. */
  readonly seq: number
  readonly link: string
  /** Whether the newest entry named what it is chained to. */
  readonly chained: boolean
  /** Id of the key that its seals are believed by; null before there is one. */
  readonly chain_key: string | null
  /** The last entry that a believed seal speaks for; 0 when there is none. */
  readonly sealed_seq: number
  /** Code of the newest flaw; null while everything fits. */
  readonly flaw: string | null
}

/** What did not fit when it came. */
interface ChainFlawRow {
  readonly id: Generated<number>
  readonly proxy: string
  readonly seq: number
  readonly code: string
  readonly detail: string
  readonly noted_at: Date
}

/** A key that a proxy named, believed or not. */
interface ChainKeyRow {
  readonly proxy: string
  readonly key_id: string
  readonly from_seq: number
  readonly noted_at: Date
  readonly believed: boolean
  /** The ChainKey as JSON. */
  readonly statement: string
}

/** A seal that is kept. */
interface ChainSealRow {
  readonly proxy: string
  readonly seq: number
  readonly time: Date
  readonly key_id: string
  /** The Seal as JSON. */
  readonly statement: string
}

/** Entries that retention deleted. */
interface PrunedRangeRow {
  readonly id: Generated<number>
  readonly proxy: string
  readonly from_seq: number
  readonly to_seq: number
  readonly before_link: string
  readonly after_link: string
  readonly pruned_at: Date
  /** Number of the checkpoint that says so; null before there is one. */
  readonly checkpoint: number | null
}

export interface ChainTables {
  readonly chain_heads: ChainHeadRow
  readonly chain_flaws: ChainFlawRow
  readonly chain_keys: ChainKeyRow
  readonly chain_seals: ChainSealRow
  readonly pruned_ranges: PrunedRangeRow
}

/** Makes the ledger be kept in parts, one a day, and what is known of the chains of proxies. */
export async function chainTables(db: Kysely<unknown>): Promise<void> {
  // The store ends statements that take long; carrying a large ledger over does.
  await sql`set local statement_timeout = 0`.execute(db)
  await sql`alter table records rename to records_before`.execute(db)
  await sql`alter index records_pkey rename to records_before_pkey`.execute(db)
  await createRecords(db)
  await carryOver(db)
  await createChains(db)
  await createGaps(db)
  await headsOf(db)
  await sql`drop table records_before`.execute(db)
}

async function createRecords(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table records (like records_before including defaults,
      error text, provider text, requested_model text, upstream_status text, endpoint text,
      trace text, client_call_id text, words tsvector)
    partition by range (time)`.execute(db)
  await sql`
    create table ${sql.ref(otherDays)} partition of records default`.execute(db)
  // Words are found by their index, and the arguments stand in the entry.
  await sql`alter table records drop column args`.execute(db)
  const old = ['time_proxy_seq', 'call', 'agent_time', 'tool_time', 'action_time']
  for (const name of old) await sql`drop index ${sql.ref(`records_${name}`)}`.execute(db)
  await sql`
    alter table records add constraint records_pkey primary key (proxy, seq, time)`.execute(db)
  await sql`create index records_time on records (time, proxy, seq)`.execute(db)
  await sql`create index records_call on records (call)`.execute(db)
  await sql`
    create index records_approval on records (approval) where approval is not null`.execute(db)
  await sql`
    create index records_cost on records (cost_micro_usd)
    where cost_micro_usd is not null`.execute(db)
  await sql`
    create index records_duration on records (duration_ms)
    where duration_ms is not null`.execute(db)
  await sql`create index records_terms on records using gin ((${recordTerms}))`.execute(db)
  await sql`
    create index records_words on records using gin (words) where words is not null`.execute(db)
}

/** Carries every entry over, a day at a time; each is there twice until the end. */
async function carryOver(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ day: string }>`
    select distinct to_char(time at time zone 'UTC', 'YYYY-MM-DD') as day from records_before
    where time > now() - interval '400 days' and time < now() + interval '2 days'`.execute(db)
  const days = new Set([...rows.map(({ day }) => day), ...daysAhead(Date.now())])
  for (const day of [...days].sort()) await makeDay(db, day)
  const { rows: columns } = await sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = 'records_before'::regclass and attnum > 0 and attname <> 'args'`.execute(db)
  const names = sql.join(columns.map(({ name }) => sql.ref(name)))
  const values = sql.join(columns.map(({ name }) => sql.ref(`r.${name}`)))
  await sql`
    insert into records (${names}, provider, requested_model, upstream_status, endpoint, words)
    select ${values}, u.provider, u.requested_model, u.upstream_status, u.endpoint,
      case when r.phase = 'attempt' and r.args is not null then
        to_tsvector('simple', regexp_replace(left(r.args::text, 8192), '[^[:alnum:]]+', ' ', 'g')) end
    from records_before r left join usage u on u.proxy = r.proxy and u.seq = r.seq`.execute(db)
}

async function createChains(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table chain_heads (
      proxy text primary key, seq bigint not null, link text not null, chained boolean not null,
      chain_key text, sealed_seq bigint not null default 0, flaw text)`.execute(db)
  await sql`
    create table chain_flaws (
      id bigint generated always as identity primary key, proxy text not null, seq bigint not null,
      code text not null, detail text not null, noted_at timestamptz not null)`.execute(db)
  await sql`create index chain_flaws_proxy on chain_flaws (proxy, seq)`.execute(db)
  await sql`
    create table chain_keys (
      proxy text not null, key_id text not null, from_seq bigint not null,
      noted_at timestamptz not null, believed boolean not null, statement text not null,
      primary key (proxy, key_id))`.execute(db)
  await sql`
    create table chain_seals (
      proxy text not null, seq bigint not null, time timestamptz not null, key_id text not null,
      statement text not null, primary key (proxy, seq, key_id))`.execute(db)
  await sql`
    create table pruned_ranges (
      id bigint generated always as identity primary key, proxy text not null,
      from_seq bigint not null, to_seq bigint not null, before_link text not null,
      after_link text not null, pruned_at timestamptz not null, checkpoint bigint)`.execute(db)
  await sql`create index pruned_ranges_proxy on pruned_ranges (proxy, from_seq)`.execute(db)
  await sql`
    create index pruned_ranges_new on pruned_ranges (id) where checkpoint is null`.execute(db)
}

async function createGaps(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table record_gaps (
      proxy text not null, from_seq bigint not null, to_seq bigint not null,
      primary key (proxy, from_seq))`.execute(db)
  await sql`
    insert into record_gaps (proxy, from_seq, to_seq)
    select proxy, before + 1, seq - 1 from (
      select proxy, seq, coalesce(lag(seq) over (partition by proxy order by seq), 0) as before
      from records_before
    ) as numbered where seq > before + 1`.execute(db)
}

/** What was written without a chain is chained to the beginning. */
async function headsOf(db: Kysely<unknown>): Promise<void> {
  const genesis = sql`sha256(convert_to(E'writ.chain.v1\n' || c.proxy, 'UTF8'))`
  const digest = sql`sha256(convert_to(r.entry, 'UTF8'))`
  await sql`
    insert into chain_heads (proxy, seq, link, chained)
    select c.proxy, c.last_seq,
      translate(encode(sha256(${genesis} || ${digest}), 'base64'), '+/=', '-_'), false
    from record_counts c
    join records_before r on r.proxy = c.proxy and r.seq = c.last_seq`.execute(db)
}
