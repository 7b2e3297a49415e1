import type { Draw } from './amounts.ts'
import type { Defaults } from './recorded.ts'
import type { ShardTally } from './shard-tally.ts'

/** Rule tables as canonical JSON, by namespace. */
type TableTexts = readonly (readonly [namespace: string, json: string])[]

/** What a thread begins with. */
export interface ShardStart {
  /** Which thread it is, out of how many: it judges the sessions that are its own. */
  readonly shard: number
  readonly of: number
  readonly after: TableTexts
  /** What it is compared with; null for what is on record. */
  readonly before: TableTexts | null
  /** Calls before this instant, ms since 1970, are only remembered. */
  readonly since: number | null
  /** Whether calls in namespaces without tables are let pass instead of counted. */
  readonly onlyKnown: boolean
  readonly defaults: Defaults
}

/** A question that people were or would be asked. */
export interface Ask {
  readonly line: number
  /** The request on record: asked again about the same one, people are asked once. */
  readonly approval: string | null
  readonly namespace: string
  /** Workflows that were asked, and whose agent it was; null when nobody was asked. */
  readonly before: Asked | null
  readonly after: Asked | null
}

export interface Asked {
  readonly workflows: readonly string[]
  readonly user: string
}

/** What a call would take from budgets. */
export interface Bill {
  /** Line at which it ended. */
  readonly line: number
  readonly namespace: string
  /** When it was made, ms since 1970; null where nobody wrote it down. */
  readonly time: number | null
  /** What it cost when it was made. */
  readonly costMicroUsd: number
  /** Null when nobody knows which budgets concern it. */
  readonly draws: readonly Draw[] | null
}

/** What a thread makes of a block of lines, in their order. */
export interface BlockAnswer {
  readonly lines: number
  readonly asks: readonly Ask[]
  readonly bills: readonly Bill[]
}

/** A block to be judged, or the end. */
export type ShardQuestion = Uint8Array | 'end'

export type ShardAnswer =
  | { readonly kind: 'block'; readonly answer: BlockAnswer }
  | { readonly kind: 'end'; readonly tally: ShardTally; readonly bills: readonly Bill[] }
