import { createHash } from 'node:crypto'
import { strictness } from '../../schemas/action.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { Fallback } from '../../schemas/rule-table.ts'
import type { CallPlan } from './call-plan.ts'
import type { Facts } from './facts.ts'
import { defaultOf, type LoadedPolicy, selects } from './loaded-policy.ts'
import { stricter, type Verdict } from './verdict.ts'

/** What the policies that select a caller say together. Callers that the same policies select share it. */
export interface Selection {
  /** The enforcing policies of the system namespace. */
  readonly system: readonly LoadedPolicy[]
  readonly observers: readonly LoadedPolicy[]
  /** The strictest default of the enforcing policies of the namespace's own; null when there is none. */
  readonly ownDefault: Verdict | null
  /** By name of what is called; a link for each server. */
  readonly plans: { readonly [K in CallKind]: Map<string, PlanLink> }
}

/** A plan for a name at one server, and those at others. */
interface PlanLink {
  readonly server: string
  readonly plan: CallPlan
  readonly next: PlanLink | undefined
}

/** The policies that select a caller, in the order of names, and a short text that only they have. */
export function selecting(policies: readonly LoadedPolicy[], subject: Facts['subject']) {
  const all = policies.filter(policy => selects(policy, subject))
  const orders = all.map(({ order }) => order).join()
  return { all, key: createHash('sha256').update(orders).digest('base64') }
}

/** Sums up the policies that select a caller. */
export function selectionOf(all: readonly LoadedPolicy[]): Selection {
  const enforced = all.filter(({ mode }) => mode === 'enforce')
  const ownDefault = strictestDefault(
    null,
    enforced.filter(({ system }) => !system),
  )
  return {
    // Alone, policies of the system namespace would decide where nobody let the caller in.
    system: ownDefault === null ? [] : enforced.filter(({ system }) => system),
    observers: all.filter(({ mode }) => mode === 'observe'),
    ownDefault,
    plans: { tool: new Map(), model: new Map(), resource: new Map(), prompt: new Map() },
  }
}

/** The strictest of a verdict and the defaults of policies. */
export function strictestDefault(
  start: Verdict | null,
  policies: readonly LoadedPolicy[],
): Verdict | null {
  const heard = new Set<Fallback>()
  let strictest = start
  for (const policy of policies) {
    const { unmatched } = policy
    if (strictest !== null && !isHeavier(strictest, policy, heard)) continue
    heard.add(unmatched)
    strictest = stricter(strictest, defaultOf(policy))
  }
  return strictest
}

/** Whether the default of a policy could change anything; verdicts are not made of the thousands that cannot. */
function isHeavier(
  { decision, order }: Verdict,
  policy: LoadedPolicy,
  heard: ReadonlySet<Fallback>,
): boolean {
  const { unmatched } = policy
  const more = strictness(unmatched.action) - strictness(decision.action)
  if (more !== 0) return more > 0
  return policy.order < order || (unmatched.action === 'require_approval' && !heard.has(unmatched))
}
