import { matchesGlob } from '../../policy/decide/glob.ts'
import { listOf } from '../../policy/decide/table-shape.ts'
import { type CallKind, callKinds } from '../../schemas/call-kind.ts'
import type { RuleTable, TableEntry, TablePolicy } from '../../schemas/rule-table.ts'

/** An entry of a policy, with its place in its list. */
export interface WrittenEntry {
  readonly policy: TablePolicy
  readonly kind: CallKind
  readonly position: number
  readonly entry: TableEntry
}

/** An entry that matches a name; of each policy the first one speaks. */
export interface Match {
  readonly written: WrittenEntry
  readonly speaks: boolean
}

/** What calls can be of. */
interface Named {
  readonly kind: CallKind
  readonly server: string
  readonly name: string
}

/** The entries of a table, found by name without a look at those that do not concern it. */
export interface WrittenEntries {
  readonly all: readonly WrittenEntry[]
  /** Every entry that matches, by policy as the table has them and by place. */
  matches(named: Named): readonly Match[]
}

/** Makes the entries of a table be found by name. */
export function writtenEntries(table: RuleTable): WrittenEntries {
  const all = table.policies.flatMap(policy =>
    callKinds.flatMap(kind =>
      policy[listOf[kind]].map((entry, position) => ({ policy, kind, position, entry })),
    ),
  )
  const exact = Map.groupBy(
    all.filter(({ entry }) => !entry.match.includes('*')),
    ({ kind, entry }) => `${kind} ${entry.match}`,
  )
  const globs = all.filter(({ entry }) => entry.match.includes('*'))
  const byPrefix = Map.groupBy(globs, ({ kind, entry }) => `${kind} ${prefixOf(entry)}`)
  const lengths = new Set(globs.map(({ entry }) => prefixOf(entry).length))
  const order = new Map(all.map((written, i) => [written, i]))
  return {
    all,
    matches({ kind, server, name }) {
      const candidates = [...lengths]
        .filter(length => length <= name.length)
        .flatMap(length => byPrefix.get(`${kind} ${name.slice(0, length)}`) ?? [])
        .filter(({ entry }) => matchesGlob(entry.match, name))
      const found = [...(exact.get(`${kind} ${name}`) ?? []), ...candidates]
        .filter(({ entry }) => serves(entry, server))
        .sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
      const heard = new Set<TablePolicy>()
      return found.map(written => {
        const speaks = !heard.has(written.policy)
        heard.add(written.policy)
        return { written, speaks }
      })
    },
  }
}

function prefixOf({ match }: TableEntry): string {
  return match.slice(0, match.indexOf('*'))
}

function serves({ server: only, notServer }: TableEntry, server: string): boolean {
  if (only !== undefined) return only === server
  return notServer === undefined || notServer !== server
}
