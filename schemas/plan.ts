import type { Action } from './action.ts'
import type { Call } from './call.ts'
import type { CallKind } from './call-kind.ts'
import type { Place } from './problem.ts'

/**
 * What can be said of all calls together. `proved`: no call of any caller gets a looser decision, and nobody
 * comes in or may answer who could not before. `neutral`: no decision changes at all, proved. `unproven`: anything else.
 */
export type Narrows = 'proved' | 'unproven' | 'neutral'

/**
 * `widening` lets through what was held back, or may; `narrowing` is proved to hold back more; `either` is what
 * nothing is proved of; `neutral` is proved to change no decision.
 */
export type PlanEffect = 'widening' | 'either' | 'narrowing' | 'neutral'

/** What a change is about: a kind of call, or something that is written. */
export type PlanKind =
  | CallKind
  | 'policy'
  | 'server'
  | 'provider'
  | 'agent'
  | 'workflow'
  | 'budget'
  | 'user'
  | 'team'
  | 'channel'
  | 'source'

/** What changes in a namespace between two states of its policies. */
export interface Plan {
  readonly namespace: string
  /** Digest of the table as it was; empty when there was none. */
  readonly before: string
  /** Digest of the table as it is to be; empty when there is to be none. */
  readonly after: string
  readonly narrows: Narrows
  /** Set when there was too much to compare; what was left out counts as unproven. */
  readonly gaveUp?: true
  /** What widens comes first, then `either`, `narrowing`, `neutral`. */
  readonly changes: readonly PlanChange[]
}

/** The plans of all namespaces, and what can be said of them together. */
export interface Plans {
  readonly narrows: Narrows
  /** Sorted by namespace; those in which nothing changes have no changes. */
  readonly plans: readonly Plan[]
}

/** One thing that changes. */
export interface PlanChange {
  readonly effect: PlanEffect
  readonly kind: PlanKind
  /** Tool, model, URI or prompt, or a glob; or the name of what is written. */
  readonly name: string
  /** Only at this server. */
  readonly server?: string
  /** The policy that was changed. */
  readonly policy?: string
  /** The rule that decides now, else the one that decided. */
  readonly rule?: string
  /** Whom it concerns, globs; absent for every caller. */
  readonly subjects?: { readonly agents?: readonly string[]; readonly apiKeys?: readonly string[] }
  /** What changes, in words. */
  readonly message: string
  readonly at?: Place
  /** A call for which the two states decide as it says; both were asked. */
  readonly example?: PlanExample
}

/** A call and what becomes of it before and after. */
export interface PlanExample {
  readonly call: Call
  readonly before: PlanVerdict
  readonly after: PlanVerdict
}

/** What a state says to a call. */
export interface PlanVerdict {
  readonly action: Action
  readonly reason: string
  readonly policy?: string
  readonly rule?: string
  /** Whom it asks, where it asks; empty for the owners. */
  readonly workflows?: readonly string[]
}
