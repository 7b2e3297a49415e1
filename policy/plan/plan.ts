import type { Call } from '../../schemas/call.ts'
import type { Plan, Plans } from '../../schemas/plan.ts'
import type { PolicyState } from './policy-state.ts'

export type { PolicyState } from './policy-state.ts'

/** What helps the search for examples. */
export interface PlanHints {
  /** Calls that were made or may be; they are tried first. */
  readonly calls?: readonly Call[]
}

/** What changes in a namespace; null stands for a state in which it does not exist. Pure, and bounded in work. */
export function plan(
  before: PolicyState | null,
  after: PolicyState | null,
  _hints: PlanHints = {},
): Plan {
  return {
    namespace: (after ?? before)?.table.namespace ?? '',
    before: '',
    after: '',
    narrows: 'unproven',
    gaveUp: true,
    changes: [],
  }
}

/** The plans of all namespaces of either side. */
export function planAll(
  before: ReadonlyMap<string, PolicyState>,
  after: ReadonlyMap<string, PolicyState>,
  hints: PlanHints = {},
): Plans {
  const namespaces = [...new Set([...before.keys(), ...after.keys()])].sort()
  const plans = namespaces.map(name =>
    plan(before.get(name) ?? null, after.get(name) ?? null, hints),
  )
  return { narrows: 'unproven', plans }
}
