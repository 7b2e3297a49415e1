import type { ColumnType } from 'kysely'

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
  readonly error: string | null
  readonly provider: string | null
  readonly requested_model: string | null
  readonly upstream_status: string | null
  readonly endpoint: string | null
  readonly trace: string | null
  readonly client_call_id: string | null
  /** The words of what people look for as a tsvector; null where there are none. */
  readonly words: ColumnType<string | null, string | null, never>
  readonly entry: string
  /** SHA-256 of `entry`, hex: tells a repeated entry from another one of the same number. */
  readonly entry_digest: string
}

/** How many entries of a proxy the ledger has, and the highest number that it ever had. */
interface RecordCountRow {
  readonly proxy: string
  readonly stored: number
  readonly last_seq: number
}

/** Numbers of a proxy up to its last that never came, both ends included. */
interface RecordGapRow {
  readonly proxy: string
  readonly from_seq: number
  readonly to_seq: number
}

export interface RecordTables {
  readonly records: RecordRow
  readonly record_counts: RecordCountRow
  readonly record_gaps: RecordGapRow
}
