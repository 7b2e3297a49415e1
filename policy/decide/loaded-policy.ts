import type { Fallback, RuleTable, TableEntry, TableRule } from '../../schemas/rule-table.ts'
import type { Frame } from './cel/frame.ts'
import { type Condition, plan, planVisible } from './cel/plan.ts'
import type { Facts } from './facts.ts'
import { matchesGlob } from './glob.ts'
import type { EntryList, PolicyOutline } from './table-shape.ts'
import { type Verdict, verdict } from './verdict.ts'

/** A policy without its entries. */
type PolicyHead = Omit<PolicyOutline, EntryList>

/** A policy of the table. There may be thousands, so little is kept or made before it is needed. */
export interface LoadedPolicy {
  /** Its JSON; null when that is too long to be kept. */
  readonly text: string | null
  readonly context: TableContext
  readonly mode: PolicyHead['mode']
  readonly system: boolean
  readonly subjects: PolicyHead['subjects']
  readonly unmatched: Fallback
  /** Position in the order of names. */
  order: number
  /** The rest of it, once it was needed. */
  head: PolicyHead | null
  /** The verdict when nothing in it matches, once it was needed. */
  verdict: Verdict | null
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

/**
 * Makes a policy ready, without its entries; `shared` gives one value for all that are equal. Its order is
 * for the caller to set once all names are known.
 */
export function loadPolicy(
  context: TableContext,
  { text, outline }: WrittenPolicy,
  shared: <T>(value: T) => T,
): LoadedPolicy {
  const { mode, system = false, subjects, unmatched } = outline
  return {
    text,
    context,
    mode,
    system,
    subjects: subjects && shared(subjects),
    unmatched: shared(unmatched),
    order: 0,
    head: text === null ? headIn(outline) : null,
    verdict: null,
  }
}

/** A policy as it is written: its JSON unless that is long, and what it says. */
export interface WrittenPolicy {
  readonly text: string | null
  readonly outline: PolicyOutline
}

/** What a policy says besides its entries. */
export function headOf(policy: LoadedPolicy): PolicyHead {
  policy.head ??= headIn(JSON.parse(String(policy.text)))
  return policy.head
}

function headIn({ tools, models, resources, prompts, ...head }: PolicyOutline): PolicyHead {
  return head
}

/** Whether a policy concerns a caller. */
export function selects({ subjects }: LoadedPolicy, caller: Facts['subject']): boolean {
  if (subjects === undefined) return true
  const { agents, apiKeys } = subjects
  return isAmong(agents, caller.agent) && isAmong(apiKeys, caller.apiKey)
}

function isAmong(patterns: readonly string[] | undefined, name: string): boolean {
  return patterns === undefined || patterns.some(pattern => matchesGlob(pattern, name))
}

/** The verdict of a policy in which nothing matches. */
export function defaultOf(policy: LoadedPolicy): Verdict {
  const { context, order, unmatched } = policy
  policy.verdict ??= verdict(context, order, unmatched, {
    reason: 'unmatched',
    policy: headOf(policy).name,
    at: headOf(policy).at,
  })
  return policy.verdict
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
  const { name, onError } = headOf(policy)
  const grounds = { policy: name, at: source.at }
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
    onError: source.onError ?? onError,
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
      policy: headOf(policy).name,
      rule,
      message,
      at,
    }),
  }
}
