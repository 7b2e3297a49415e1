import { strictness } from '../../schemas/action.ts'
import type { Unruled, UnruledWhy } from '../../schemas/coverage.ts'
import type { Decided, Use } from './use.ts'
import type { Match, WrittenEntries } from './written-entries.ts'

/** Why no rule of a table names what is used; null when one does. */
function whyUnruled(entries: WrittenEntries, use: Use): UnruledWhy | null {
  const speaking = entries
    .matches(use)
    .filter(({ speaks, written }) => speaks && written.policy.mode === 'enforce')
  if (speaking.length === 0) return 'unnamed'
  if (speaking.every(isCatchAll)) return 'catch_all'
  return use.decisions.some(decided => isDefault(decided, speaking)) ? 'default_decided' : null
}

/** What is used in a namespace and no rule in force names. */
export function unruled(
  namespace: string,
  entries: WrittenEntries,
  uses: readonly Use[],
): readonly Unruled[] {
  return loosestFirst(
    uses.flatMap(use => {
      const why = whyUnruled(entries, use)
      return why === null ? [] : toldOf(namespace, use, why)
    }),
  )
}

/** What was let through comes first, then what was called most. */
export function loosestFirst(items: readonly Unruled[]): readonly Unruled[] {
  return items.toSorted(
    (a, b) => loosest(a) - loosest(b) || b.calls - a.calls || (nameOf(a) < nameOf(b) ? -1 : 1),
  )
}

function toldOf(namespace: string, use: Use, why: UnruledWhy): Unruled {
  const { kind, server, name, calls, lastAt, agents, moreAgents, decisions } = use
  return {
    ...{ namespace, kind, ...(server !== '' && { server }), name, why, calls },
    defaultCalls: decisions
      .filter(({ reason }) => defaults.has(reason))
      .reduce((sum, decided) => sum + decided.calls, 0),
    lastAt: new Date(lastAt).toISOString(),
    ...{ agents, moreAgents },
    decisions: decisions.slice(0, 5).map(({ action, reason, policy, rule, calls }) => ({
      ...{ action, reason },
      ...(policy !== '' && { policy }),
      ...(rule !== '' && { rule }),
      calls,
    })),
  }
}

/** Reasons of decisions that no entry made. */
const defaults: ReadonlySet<string> = new Set(['unmatched', 'no_policy', 'no_table'])

/** What an entry itself says where no rule of it matched is no default of anybody else. */
function isDefault({ reason, policy }: Decided, speaking: readonly Match[]): boolean {
  return (
    defaults.has(reason) &&
    !speaking.some(
      ({ written }) => written.policy.name === policy && written.entry.otherwise !== undefined,
    )
  )
}

function isCatchAll({ written: { entry } }: Match): boolean {
  return /^\*+$/.test(entry.match) && entry.server === undefined
}

function loosest({ decisions }: Unruled): number {
  return Math.min(...decisions.map(({ action }) => strictness(action)))
}

function nameOf({ namespace, kind, server = '', name }: Unruled): string {
  return JSON.stringify([namespace, kind, name, server])
}
