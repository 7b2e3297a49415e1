import type { Problem } from '../../../schemas/problem.ts'
import { conditionOf } from '../conditions.ts'
import type { ConditionDraft, PolicyDraft } from '../policy-draft.ts'
import type { World } from '../world.ts'
import { problemAt } from './check.ts'

/** What is wrong with conditions, at the character where it is. */
export function* conditions(world: World): Iterable<Problem> {
  for (const draft of world.drafts) {
    for (const entry of Object.values(draft.entries).flat()) {
      for (const { when } of entry.rules) {
        if (when !== undefined) yield* conditionProblems(world, draft, when)
      }
    }
  }
}

function* conditionProblems(
  { conditions }: World,
  { origin, portable }: PolicyDraft,
  when: ConditionDraft,
): Iterable<Problem> {
  const { problems, constant } = conditionOf(conditions, when)
  for (const { start, end: _, ...said } of problems) {
    yield { ...said, ...origin.placeWithin(when.path, when.source, start) }
  }
  // A portable condition cannot be left out: there, `true` is how a rule is written that always matches.
  if (constant !== undefined && !(portable && constant)) {
    yield problemAt(origin, when.path, constant ? always : never)
  }
}

const always = {
  severity: 'warning',
  code: 'constant_condition',
  message: 'The condition always holds.',
  suggestion: 'Leave `when` out.',
} as const

const never = {
  severity: 'warning',
  code: 'constant_condition',
  message: 'The condition never holds, so the rule does nothing.',
} as const
