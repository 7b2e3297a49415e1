import type { Action } from '../../schemas/action.ts'
import type { CallKind } from '../../schemas/call-kind.ts'

/** Calls of one thing that were decided alike. */
export interface Decided {
  readonly policy: string
  readonly rule: string
  readonly action: Action
  readonly reason: string
  readonly calls: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

/** Something that was called, with how that was decided, the most frequent first. */
export interface Use {
  readonly kind: CallKind
  /** Empty when it is not known. */
  readonly server: string
  readonly name: string
  readonly calls: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
  /** Some of the agents, sorted. */
  readonly agents: readonly string[]
  /** Whether there are more of them. */
  readonly moreAgents: boolean
  readonly decisions: readonly Decided[]
}

/** What a rule decided, whatever it was called for; of policies in observe mode what it would have. */
export interface Firing extends Omit<Decided, 'action'> {
  readonly kind: CallKind
  readonly observed: boolean
}

/** What was counted in one namespace. */
export interface Counted {
  readonly uses: readonly Use[]
  readonly firings: readonly Firing[]
  readonly calls: number
  /** Calls of names that are not among the uses. */
  readonly uncountedNames: number
  /** When counting began, ms since 1970; null when nothing was counted. */
  readonly recordedSince: number | null
  /** The same for policies in observe mode. */
  readonly observedSince: number | null
}
