import type { CallKind } from '../../schemas/call-kind.ts'
import { callKinds } from '../../schemas/call-kind.ts'
import type { RuleTable, TableEntry, TablePolicy } from '../../schemas/rule-table.ts'
import { listOf } from '../decide/table-shape.ts'
import { entryText, headText } from './written.ts'

/** A policy that is enforced. */
export interface Party {
  /** Position among the policies of both states. */
  readonly id: number
  readonly isOld: boolean
  readonly policy: TablePolicy
  /** Whether the other state has no policy of this name that decides the same. */
  readonly changed: boolean
}

/** Calls about which a policy may say something else than before. */
export interface Region {
  readonly policy: string
  readonly kind: CallKind
  readonly match: string
  readonly server?: string
  readonly notServer?: string
}

/** The enforced policies of two states, and where they may differ. */
export interface Parties {
  readonly before: readonly Party[]
  readonly after: readonly Party[]
  /** Narrow ones first. */
  readonly regions: readonly Region[]
}

/** Compares the policies of two tables by their names. */
export function partiesOf(before: RuleTable, after: RuleTable): Parties {
  const [old, now] = [enforced(before), enforced(after)]
  const changed = new Set(
    [...new Set([...old.keys(), ...now.keys()])].filter(
      name => textOf(old.get(name)) !== textOf(now.get(name)),
    ),
  )
  const partiesIn = (policies: ReadonlyMap<string, TablePolicy>, isOld: boolean) =>
    [...policies.values()].map((policy, i) => ({
      id: isOld ? i : old.size + i,
      isOld,
      policy,
      changed: changed.has(policy.name),
    }))
  const regions = [...changed].flatMap(name =>
    callKinds.flatMap(kind => regionsOf(name, kind, old.get(name), now.get(name))),
  )
  return {
    before: partiesIn(old, true),
    after: partiesIn(now, false),
    regions: regions.sort((a, b) => breadth(a.match) - breadth(b.match)),
  }
}

/** What a policy says to calls of a kind. */
export function entriesOf({ policy }: Party, kind: CallKind): readonly TableEntry[] {
  return policy[listOf[kind]]
}

function enforced({ policies }: RuleTable): ReadonlyMap<string, TablePolicy> {
  return new Map(
    policies.filter(({ mode }) => mode === 'enforce').map(policy => [policy.name, policy]),
  )
}

function textOf(policy: TablePolicy | undefined): string {
  if (policy === undefined) return ''
  const entries = callKinds.map(kind => policy[listOf[kind]].map(entryText))
  return JSON.stringify([headText(policy), entries])
}

/** A pattern with a star is broader than one without, and a shorter one than a longer one. */
function breadth(pattern: string): number {
  return pattern.includes('*') ? 1 / (1 + pattern.length) : 0
}

function regionsOf(
  policy: string,
  kind: CallKind,
  before: TablePolicy | undefined,
  after: TablePolicy | undefined,
): readonly Region[] {
  const [old, now] = [before?.[listOf[kind]] ?? [], after?.[listOf[kind]] ?? []]
  const changed: readonly Pick<TableEntry, 'match' | 'server' | 'notServer'>[] =
    before && after && headText(before) === headText(after)
      ? changedEntries(old, now)
      : [...old, ...now, { match: '*' }]
  return changed.map(({ match, server, notServer }) => ({
    policy,
    kind,
    match,
    ...(server !== undefined && { server }),
    ...(notServer !== undefined && { notServer }),
  }))
}

/** The entries that the other list does not have, or all when those in both stand in another order. */
function changedEntries(
  before: readonly TableEntry[],
  after: readonly TableEntry[],
): readonly TableEntry[] {
  const [old, now] = [before.map(entryText), after.map(entryText)]
  const known = [new Set(old), new Set(now)] as const
  const kept = [old.filter(text => known[1].has(text)), now.filter(text => known[0].has(text))]
  if (kept[0]?.join('\n') !== kept[1]?.join('\n')) return [...before, ...after]
  return [
    ...before.filter(entry => !known[1].has(entryText(entry))),
    ...after.filter(entry => !known[0].has(entryText(entry))),
  ]
}
