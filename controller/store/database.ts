import type { ColumnType } from 'kysely'

/** The tables of the store. */
export interface Database {
  readonly records: RecordRow
  readonly record_counts: RecordCountRow
  readonly releases: ReleaseRow
  readonly tables: TableRow
  readonly proxies: ProxyRow
}

type Json = ColumnType<unknown, string | null, never>

/** One entry: `entry` is the line as the proxy wrote it, the rest is there to find it. */
export interface RecordRow {
  readonly proxy: string
  readonly seq: number
  readonly time: Date
  readonly received_at: ColumnType<Date, never, never>
  readonly phase: string
  readonly call: string
  readonly namespace: string
  readonly agent: string | null
  readonly api_key: string | null
  readonly user_name: string | null
  readonly session: string | null
  readonly kind: string
  readonly server: string | null
  readonly tool: string | null
  readonly model: string | null
  readonly uri: string | null
  readonly prompt: string | null
  readonly args: Json
  readonly action: string
  readonly reason: string
  readonly policy: string | null
  readonly rule: string | null
  readonly commit_id: string | null
  readonly table_digest: string | null
  readonly approval: string | null
  readonly cost_micro_usd: number | null
  readonly status: string | null
  readonly duration_ms: number | null
  readonly entry: string
  /** SHA-256 of `entry`, hex: tells a repeated entry from another one of the same number. */
  readonly entry_digest: string
}

/** How many entries of a proxy the ledger has, and the highest number among them. */
interface RecordCountRow {
  readonly proxy: string
  readonly stored: number
  readonly last_seq: number
}

export interface ReleaseRow {
  readonly sequence: number
  readonly namespace: string
  readonly digest: string
  readonly commit_id: string | null
  readonly published_at: Date
  readonly key_id: string
  readonly signature: string
}

/** The canonical text of a table under its digest. */
interface TableRow {
  readonly digest: string
  readonly body: string
}

interface ProxyRow {
  readonly id: string
  readonly seen_at: Date
  /** The report as JSON text: as it came, for jsonb does not hold every string. */
  readonly report: string
}
