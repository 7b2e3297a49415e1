import { actions } from '../../schemas/action.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { RuleTable, TableEntry, TablePolicy, TableRule } from '../../schemas/rule-table.ts'
import { expressionShape } from './expression-shape.ts'
import type { Outline } from './json-slices.ts'
import {
  each,
  type Fields,
  list,
  malformed,
  oneOf,
  optionalText,
  record,
  type Shape,
  text,
  texts,
} from './shape.ts'

/** The list of entries in a policy that is about a kind of call. */
export const listOf = {
  tool: 'tools',
  model: 'models',
  resource: 'resources',
  prompt: 'prompts',
} as const satisfies { readonly [K in CallKind]: keyof TablePolicy }

const entryLists = Object.values(listOf)

export type EntryList = (typeof entryLists)[number]

/** A rule table whose policies have not been looked at; short ones are still text. */
export type TableOutline = Omit<RuleTable, 'policies'> & { readonly policies: readonly unknown[] }

/** A policy whose entries have not been looked at. */
export type PolicyOutline = Omit<TablePolicy, EntryList> & {
  readonly [L in EntryList]: readonly unknown[]
}

/** Where the policies of a rule table are, which `parseInSlices` leaves as text, and the entries of long ones. */
export const tableOutline: Outline = {
  fields: {
    policies: {
      items: {
        textOr: { fields: Object.fromEntries(entryLists.map(name => [name, { items: 'text' }])) },
      },
    },
  },
}

/**
 * Makes sure that a value has the shape of a rule table as far as deciding relies on it, policies left
 * aside; throws a TypeError that names the first place where it has not.
 */
export function tableOf(value: unknown): TableOutline {
  const table = record(value, 'table')
  oneOf(['writ.dev/rule-table/v1'], table.format, 'format')
  text(table.namespace, 'namespace')
  each(table.files, 'files', file => text(file.path, 'path'))
  list(table.policies, 'policies')
  each(table.servers, 'servers', named)
  each(table.agents, 'agents', agentShape)
  each(table.workflows, 'workflows', named)
  each(table.providers, 'providers', named)
  each(table.budgets, 'budgets', named)
  return value as TableOutline
}

/** The same for a policy of a table with that many files, entries left aside. */
export function policyOf(value: unknown, files: number): PolicyOutline {
  const policy = record(value, 'policy')
  text(policy.name, 'policy.name')
  oneOf(['enforce', 'observe'], policy.mode, 'policy.mode')
  oneOf([undefined, true], policy.system, 'policy.system')
  subjectsShape(policy.subjects)
  fallbackShape(policy.unmatched, 'policy.unmatched')
  fallbackShape(policy.onError, 'policy.onError')
  atShape(policy.at, files)
  for (const entries of entryLists) list(policy[entries], entries)
  return value as PolicyOutline
}

/** The same, in small steps, for an entry of such a table. */
export function* entryOf(value: unknown, files: number): Generator<undefined, TableEntry> {
  const entry = record(value, 'entry') as Shape<TableEntry>
  text(entry.match, 'entry.match')
  optionalText(entry.server, 'entry.server')
  optionalText(entry.notServer, 'entry.notServer')
  optionalText(entry.description, 'entry.description')
  oneOf([true, false], entry.enabled, 'entry.enabled')
  oneOf(['required', 'optional', 'off'], entry.justification, 'entry.justification')
  if (entry.otherwise !== undefined) fallbackShape(entry.otherwise, 'entry.otherwise')
  if (entry.onError !== undefined) fallbackShape(entry.onError, 'entry.onError')
  atShape(entry.at, files)
  yield
  for (const rule of list(entry.rules, 'entry.rules')) {
    ruleShape(rule, files)
    yield
  }
  return value as TableEntry
}

function ruleShape(value: unknown, files: number): void {
  const rule = record(value, 'rule') as Shape<TableRule>
  text(rule.name, 'rule.name')
  optionalText(rule.source, 'rule.source')
  optionalText(rule.message, 'rule.message')
  fallbackShape(rule, 'rule')
  if (rule.when !== undefined) {
    expressionShape(rule.when)
    text(rule.source, 'rule.source')
  }
  atShape(rule.at, files)
}

function subjectsShape(value: unknown): void {
  if (value === undefined) return
  const subjects = record(value, 'policy.subjects')
  for (const names of [subjects.agents, subjects.apiKeys]) {
    if (names !== undefined) texts(names, 'policy.subjects')
  }
}

function fallbackShape(value: unknown, what: string): void {
  const fallback = record(value, what)
  oneOf(actions, fallback.action, `${what}.action`)
  texts(fallback.workflows, `${what}.workflows`)
}

function agentShape(agent: Fields): void {
  named(agent)
  each(agent.apiKeys, 'agent.apiKeys', key => {
    named(key)
    text(key.sha256, 'sha256')
  })
  if (agent.serviceAccounts !== undefined) texts(agent.serviceAccounts, 'agent.serviceAccounts')
}

function atShape(value: unknown, files: number): void {
  const at = list(value, 'at')
  if (at.length !== 3 || !at.every(Number.isSafeInteger)) throw malformed('at')
  if (Number(at[0]) < 0 || Number(at[0]) >= files) throw malformed('at')
}

function named(fields: Fields): void {
  text(fields.name, 'name')
}
