import type { ToolEntry } from '../../../schemas/access-policy.ts'
import type { Action } from '../../../schemas/action.ts'
import type { Call } from '../../../schemas/call.ts'
import { conditions, type RandomPolicy } from './random-policies.ts'

/** What a decision says, as far as the naive reading goes. */
export interface NaiveDecision {
  readonly action: Action
  readonly reason: string
  readonly policy?: string
  readonly rule?: string
  readonly workflows?: readonly string[]
  readonly observed: readonly object[]
}

interface Vote {
  readonly action: Action
  readonly reason: string
  readonly policy: string
  readonly rule?: string
  readonly workflows: readonly string[]
}

/** The language read out loud, one policy after the other, for calls of tools in namespace default. */
export function naiveDecision(policies: readonly RandomPolicy[], call: Call): NaiveDecision {
  const selecting = policies.filter(({ spec }) => selects(spec.subjects?.agents, call))
  const enforcing = selecting.filter(({ spec }) => spec.mode !== 'observe')
  const observed = selecting
    .filter(({ spec }) => spec.mode === 'observe')
    .map(policy => strictest(votes(policy, call)) ?? unmatched(policy))
    .sort((a, b) => (a.policy < b.policy ? -1 : 1))
    .map(({ policy, action, reason, rule }) => ({
      policy,
      action,
      reason,
      ...(rule ? { rule } : {}),
    }))

  const own = enforcing.filter(({ namespace }) => namespace === 'default')
  const system = enforcing.filter(({ namespace }) => namespace === 'writ-system')
  if (own.length === 0) return { action: 'deny', reason: 'no_policy', observed }

  const ownVotes = own.flatMap(policy => votes(policy, call))
  const abstained = ownVotes.length === 0
  const all = [
    ...(abstained ? own.map(unmatched) : ownVotes),
    ...system.flatMap(policy => {
      const spoken = votes(policy, call)
      return spoken.length === 0 && abstained ? [unmatched(policy)] : spoken
    }),
  ]
  const { action, reason, policy, rule } = strictest(all) as Vote
  const asked = all.filter(vote => vote.action === action).map(({ workflows }) => workflows)
  const named = asked.some(list => list.length > 0)
    ? asked.flatMap(list => (list.length === 0 ? [''] : list))
    : []
  return {
    action,
    reason,
    policy,
    ...(rule === undefined ? {} : { rule }),
    ...(action === 'require_approval' ? { workflows: [...new Set(named)].sort() } : {}),
    observed,
  }
}

const order = ['allow', 'require_approval', 'deny']
const reasons = ['rule', 'disabled', 'condition_error', 'justification_required', 'unmatched']

function strictest(votes: readonly Vote[]): Vote | undefined {
  return [...votes].sort(
    (a, b) =>
      order.indexOf(b.action) - order.indexOf(a.action) ||
      reasons.indexOf(a.reason) - reasons.indexOf(b.reason) ||
      (a.policy < b.policy ? -1 : 1),
  )[0]
}

function votes(policy: RandomPolicy, call: Call): readonly Vote[] {
  const entries = policy.spec.tools ?? []
  const i = entries.findIndex(
    ({ name, server }) =>
      like(name, call.tool ?? '') && (server === undefined || server === call.server),
  )
  const entry = entries[i]
  if (entry === undefined) return []
  const by = { policy: tableName(policy), workflows: [] }
  if (entry.enabled === false) return [{ ...by, action: 'deny', reason: 'disabled' }]
  const blank = (call.request?.justification ?? '').trim() === ''
  return [
    ...byRules(policy, entry, i, call),
    ...(entry.justification === 'required' && blank
      ? [{ ...by, action: 'deny', reason: 'justification_required' } as const]
      : []),
  ]
}

function byRules(policy: RandomPolicy, entry: ToolEntry, i: number, call: Call): readonly Vote[] {
  for (const [j, rule] of (entry.rules ?? []).entries()) {
    const by = { policy: tableName(policy), rule: rule.name ?? `tools[${i}].rules[${j}]` }
    try {
      if (rule.when !== undefined && conditions[rule.when]?.(call) !== true) continue
    } catch {
      return [{ ...by, action: 'deny', reason: 'condition_error', workflows: [] }]
    }
    const workflow =
      rule.approvalWorkflow ?? entry.approvalWorkflow ?? policy.spec.defaults?.approvalWorkflow
    return [{ ...by, action: rule.action, reason: 'rule', workflows: asking(policy, workflow) }]
  }
  return []
}

function unmatched(policy: RandomPolicy): Vote {
  const { unmatched: action = 'deny', approvalWorkflow } = policy.spec.defaults ?? {}
  const workflows = asking(policy, approvalWorkflow)
  return { policy: tableName(policy), action, reason: 'unmatched', workflows }
}

function asking({ namespace }: RandomPolicy, workflow: string | undefined): readonly string[] {
  if (workflow === undefined) return []
  return [namespace === 'default' ? workflow : `writ-system/${workflow}`]
}

function tableName({ namespace, name }: RandomPolicy): string {
  return namespace === 'default' ? name : `writ-system/${name}`
}

function selects(agents: readonly string[] | undefined, call: Call): boolean {
  return agents === undefined || agents.some(agent => like(agent, call.subject?.agent ?? ''))
}

function like(glob: string, text: string): boolean {
  return new RegExp(`^${glob.replaceAll('*', '.*')}$`, 's').test(text)
}
