import type { Fallback, RuleTable, TableEntry, TableRule } from '../../schemas/rule-table.ts'
import type { Frame } from './cel/frame.ts'
import { type Condition, plan, planVisible } from './cel/plan.ts'
import type { Facts } from './facts.ts'
import { anyGlob } from './glob.ts'
import type { EntryList, PolicyOutline } from './table-shape.ts'
import { type Verdict, verdict } from './verdict.ts'

/** A policy without its entries. */
type PolicyHead = Omit<PolicyOutline, EntryList>

/** A policy of the table made ready: tests instead of globs, verdicts instead of words. */
export interface LoadedPolicy {
  readonly source: PolicyHead
  readonly context: TableContext
  /** Position in the order of names. */
  readonly order: number
  readonly selects: (subject: Facts['subject']) => boolean
  readonly unmatched: Verdict
}

/** An entry made ready. */
export interface LoadedEntry {
  readonly source: TableEntry
  readonly policy: LoadedPolicy
  /** Position in its list; the first entry that matches speaks. */
  readonly position: number
  readonly disabled: Verdict
  /** The verdict on a call without a reason; null where none is needed. */
  readonly demand: Verdict | null
  readonly rules: readonly LoadedRule[]
  /** The verdict when no rule matches; null to abstain. */
  readonly otherwise: Verdict | null
  /** What a condition means that cannot be evaluated. */
  readonly onError: Fallback
}

/** A rule made ready. */
export interface LoadedRule {
  readonly source: TableRule
  /** Null for a rule that always matches. */
  readonly condition: Condition | null
  /** Whether the condition can hold for a caller whatever the arguments are. */
  readonly mayHold: (facts: Facts) => boolean | 'unknown'
  readonly matched: Verdict
}

/** The files and the digest that verdicts are written with, and the frame that conditions share. */
export interface TableContext {
  readonly files: RuleTable['files']
  readonly digest: string
  readonly frame: Frame
}

/** Makes a policy ready, without its entries. */
export function loadPolicy(
  context: TableContext,
  { tools, models, resources, prompts, ...source }: PolicyOutline,
  order: number,
): LoadedPolicy {
  const { name, subjects = {}, at } = source
  const agent = subjects.agents ? anyGlob(subjects.agents) : always
  const apiKey = subjects.apiKeys ? anyGlob(subjects.apiKeys) : always
  return {
    source,
    context,
    order,
    selects: subject => agent(subject.agent) && apiKey(subject.apiKey),
    unmatched: verdict(context, order, source.unmatched, { reason: 'unmatched', policy: name, at }),
  }
}

/** Makes an entry ready, one rule a step. */
export function* loadEntry(
  policy: LoadedPolicy,
  source: TableEntry,
  position: number,
): Generator<undefined, LoadedEntry> {
  const rules: LoadedRule[] = []
  for (const rule of source.rules) {
    rules.push(loadRule(policy, rule))
    yield
  }
  const grounds = { policy: policy.source.name, at: source.at }
  const { otherwise } = source
  return {
    source,
    policy,
    position,
    disabled: verdict(policy.context, policy.order, refuse, { ...grounds, reason: 'disabled' }),
    demand:
      source.justification === 'required'
        ? verdict(policy.context, policy.order, refuse, {
            ...grounds,
            reason: 'justification_required',
            message: giveReason,
          })
        : null,
    rules,
    onError: source.onError ?? policy.source.onError,
    otherwise: otherwise
      ? verdict(policy.context, policy.order, otherwise, { ...grounds, reason: 'unmatched' })
      : null,
  }
}

const refuse = { action: 'deny', workflows: [] } as const

const giveReason =
  'Justification required: call again with the argument `justification` saying why this is needed.'

const always = () => true

function loadRule(policy: LoadedPolicy, source: TableRule): LoadedRule {
  const { name: rule, message, at } = source
  return {
    source,
    condition: source.when === undefined ? null : plan(source.when, policy.context.frame),
    mayHold: source.when === undefined ? always : planVisible(source.when, policy.context.frame),
    matched: verdict(policy.context, policy.order, source, {
      reason: 'rule',
      policy: policy.source.name,
      rule,
      message,
      at,
    }),
  }
}
