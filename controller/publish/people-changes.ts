import { noPolicies } from '../../policy/decide/no-policies.ts'
import type { PolicyState } from '../../policy/plan/policy-state.ts'
import { writtenChanges } from '../../policy/plan/written-changes.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { PlanChange, PlanEffect } from '../../schemas/plan.ts'
import { cut } from '../channels/printable.ts'
import { emptyDirectory } from './empty-table.ts'

/** Something that changed besides rules: users, teams, workflows, channels, lent providers, sources. */
export interface PeopleChange extends Pick<PlanChange, 'effect' | 'kind' | 'name' | 'message'> {
  /** When it came into force, where that was after the table; RFC 3339. */
  readonly since?: string
}

/** What changed besides rules since the release before, and while a release was in force. */
export interface PeopleChanges {
  /** How many changes there were. */
  readonly count: number
  /** What widens first; of many, some. */
  readonly changes: readonly PeopleChange[]
  /** Only what came after this was compared; RFC 3339. */
  readonly from?: string
}

/** Changes that are kept of one release, and characters of each. */
const mostKept = 50
const longestMessage = 400

const order: readonly PlanEffect[] = ['widening', 'either', 'narrowing', 'neutral']

/** What changes from one directory to another, both as they are kept; null for none. Providers of the namespace itself are compared with its rules. */
export function peopleChanges(before: Directory | null, after: Directory): readonly PeopleChange[] {
  const was = stateOf(before ?? emptyDirectory(after.namespace))
  return writtenChanges(was, stateOf(after)).map(({ effect, kind, name, message }) => ({
    ...{ effect, kind, name },
    message: cut(message, longestMessage),
  }))
}

/** Changes together with those that came before. */
export function withChanges(before: PeopleChanges, news: readonly PeopleChange[]): PeopleChanges {
  const all = [...before.changes, ...news]
  const sorted = all.sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect))
  const count = before.count + news.length
  return { ...before, count, changes: sorted.slice(0, mostKept) }
}

/** A directory by itself: a namespace without rules. */
function stateOf(directory: Directory): PolicyState {
  const { namespace, workflows, providers } = directory
  const at = [0, 1, 1] as const
  return {
    table: {
      ...noPolicies(namespace),
      files: [{ path: '' }],
      workflows: workflows.map(workflow => ({ ...workflow, at })),
    },
    // What is lent stands under namespace/name.
    directory: { ...directory, providers: providers.filter(({ name }) => name.includes('/')) },
  }
}
