import type { Call } from '../../schemas/call.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { Expression } from '../../schemas/expression.ts'
import type { PlanExample, PlanVerdict } from '../../schemas/plan.ts'
import { builtinRefusal } from '../decide/builtin.ts'
import { type Condition, plan } from '../decide/cel/plan.ts'
import { decide } from '../decide/decide.ts'
import { type Facts, factsOf } from '../decide/facts.ts'
import type { LoadedTable } from '../decide/load.ts'
import { withField } from './call-fields.ts'
import { callOf, type Known } from './case-calls.ts'
import type { Case, Transition } from './decisions.ts'
import { burn, type Fuel } from './fuel.ts'
import { withoutReason } from './judged.ts'
import { comparison, type Outcome, outcome } from './outcome.ts'
import { fieldsIn, valuesFor } from './values.ts'

/** What examples are looked for with. */
export interface Search {
  readonly before: LoadedTable
  readonly after: LoadedTable
  readonly known: Known
  readonly conditions: WeakMap<Expression, Condition>
  readonly fuel: Fuel
}

/** A call for which both tables decide as a transition says; null when none is found. Both were asked. */
export function exampleOf(search: Search, transition: Transition): PlanExample | null {
  for (const each of transition.cases) {
    const call = madeUp(search, each)
    const example = call && judgedExample(search, call)
    if (example && shows(example, transition)) return example.example
  }
  return null
}

/** Whether a call is decided as a transition says, by the rules that it names. */
function shows({ relation, example }: Judged, transition: Transition): boolean {
  const agrees = (verdict: PlanVerdict, { action, reason, rule }: Outcome) =>
    verdict.action === action &&
    (rule === undefined || (verdict.rule === rule.name && verdict.reason === reason))
  return (
    relation === transition.relation &&
    agrees(example.before, transition.before) &&
    agrees(example.after, transition.after)
  )
}

interface Judged {
  readonly relation: Transition['relation']
  readonly example: PlanExample
}

/** What both tables say to a call, and how that compares; null where it is the same. */
export function judgedExample(
  { before, after }: Pick<Search, 'before' | 'after'>,
  call: Call,
): Judged | null {
  const facts = factsOf(call)
  for (const judge of facts.tool.server === 'builtin' ? [decide, own] : [decide]) {
    const [was, is] = [judge(before, facts), judge(after, facts)]
    const relation = comparison(outcomeOf(was), outcomeOf(is))
    const example = { call, before: verdictOf(was), after: verdictOf(is) }
    if (relation !== 'same') return { relation, example }
  }
  return null
}

/** What becomes of a call of one of Writ's own tools. */
function own(table: LoadedTable, facts: Facts): Decision {
  return (
    builtinRefusal(table, facts) ?? {
      action: 'allow',
      reason: 'unmatched',
      observed: [],
      table: '',
    }
  )
}

function outcomeOf(decision: Decision) {
  const workflows = decision.action === 'require_approval' ? decision.workflows : []
  return outcome({ action: decision.action, workflows }, { reason: decision.reason })
}

function verdictOf(decision: Decision): PlanVerdict {
  const { action, reason, policy, rule } = decision
  return {
    action,
    reason,
    ...(policy !== undefined && { policy }),
    ...(rule !== undefined && { rule }),
    ...(decision.action === 'require_approval' && { workflows: decision.workflows }),
  }
}

/** A call with the answers that a case supposes, as far as fields can be set one by one. */
function madeUp(search: Search, each: Case): Call | null {
  const { supposed } = each
  if (!burn(search.fuel, supposed.length)) return null
  if (supposed.some(({ unknown, answer }) => unknown.overrun !== null && answer === true))
    return null
  const blank = supposed.find(({ unknown }) => unknown === withoutReason)?.answer ?? true
  const start = callOf(each, search.known)
  let call: Call = blank
    ? start
    : { ...start, request: { justification: 'needed for the release' } }
  const wishes = supposed.flatMap(({ unknown: { part }, answer }) =>
    part === null ? [] : [{ part, answer, fields: fieldsIn(part) }],
  )
  const fields = new Map(wishes.flatMap(wish => wish.fields).map(field => [field.join('.'), field]))
  for (const [key, field] of fields) {
    const about = wishes.filter(wish => wish.fields.some(other => other.join('.') === key))
    call = bestWith(search, call, field, about)
  }
  return call
}

interface Wish {
  readonly part: Expression
  readonly answer: boolean | null
}

/** Parts of conditions whose constants are tried for a field. */
const mostTelling = 32

/** The call with the value of a field for which most is as it is wished. */
function bestWith(
  search: Search,
  call: Call,
  field: readonly string[],
  wishes: readonly Wish[],
): Call {
  // What must hold is more telling than what must not.
  const telling = [...wishes].sort((a, b) => Number(b.answer) - Number(a.answer))
  const values = telling.slice(0, mostTelling).flatMap(({ part }) => valuesFor(part))
  let best = { call, met: met(search, call, wishes) }
  for (const value of new Set(values)) {
    if (best.met === wishes.length || !burn(search.fuel, wishes.length)) break
    const tried = withField(call, field, value)
    const count = tried === null ? 0 : met(search, tried, wishes)
    if (tried !== null && count > best.met) best = { call: tried, met: count }
  }
  return best.call
}

function met({ conditions }: Search, call: Call, wishes: readonly Wish[]): number {
  const facts = factsOf(call)
  return wishes.filter(({ part, answer }) => {
    const condition = conditions.get(part) ?? plan(part)
    conditions.set(part, condition)
    const truth = condition(facts)
    return (typeof truth === 'boolean' ? truth : null) === answer
  }).length
}
