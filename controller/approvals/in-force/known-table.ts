import { listOf } from '../../../policy/decide/table-shape.ts'
import { callKinds } from '../../../schemas/call-kind.ts'
import type {
  At,
  Fallback,
  RuleTable,
  TableAgent,
  TableBudget,
  TableEntry,
  TablePolicy,
} from '../../../schemas/rule-table.ts'
import { podKeyOf } from '../../tokens/pod-key-of.ts'

/** A rule table without its conditions: what is needed to find out whether a rule still stands. */
export interface KnownTable {
  readonly digest: string
  readonly policies: ReadonlyMap<string, KnownPolicy>
  readonly agents: readonly Pick<TableAgent, 'name' | 'user' | 'apiKeys'>[]
  /** Prefix of every server that has one. */
  readonly prefixes: ReadonlyMap<string, string>
  /** Budgets that an approval extends. */
  readonly extensions: ReadonlyMap<string, KnownExtension>
}

/** By how much one approval extends a budget, and whose; an empty name stands for the owners. */
interface KnownExtension {
  readonly amount: number
  readonly workflow: string
}

export interface KnownPolicy {
  readonly mode: TablePolicy['mode']
  readonly unmatched: Fallback
  readonly onError: Fallback
  readonly place: KnownPlace
  readonly entries: readonly KnownEntry[]
}

/** Where something is written. */
export interface KnownPlace {
  readonly file: string
  readonly line: number
}

export interface KnownEntry extends Pick<TableEntry, 'match' | 'enabled'> {
  readonly kind: (typeof callKinds)[number]
  readonly server: string | null
  readonly notServer: string | null
  readonly otherwise: Fallback | null
  readonly onError: Fallback | null
  readonly place: KnownPlace
  readonly rules: readonly KnownRule[]
}

export interface KnownRule extends Fallback {
  readonly name: string
  /** The condition as written; null when it always matches. */
  readonly source: string | null
  readonly place: KnownPlace
}

/** What is known of a table, from its canonical text. */
export function knownTable(digest: string, json: string): KnownTable {
  const table = JSON.parse(json) as RuleTable
  const place = (at: At): KnownPlace => ({ file: table.files[at[0]]?.path ?? '', line: at[1] })
  return {
    digest,
    policies: new Map(table.policies.map(policy => [policy.name, knownPolicy(policy, place)])),
    agents: table.agents.map(({ name, user, apiKeys }) => ({
      ...{ name, user },
      apiKeys: [...apiKeys, podKeyOf(table.namespace, name)],
    })),
    prefixes: new Map(
      table.servers.flatMap(({ name, spec }) => (spec.prefix ? [[name, spec.prefix]] : [])),
    ),
    extensions: new Map(table.budgets.flatMap(extensionOf)),
  }
}

function extensionOf(budget: TableBudget): readonly (readonly [string, KnownExtension])[] {
  const { name, onExceeded, extension: amount, workflow = '' } = budget
  if (onExceeded !== 'require_approval' || amount === undefined) return []
  return [[name, { amount, workflow }]]
}

function knownPolicy(policy: TablePolicy, place: (at: At) => KnownPlace): KnownPolicy {
  const { mode, unmatched, onError, at } = policy
  return {
    mode,
    unmatched,
    onError,
    place: place(at),
    entries: callKinds.flatMap(kind =>
      policy[listOf[kind]].map(entry => ({
        kind,
        match: entry.match,
        enabled: entry.enabled,
        server: entry.server ?? null,
        notServer: entry.notServer ?? null,
        otherwise: entry.otherwise ?? null,
        onError: entry.onError ?? null,
        place: place(entry.at),
        rules: entry.rules.map(({ name, source = null, action, workflows, at }) => ({
          name,
          source,
          action,
          workflows,
          place: place(at),
        })),
      })),
    ),
  }
}
