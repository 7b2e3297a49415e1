/** What calls used and cost together. */
export interface UsageSumColumns {
  readonly calls: number
  readonly failed_calls: number
  /** Model calls of which nobody knows what they cost. */
  readonly unpriced_calls: number
  /** Calls whose tokens the provider did not tell. */
  readonly estimated_calls: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_read_tokens: number
  readonly cache_write_tokens: number
  readonly reasoning_tokens: number
  readonly cost_micro_usd: number
}

/** The calls of one UTC day that are alike; what they lack is empty. */
export interface UsageDayRow extends UsageSumColumns {
  /** SHA-256 of what they have in common, in hex: agents choose names too long for an index. */
  readonly key: string
  /** `2026-11-21`. */
  readonly day: string
  readonly namespace: string
  readonly agent: string
  readonly api_key: string
  readonly user_name: string
  readonly flow: string
  readonly kind: string
  readonly provider: string
  readonly model: string
  readonly server: string
  readonly tool: string
  readonly last_at: Date
}

/** The calls of one session of one agent. */
export interface UsageSessionRow extends UsageSumColumns {
  /** SHA-256 of namespace, agent and session, in hex. */
  readonly key: string
  readonly namespace: string
  readonly agent: string
  readonly user_name: string
  readonly session: string
  /** The model of its newest call of one; empty when there was none. */
  readonly last_model: string
  readonly model_calls: number
  readonly tool_calls: number
  readonly started_at: Date
  readonly last_at: Date
}
