import type { Decision } from '../../schemas/decision.ts'
import { type CallPlan, planFor } from './call-plan.ts'
import { type ConditionError, planCautious } from './cel/plan.ts'
import { decide } from './decide.ts'
import type { Facts } from './facts.ts'
import { unjudged } from './judge.ts'
import type { LoadedTable } from './load.ts'
import { defaultOf, type LoadedEntry, type LoadedRule } from './loaded-policy.ts'
import { type Reader, Unknown } from './unknown.ts'
import { stricter, type Verdict } from './verdict.ts'

/** A call of which parts may be hidden (`hide`, `unread`); the reader is told when one of them is read. */
export interface Shadowed {
  readonly facts: Facts
  readonly reader: Reader
  /** Whether the caller gave a reason, though perhaps nobody knows which. */
  readonly reasoned: boolean
}

type Condition = (facts: Facts) => boolean | ConditionError | Unknown

/** What an entry may say, or null where it may abstain. */
type Sayings = readonly (Verdict | null)[]

/** More combinations of what entries may say than this are not looked at. */
const most = 1024

/**
 * Judges calls of which parts are not known. What it decides holds whatever those parts were; where the action or the
 * people asked hang on them, it says why that is not known instead. Where only the rule hangs on them, the first that
 * may have matched is named.
 */
export class CautiousJudge {
  readonly #table: LoadedTable
  readonly #conditions = new Map<LoadedRule, Condition>()

  constructor(table: LoadedTable) {
    this.#table = table
  }

  decide(call: Shadowed): Decision | Unknown {
    const { facts, reader } = call
    reader.met = null
    try {
      const decision = decide(this.#table, facts)
      if (reader.met === null) return decision
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
    }
    return this.#among(call, planFor(this.#table.plans, facts))
  }

  /** The one decision that everything comes to, whatever the unknown parts were. */
  #among(call: Shadowed, plan: CallPlan): Decision | Unknown {
    const doubts: Unknown[] = []
    const sayings = (entry: LoadedEntry) => this.#sayings(entry, call, doubts)
    const own = plan.own.map(sayings)
    const system = plan.system.map(sayings)
    const verdicts = combined(plan, own, system)
    const [first] = verdicts ?? []
    const certain = first !== undefined && verdicts?.every(other => isAlike(first, other))
    return certain ? first.decision : (doubts[0] as Unknown)
  }

  /** What an entry says, null when it abstains; an Unknown when that hangs on a part that is not known. */
  says(entry: LoadedEntry, call: Shadowed): Verdict | null | Unknown {
    const doubts: Unknown[] = []
    const [first = null, ...others] = this.#sayings(entry, call, doubts)
    const certain = others.every(other => first !== null && other !== null && isAlike(first, other))
    return certain ? first : (doubts[0] as Unknown)
  }

  /** Whether a rule matches; an Unknown when that hangs on a part that is not known. */
  holds(rule: LoadedRule, { facts }: Shadowed): ReturnType<Condition> {
    return this.#condition(rule)(facts)
  }

  #sayings(entry: LoadedEntry, { facts, reasoned }: Shadowed, doubts: Unknown[]): Sayings {
    if (!entry.source.enabled) return [entry.disabled]
    const found: (Verdict | null)[] = []
    const settled = entry.rules.some(rule => this.#hear(entry, rule, facts, found, doubts))
    if (!settled) found.push(entry.otherwise)
    return reasoned ? found : found.map(saying => stricter(saying, entry.demand))
  }

  /** Notes what a rule may say; true when no later one can speak. */
  #hear(
    entry: LoadedEntry,
    rule: LoadedRule,
    facts: Facts,
    found: (Verdict | null)[],
    doubts: Unknown[],
  ): boolean {
    const holds = this.#condition(rule)(facts)
    if (holds === false) return false
    if (holds instanceof Unknown) {
      doubts.push(holds)
      const error = { message: 'is not known', at: [0, 0] } as const
      found.push(rule.matched, unjudged(entry, rule, error))
      return false
    }
    found.push(holds === true ? rule.matched : unjudged(entry, rule, holds))
    return true
  }

  #condition(rule: LoadedRule): Condition {
    const known = this.#conditions.get(rule)
    if (known !== undefined) return known
    const { when } = rule.source
    const condition = when === undefined ? () => true : planCautious(when)
    this.#conditions.set(rule, condition)
    return condition
  }
}

/** What everything together may say; null where there are too many ways. */
function combined(
  { silent, system: entries }: CallPlan,
  own: readonly Sayings[],
  system: readonly Sayings[],
): readonly Verdict[] | null {
  const ways = [...own, ...system].reduce((product, { length }) => product * length, 1)
  if (ways > most) return null
  return folded([null], own).flatMap(spoken => {
    const quiet = (at: number) =>
      spoken === null ? defaultOf((entries[at] as LoadedEntry).policy) : null
    const heard = system.map((sayings, at) => sayings.map(saying => saying ?? quiet(at)))
    return folded([spoken ?? silent], heard) as readonly Verdict[]
  })
}

function folded(start: Sayings, all: readonly Sayings[]): Sayings {
  return all.reduce<Sayings>(
    (sums, sayings) => sums.flatMap(sum => sayings.map(saying => stricter(sum, saying))),
    start,
  )
}

/** Whether two verdicts let the same through and ask the same people. */
function isAlike(a: Verdict, b: Verdict): boolean {
  return a.decision.action === b.decision.action && asked(a.decision) === asked(b.decision)
}

function asked(decision: Decision): string {
  return decision.action === 'require_approval' ? decision.workflows.join('\n') : ''
}
