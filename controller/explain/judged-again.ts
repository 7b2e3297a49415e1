import { isDeepStrictEqual } from 'node:util'
import { builtinRefusal } from '../../policy/decide/builtin.ts'
import type { Shadowed } from '../../policy/decide/cautious.ts'
import { explainShadowed } from '../../policy/decide/explain.ts'
import { Unknown } from '../../policy/decide/unknown.ts'
import { builtin } from '../../schemas/builtin-tool.ts'
import type { Decision, PolicyTrace } from '../../schemas/decision.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import { shownOf } from '../replay/given.ts'
import type { Recorded } from '../replay/recorded.ts'
import { factsThen, recordedFacts } from '../replay/recorded-facts.ts'
import type { SessionState } from '../replay/session-states.ts'
import { isMarked } from '../replay/shown-args.ts'
import type { Side } from '../replay/side.ts'
import { isOfPolicies } from '../replay/what-was-decided.ts'

/** What a table says to a recorded call. */
export interface Again {
  /** Null when it hangs on a part that nobody knows any more. */
  readonly decision: Decision | null
  /** Why a part is not known that was read on the way; null when everything was. */
  readonly unknown: string | null
  readonly trace: readonly PolicyTrace[]
}

/**
 * How judging again by the table that decided goes with what is on record. `equal`: it is the same in every part.
 * `same_action`: parts of the call are not known, and whatever they were, the same would be done. `not_known`: it hangs
 * on such a part, so the record alone says what was decided. `different`: something is not as it was.
 */
export type Agreement = 'equal' | 'same_action' | 'not_known' | 'different'

/** Judges a recorded call by the table that decided it; who called is what `agents` say. */
export function judgedThen(
  side: Side,
  agents: Side['agents'],
  recorded: Recorded,
  session: SessionState,
): Again & { readonly agreement: Agreement } {
  const own = copyOf(recorded)
  const facts = factsThen(agents, own, session, shownOf(own.entry))
  const again = judgedBy(side, recorded.entry, facts)
  return { ...again, agreement: agreementOf(recorded.entry, again) }
}

/** Judges a recorded call by another table. */
export function judgedOtherwise(side: Side, recorded: Recorded, session: SessionState): Again {
  const own = copyOf(recorded)
  const facts = recordedFacts(side, own, session, shownOf(own.entry))
  return judgedBy(side, recorded.entry, facts)
}

/** What is not shown is hidden in the entry itself, which others go on to read. */
function copyOf(recorded: Recorded): Recorded {
  const { args } = recorded.entry
  return { ...recorded, entry: { ...recorded.entry, args: structuredClone(args) } }
}

function judgedBy(side: Side, entry: Entry, call: Shadowed | Unknown): Again {
  if (call instanceof Unknown) return { decision: null, unknown: call.why, trace: [] }
  if (entry.server === builtin) return ofBuiltin(side, call)
  const decision = side.judge.decide(call)
  const { met } = call.reader
  const unknown = decision instanceof Unknown ? decision : met
  return {
    decision: decision instanceof Unknown ? null : decision,
    unknown: unknown?.why ?? null,
    trace: explainShadowed(side.table, side.judge, call),
  }
}

/** Writ's own tools need no policy; only entries that name them may refuse. */
function ofBuiltin({ table, judge }: Side, call: Shadowed): Again {
  const refusal = builtinRefusal(table, call.facts)
  const { met } = call.reader
  if (met !== null) return { decision: null, unknown: met.why, trace: [] }
  const decision = refusal ?? ({ ...harmless, table: table.digest } as const)
  const trace = refusal === null ? [] : explainShadowed(table, judge, call)
  return { decision, unknown: null, trace }
}

const harmless = { action: 'allow', reason: 'unmatched', observed: [] } as const

function agreementOf(entry: Entry, { decision, unknown }: Again): Agreement {
  if (decision === null) return 'not_known'
  if (unknown === null) return isAsRecorded(entry, decision) ? 'equal' : 'different'
  const recorded = decisionOn(entry)
  const same = recorded.action === decision.action && areSame(asked(recorded), asked(decision))
  return same ? 'same_action' : 'different'
}

/** Whether a decision is the one that the entry tells of, as far as the entry tells of it. */
export function isAsRecorded(entry: Entry, decision: Decision): boolean {
  const told = decisionOn(entry)
  const again = comparable(decision)
  // Where something else refused, its reason stands in the place of that of the policies.
  const reason = isOfPolicies(entry.reason) ? told.reason : again.reason
  const message = isMarked(told.message) ? again.message : told.message
  return areSame({ ...told, reason, message }, again)
}

/** What the policies had decided, as the entry says. */
function decisionOn(entry: Entry) {
  const { reason, policy, rule, message, at, commit, workflows, observed, table } = entry
  const action = isOfPolicies(reason) ? entry.action : 'allow'
  return comparable({
    action,
    reason,
    policy,
    rule,
    message,
    at,
    commit,
    workflows,
    observed,
    table,
  })
}

interface Told {
  readonly action: Entry['action']
  readonly reason: string
  readonly policy?: string | undefined
  readonly rule?: string | undefined
  readonly message?: string | undefined
  readonly at?: Entry['at'] | null
  readonly commit?: string | undefined
  readonly workflows?: readonly string[] | undefined
  readonly observed?: readonly unknown[] | undefined
  readonly table?: string | undefined
}

function comparable({ action, reason, ...rest }: Told) {
  const { policy = '', rule = '', message = '', at = null, commit = '', table = '' } = rest
  const { workflows = [], observed = [] } = rest
  return { action, reason, policy, rule, message, at, commit, workflows, observed, table }
}

function asked({ action, workflows = [] }: Told): readonly string[] {
  return action === 'require_approval' ? workflows : []
}

function areSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b)
}
