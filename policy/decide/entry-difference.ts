import { type Action, strictness } from '../../schemas/action.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import { actionChange, type Change, type Effect, said } from './change.ts'
import { compared, type Numbered, numbered, reordered, written } from './compared.ts'
import { listOf } from './table-shape.ts'

/** What changes in the entries of one kind from a policy to the next. */
export function entryChanges(
  kind: CallKind,
  before: TablePolicy,
  after: TablePolicy,
): readonly Change[] {
  const named = (policy: TablePolicy) => numbered(policy[listOf[kind]], entryName)
  const [old, now] = [named(before), named(after)]
  return [
    ...compared(
      old,
      now,
      ({ name, item }) => said(entryAdded(item, after, kind), `${name} is new`),
      ({ name, item }) => said(entryRemoved(item, before, kind), `${name} is gone`),
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
  const [old, now] = [before, after].map(({ rules }) => numbered(rules, ruleName)) as [
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
            justificationChange(before, after),
            `justification was ${before.justification}, now ${after.justification}`,
          ),
        ]),
    ...(before.description === after.description ? [] : [said('neutral', 'description changed')]),
    ...otherwiseChange(before, after),
    ...compared(
      old,
      now,
      ({ name, item }) => said(ruleAdded(item, after, policy), `${name} is new`),
      ({ name, item }) => said(ruleRemoved(item, before), `${name} is gone`),
      (was, is) => ruleChange(was.item, is.item),
    ),
    ...(reordered(old, now) ? [said('widening', 'rules are read in another order')] : []),
  ].map(({ effect, message }) => said(effect, about(message)))
}

function justificationChange(before: TableEntry, after: TableEntry): Effect {
  if (after.justification === 'required') return 'narrowing'
  return before.justification === 'required' ? 'widening' : 'neutral'
}

function otherwiseChange(before: TableEntry, after: TableEntry): readonly Change[] {
  if (before.otherwise !== undefined && after.otherwise !== undefined) {
    return actionChange('no match', before.otherwise, after.otherwise)
  }
  if (before.otherwise === after.otherwise) return []
  return [said('widening', 'who decides without a match changed')]
}

function ruleChange(before: TableRule, after: TableRule): readonly Change[] {
  const name = ruleName(after)
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

/** A new rule widens where it is looser than what decided in its place. */
function ruleAdded(rule: TableRule, entry: TableEntry, { unmatched }: TablePolicy): Effect {
  const displaced = [...later(entry.rules, rule), entry.otherwise ?? unmatched]
  return narrowing(displaced.every(({ action }) => strictness(rule.action) >= strictness(action)))
}

/** Without a rule, stricter ones behind it may decide; an entry that abstains leaves it to other policies. */
function ruleRemoved(rule: TableRule, entry: TableEntry): Effect {
  const uncovered = [...later(entry.rules, rule), entry.otherwise ?? { action: 'allow' as const }]
  return narrowing(uncovered.every(({ action }) => strictness(action) >= strictness(rule.action)))
}

/** A new entry widens where it is looser than the default, or stands before entries that are stricter. */
function entryAdded(entry: TableEntry, policy: TablePolicy, kind: CallKind): Effect {
  const least = isLast(entry, policy, kind) ? policy.unmatched.action : 'deny'
  const strict = actionsOf(entry).every(action => strictness(action) >= strictness(least))
  return narrowing(strict && (speaks(entry) || isLast(entry, policy, kind)))
}

/** Only an entry that allows whatever it is asked can go without widening anything. */
function entryRemoved(entry: TableEntry, policy: TablePolicy, kind: CallKind): Effect {
  const allows = actionsOf(entry).every(action => action === 'allow')
  return narrowing(allows && (speaks(entry) || isLast(entry, policy, kind)))
}

/** Whether an entry has an answer to every call. */
function speaks({ enabled, rules, otherwise }: TableEntry): boolean {
  return !enabled || otherwise !== undefined || rules.some(({ when }) => when === undefined)
}

function isLast(entry: TableEntry, policy: TablePolicy, kind: CallKind): boolean {
  return policy[listOf[kind]].at(-1) === entry
}

function later<T>(items: readonly T[], item: T): readonly T[] {
  return items.slice(items.indexOf(item) + 1)
}

function narrowing(narrows: boolean): Effect {
  return narrows ? 'narrowing' : 'widening'
}

/** Every action that an entry may answer with. */
export function actionsOf(entry: TableEntry): readonly Action[] {
  const { enabled, justification, rules, otherwise } = entry
  if (!enabled) return ['deny']
  return [
    ...rules.map(({ action }) => action),
    ...(justification === 'required' ? ['deny' as const] : []),
    ...(otherwise === undefined ? [] : [otherwise.action]),
  ]
}

function entryName({ match, server, notServer }: TableEntry): string {
  if (server !== undefined) return `${match} on ${server}`
  return notServer === undefined ? match : `${match} on any server but ${notServer}`
}

/** The name of a rule, without the position of its entry in one that was made up. */
function ruleName({ name }: TableRule): string {
  return name.replace(/^(tools|models|resources|prompts)\[\d+\]\./, '')
}
