import type { Generated } from 'kysely'
import type { BudgetUnit } from '../../schemas/rule-table.ts'

/** A call that was forwarded, by the number of its outcome: what it used and what it cost. */
export interface UsageRow {
  readonly proxy: string
  readonly seq: number
  readonly call: string
  readonly time: Date
  readonly namespace: string
  readonly agent: string | null
  readonly api_key: string | null
  readonly user_name: string | null
  readonly session: string | null
  /** As the table in force said when the entry was stored. */
  readonly flow: string | null
  readonly kind: 'model' | 'tool'
  readonly provider: string | null
  readonly model: string | null
  readonly requested_model: string | null
  readonly server: string | null
  readonly tool: string | null
  readonly endpoint: string | null
  readonly stream: boolean | null
  readonly status: string
  readonly upstream_status: string | null
  readonly input_tokens: number | null
  readonly output_tokens: number | null
  readonly cache_read_tokens: number | null
  readonly cache_write_tokens: number | null
  readonly reasoning_tokens: number | null
  /** Null when nobody knows it, which is not the same as zero. */
  readonly cost_micro_usd: number | null
  readonly cost_source: string | null
  readonly usage_source: string | null
  readonly duration_ms: number | null
}

/**
 * A change of what is spent; for every counter the amounts add up to its `spent`. `lease`: settled by the proxy that
 * held it. `late`: charged when its entry came, because no lease paid for it. `seed`: spent before the counter was
 * made. `correction`: the budget was written anew. `written_off`: leased and never settled; less when it is after all.
 */
export interface BudgetChargeRow {
  readonly id: Generated<number>
  readonly proxy: string | null
  readonly seq: number | null
  readonly time: Date
  readonly namespace: string
  readonly budget: string
  readonly counter: string
  readonly window_start: string
  readonly lease: string | null
  readonly kind: 'lease' | 'late' | 'seed' | 'written_off' | 'correction'
  /** Micro-USD, tokens or calls. */
  readonly amount: number
  /** Why it was late. */
  readonly reason: string | null
}

/** How much of a budget is spent and leased in a window; the limit is in the table in force. */
export interface BudgetCounterRow {
  readonly namespace: string
  readonly budget: string
  readonly counter: string
  /** ISO 8601; empty for session and total. */
  readonly window_start: string
  readonly window_end: Date | null
  readonly unit: BudgetUnit
  /** Digest of what decides which calls count; when the budget no longer has it, what is spent is counted anew. */
  readonly definition: string
  readonly extended: number
  readonly spent: number
  /** The sum over all leases of what is not settled of them. */
  readonly leased: number
  /** Grows with every lease; the update of it is the lock under which leases are granted. */
  readonly fence: number
  /** When somebody last needed more than was left. */
  readonly wanted_at: Date | null
  readonly soft_told_at: Date | null
}

/** A part of a counter that one start of one proxy may spend; `amount - settled`, unless negative, is leased. */
export interface BudgetLeaseRow {
  readonly id: string
  readonly namespace: string
  readonly budget: string
  readonly counter: string
  readonly window_start: string
  readonly unit: BudgetUnit
  readonly proxy: string
  readonly run: string
  readonly fence: number
  readonly amount: number
  readonly settled: number
  /** What was spent when nobody settled it; late entries lower it. */
  readonly written_off: number
  readonly granted_at: Date
  readonly expires_at: Date
  /** `closed`: nothing more may be reserved from it, though something may be left to settle. */
  readonly state: 'open' | 'closed' | 'written_off'
}

/** A start of a proxy, in the order of `first_seq` and `start`: entries before `first_seq` are of earlier ones. */
export interface BudgetRunRow {
  readonly id: Generated<number>
  readonly proxy: string
  readonly run: string
  readonly first_seq: number
  readonly start: number
  readonly started_at: Date
}
