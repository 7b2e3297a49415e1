import { type Action, strictness } from '../../schemas/action.ts'
import { type CallKind, callKinds } from '../../schemas/call.ts'
import type { RuleTable, TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import { compared, type Numbered, numbered, reordered, written } from './compared.ts'
import { entriesOf } from './loaded-policy.ts'

/** One thing that is not the same in two tables. */
export interface Change {
  /**
   * `widening` may let through what was held back; `narrowing` can only hold back more; `neutral` changes
   * no verdict. What the form of the tables does not settle counts as widening.
   */
  readonly effect: 'widening' | 'narrowing' | 'neutral'
  /** The policy that changed; absent for servers, agents and workflows. */
  readonly policy?: string
  /** What changed, in words. */
  readonly message: string
}

type Effect = Change['effect']

/** What changes from one table to the next, per policy, tool and subject; what widens comes first. */
export function difference(before: RuleTable, after: RuleTable): readonly Change[] {
  const changes = [
    ...compared(before.policies, after.policies, policyAdded, policyRemoved, policyChanges),
    ...compared(before.servers, after.servers, added('server'), removed('server'), server =>
      changed('server', server.name),
    ),
    ...compared(before.agents, after.agents, added('agent'), removed('agent'), agent =>
      changed('agent', agent.name),
    ),
    ...compared(before.workflows, after.workflows, added('workflow'), removed('workflow'), flow =>
      changed('workflow', flow.name),
    ),
  ]
  const effects: readonly Effect[] = ['widening', 'narrowing', 'neutral']
  return changes.sort((a, b) => effects.indexOf(a.effect) - effects.indexOf(b.effect))
}

const added =
  (noun: string) =>
  (item: { readonly name: string }): Change => ({
    effect: noun === 'workflow' ? 'neutral' : 'widening',
    message: `${noun} ${item.name} is new`,
  })

const removed =
  (noun: string) =>
  (item: { readonly name: string }): Change => ({
    effect: 'narrowing',
    message: `${noun} ${item.name} is gone`,
  })

function changed(noun: string, name: string): readonly Change[] {
  return [{ effect: 'widening', message: `${noun} ${name} is not as it was` }]
}

function policyAdded(policy: TablePolicy): Change {
  const lets = outcomes(policy).some(action => action !== 'deny')
  return {
    effect: quiet(policy) ? 'neutral' : lets ? 'widening' : 'narrowing',
    policy: policy.name,
    message: `the policy is new${concerning(policy)}`,
  }
}

function policyRemoved(policy: TablePolicy): Change {
  const holds = outcomes(policy).some(action => action !== 'allow')
  return {
    effect: quiet(policy) ? 'neutral' : holds ? 'widening' : 'narrowing',
    policy: policy.name,
    message: `the policy is gone${concerning(policy)}`,
  }
}

function policyChanges(before: TablePolicy, after: TablePolicy): readonly Change[] {
  const changes = [
    ...settings(before, after),
    ...callKinds.flatMap(kind => entryChanges(kind, before, after)),
  ]
  // Observed only, then and now: nothing that it says is enforced.
  const neutral = quiet(before) && quiet(after)
  return changes.map(({ effect, message }) => ({
    effect: neutral ? 'neutral' : effect,
    policy: after.name,
    message: `${message}${concerning(after)}`,
  }))
}

function settings(before: TablePolicy, after: TablePolicy): readonly Change[] {
  return [
    ...(before.mode === after.mode
      ? []
      : [
          said(
            quiet(after) ? 'widening' : 'narrowing',
            `mode was ${before.mode}, now ${after.mode}`,
          ),
        ]),
    ...(written(before.subjects) === written(after.subjects)
      ? []
      : [said('widening', `subjects were ${who(before)}, now ${who(after)}`)]),
    ...actionChange('what is unmatched', before.unmatched, after.unmatched),
    ...actionChange('what cannot be evaluated', before.onError, after.onError),
  ]
}

interface Outcome {
  readonly action: Action
  readonly workflows: readonly string[]
}

function actionChange(what: string, before: Outcome, after: Outcome): readonly Change[] {
  if (before.action !== after.action) {
    const effect = strictness(after.action) > strictness(before.action) ? 'narrowing' : 'widening'
    return [said(effect, `${what} was ${before.action}, now ${after.action}`)]
  }
  const [were, are] = [before.workflows.join(', '), after.workflows.join(', ')]
  if (were === are) return []
  return [said('widening', `${what} asked ${were || 'the owners'}, now ${are || 'the owners'}`)]
}

function entryChanges(kind: CallKind, before: TablePolicy, after: TablePolicy): readonly Change[] {
  const named = (policy: TablePolicy) => numbered(entriesOf[kind](policy), entryName)
  const [old, now] = [named(before), named(after)]
  return [
    ...compared(
      old,
      now,
      ({ name, item }) => said(displaces(item, after), `${name} is new`),
      ({ name, item }) => said(uncovers(item, before), `${name} is gone`),
      (was, is) => ruleChanges(is.name, was.item, is.item, after),
    ),
    ...(reordered(old, now) ? [said('widening', 'entries are read in another order')] : []),
  ]
}

function ruleChanges(
  name: string,
  before: TableEntry,
  after: TableEntry,
  policy: TablePolicy,
): readonly Change[] {
  const about = (what: string) => `${name}: ${what}`
  const [old, now] = [before, after].map(({ rules }) => numbered(rules, rule => rule.name)) as [
    readonly Numbered<TableRule>[],
    readonly Numbered<TableRule>[],
  ]
  return [
    ...(before.enabled === after.enabled
      ? []
      : [said(after.enabled ? 'widening' : 'narrowing', after.enabled ? 'enabled' : 'disabled')]),
    ...(before.justification === after.justification
      ? []
      : [
          said(
            after.justification === 'required' ? 'narrowing' : 'widening',
            `justification was ${before.justification}, now ${after.justification}`,
          ),
        ]),
    ...(before.description === after.description ? [] : [said('neutral', 'description changed')]),
    ...actionChange(
      'no match',
      before.otherwise ?? policy.unmatched,
      after.otherwise ?? policy.unmatched,
    ),
    ...compared(
      old,
      now,
      ({ name, item }) => said(effectOf(item.action, below(after, item, policy)), `${name} is new`),
      ({ name, item }) =>
        said(opposite(effectOf(item.action, below(before, item, policy))), `${name} is gone`),
      (was, is) => ruleChange(was.item, is.item),
    ),
    ...(reordered(old, now) ? [said('widening', 'rules are read in another order')] : []),
  ].map(({ effect, message }) => said(effect, about(message)))
}

function ruleChange(before: TableRule, after: TableRule): readonly Change[] {
  const { name } = after
  const same = before.source === after.source && written(before.when) === written(after.when)
  return [
    ...actionChange(name, before, after),
    ...(same
      ? []
      : [
          said(
            'widening',
            `${name} was when ${before.source ?? 'always'}, now ${after.source ?? 'always'}`,
          ),
        ]),
    ...(before.message === after.message ? [] : [said('neutral', `message of ${name} changed`)]),
  ]
}

/** What decides in an entry where a rule of it is not there. */
function below(entry: TableEntry, rule: TableRule, policy: TablePolicy): readonly Action[] {
  const later = entry.rules.slice(entry.rules.indexOf(rule) + 1).map(({ action }) => action)
  return [...later, (entry.otherwise ?? policy.unmatched).action]
}

function displaces(entry: TableEntry, policy: TablePolicy): Effect {
  const narrows = actionsOf(entry).every(
    action => strictness(action) >= strictness(policy.unmatched.action),
  )
  return narrows ? 'narrowing' : 'widening'
}

function uncovers(entry: TableEntry, policy: TablePolicy): Effect {
  const narrows = actionsOf(entry).every(
    action => strictness(action) <= strictness(policy.unmatched.action),
  )
  return narrows ? 'narrowing' : 'widening'
}

/** The effect of an action before others. */
function effectOf(action: Action, others: readonly Action[]): Effect {
  const narrows = others.every(other => strictness(action) >= strictness(other))
  return narrows ? 'narrowing' : 'widening'
}

function opposite(effect: Effect): Effect {
  return effect === 'narrowing' ? 'widening' : 'narrowing'
}

function actionsOf({ enabled, rules, otherwise }: TableEntry): readonly Action[] {
  if (!enabled) return ['deny']
  return [...rules.map(({ action }) => action), ...(otherwise ? [otherwise.action] : [])]
}

function outcomes(policy: TablePolicy): readonly Action[] {
  const entries = callKinds.flatMap(kind => entriesOf[kind](policy))
  return [policy.unmatched.action, ...entries.flatMap(actionsOf)]
}

function quiet({ mode }: TablePolicy): boolean {
  return mode === 'observe'
}

function concerning(policy: TablePolicy): string {
  return policy.subjects === undefined ? '' : ` (for ${who(policy)})`
}

function who({ subjects = {} }: TablePolicy): string {
  const { agents = [], apiKeys = [] } = subjects
  const lists = [...agents.map(name => `agent ${name}`), ...apiKeys.map(name => `key ${name}`)]
  return lists.length === 0 ? 'everybody' : lists.join(', ')
}

function entryName({ match, server, notServer }: TableEntry): string {
  if (server !== undefined) return `${match} on ${server}`
  return notServer === undefined ? match : `${match} on any server but ${notServer}`
}

function said(effect: Effect, message: string): Change {
  return { effect, message }
}
