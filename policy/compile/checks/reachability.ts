import type { Problem } from '../../../schemas/problem.ts'
import { covers } from '../../decide/glob.ts'
import { conditionOf } from '../conditions.ts'
import {
  type EntryDraft,
  isAboutKnown,
  isUnconditional,
  type PolicyDraft,
} from '../policy-draft.ts'
import type { World } from '../world.ts'
import { problemAt } from './check.ts'

/** Entries and rules that stand behind others which always speak first. */
export function* reachability(world: World): Iterable<Problem> {
  for (const draft of world.drafts) {
    for (const entries of Object.values(draft.entries)) {
      const known = entries.filter(entry => isAboutKnown(draft, entry))
      yield* unreachableEntries(draft, known)
      for (const entry of entries) yield* unreachableRules(world, draft, entry)
    }
  }
}

function* unreachableEntries(
  { origin }: PolicyDraft,
  entries: readonly EntryDraft[],
): Iterable<Problem> {
  const earlier = new Map<string, EntryDraft[]>()
  for (const entry of entries) {
    const cover = coverOf(earlier, entry)
    const prefix = entry.match.replace(/\*.*$/s, '')
    const same = earlier.get(prefix) ?? []
    earlier.set(prefix, same)
    if (same.length < mostCompared) same.push(entry)
    if (cover === undefined) continue
    yield problemAt(origin, entry.path, {
      severity: 'warning',
      code: 'unreachable_entry',
      message: `"${entry.match}" is never reached: "${cover.match}" at line ${origin.place(cover.path).line} speaks first.`,
      suggestion: 'Put the narrower entry first.',
    })
  }
}

/** Entries with one beginning that are compared with those behind them. */
const mostCompared = 100

/** What covers a name begins with a part of it, so few entries need a look. */
function coverOf(
  earlier: ReadonlyMap<string, readonly EntryDraft[]>,
  entry: EntryDraft,
): EntryDraft | undefined {
  for (let length = 0; length <= entry.match.length; length++) {
    const same = earlier.get(entry.match.slice(0, length)) ?? []
    const cover = same.find(wide => covers(wide.match, entry.match) && servesAll(wide, entry))
    if (cover !== undefined) return cover
  }
  return undefined
}

function servesAll(wide: EntryDraft, narrow: EntryDraft): boolean {
  if (wide.server === undefined && wide.notServer === undefined) return true
  return wide.server === narrow.server && wide.notServer === narrow.notServer
}

function* unreachableRules(
  { conditions }: World,
  draft: PolicyDraft,
  { rules }: EntryDraft,
): Iterable<Problem> {
  const { origin } = draft
  const always = rules.findIndex(
    rule =>
      isUnconditional(draft, rule) ||
      (rule.when !== undefined && conditionOf(conditions, rule.when).constant === true),
  )
  const last = rules[always]
  if (last === undefined) return
  for (const rule of rules.slice(always + 1)) {
    yield problemAt(origin, rule.path, {
      severity: 'warning',
      code: 'unreachable_rule',
      message: `"${rule.name}" is never reached: "${last.name}" at line ${origin.place(last.path).line} always matches.`,
      suggestion: 'Put the rule without a condition last.',
    })
  }
}
