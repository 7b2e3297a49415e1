import type { PlanChange } from '../../schemas/plan.ts'
import type { Place } from '../../schemas/problem.ts'
import type { At, RuleTable, TableFile, TablePolicy } from '../../schemas/rule-table.ts'
import type { Decisions, Transition, Unsure } from './decisions.ts'
import { exampleOf, judgedExample, type Search } from './examples.ts'
import { forWhom, regionFields, regionWords, transitionWords } from './transition-words.ts'
import { written } from './written.ts'

/** The tables that are compared. */
export interface Tables {
  readonly before: RuleTable
  readonly after: RuleTable
}

/** The changes of decisions, and of policies that change none. */
export function decisionChanges(
  { transitions, unsure, involved }: Decisions,
  tables: Tables,
  search: Search,
): readonly PlanChange[] {
  const given = givenExamples(search)
  const telling = [...transitions].sort((a, b) => order(a) - order(b))
  const doubted = new Set([...involved, ...unsure.map(({ region }) => region.policy)])
  return [
    ...telling.map(transition => transitionChange(transition, tables, search, given)),
    ...unsure.map(unsureChange),
    ...neutralChanges(tables, doubted),
  ]
}

const effects = { looser: 'widening', other: 'either', stricter: 'narrowing' } as const

function order({ relation }: Transition): number {
  return Object.keys(effects).indexOf(relation)
}

function transitionChange(
  transition: Transition,
  { before, after }: Tables,
  search: Search,
  given: ReadonlyMap<string, NonNullable<PlanChange['example']>>,
): PlanChange {
  const { region, relation } = transition
  const subjects = subjectsOf(transition)
  const rule = transition.after.rule ?? transition.before.rule
  const [table, at] = transition.after.at
    ? [after, transition.after.at]
    : [before, transition.before.at]
  const example = given.get(exampleKey(transition)) ?? exampleOf(search, transition)
  return {
    effect: effects[relation],
    ...regionFields(region),
    ...(rule !== undefined && { rule: rule.name }),
    ...(subjects !== undefined && { subjects }),
    message: transitionWords(transition, subjects),
    ...(at !== undefined && { at: placeOf(table, at) }),
    ...(example && { example }),
  }
}

/** Whom the policy concerns that changed, in the state in which it concerns these callers. */
function subjectsOf({ region, cases: [first] }: Transition): PlanChange['subjects'] {
  const { before, after } = (first as Transition['cases'][number]).selection
  const parties = [...after.parties, ...before.parties]
  return parties.find(({ policy }) => policy.name === region.policy)?.policy.subjects
}

/** The calls that were given, by what became of them and what would. */
function givenExamples(search: Search): ReadonlyMap<string, NonNullable<PlanChange['example']>> {
  const found = new Map<string, NonNullable<PlanChange['example']>>()
  for (const call of search.known.calls) {
    const judged = judgedExample(search, call)
    if (judged === null) continue
    const { relation, example } = judged
    found.set(JSON.stringify([relation, ...sidesOf(example.before, example.after)]), example)
  }
  return found
}

function exampleKey({ relation, before, after }: Transition): string {
  const [was, is] = [before, after].map(({ action, policy, rule }) => ({
    action,
    policy,
    rule: rule?.name,
  })) as [Side, Side]
  return JSON.stringify([relation, ...sidesOf(was, is)])
}

interface Side {
  readonly action: string
  readonly policy?: string | undefined
  readonly rule?: string | undefined
}

function sidesOf(before: Side, after: Side): readonly unknown[] {
  return [before, after].map(({ action, policy, rule }) => [action, policy, rule])
}

const reasons: Readonly<Record<Unsure['why'], string>> = {
  too_much: 'too much to compare, so nothing is proved',
  reason_moves:
    'the reason for a call is taken out of its arguments from now on, or no longer, and conditions read it',
}

function unsureChange({ region, why }: Unsure): PlanChange {
  return {
    effect: 'either',
    ...regionFields(region),
    message: `${regionWords(region)}: ${reasons[why]}`,
  }
}

/** Policies that are not written as before, though every call is decided as before. */
function neutralChanges(tables: Tables, involved: ReadonlySet<string>): readonly PlanChange[] {
  const { before, after } = tables
  const old = new Map(before.policies.map(policy => [policy.name, policy]))
  const now = new Map(after.policies.map(policy => [policy.name, policy]))
  const quiet = (name: string) => !involved.has(name)
  return [
    ...[...old.values()]
      .filter(({ name }) => quiet(name) && !now.has(name))
      .map(policy => neutralChange(before, policy, 'gone')),
    ...[...now.values()]
      .filter(({ name }) => quiet(name) && !old.has(name))
      .map(policy => neutralChange(after, policy, 'new')),
    ...[...now.values()]
      .filter(policy => {
        const was = old.get(policy.name)
        return quiet(policy.name) && was !== undefined && written(was) !== written(policy)
      })
      .map(policy => neutralChange(after, policy, 'not written as it was')),
  ]
}

function neutralChange(
  table: RuleTable,
  { name, subjects, at }: TablePolicy,
  what: string,
): PlanChange {
  const who = [`policy ${name}`, ...forWhom(subjects)].join(', ')
  return {
    effect: 'neutral',
    kind: 'policy',
    name,
    policy: name,
    message: `${who} is ${what}, but changes no decision`,
    at: placeOf(table, at),
  }
}

/** Where something is written, in words of the table's files. */
export function placeOf({ files }: RuleTable, [file, line, column]: At): Place {
  return { file: (files[file] as TableFile).path, line, column }
}
