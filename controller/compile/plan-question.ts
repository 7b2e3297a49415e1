import type { PolicyState } from '../../policy/plan/policy-state.ts'
import type { Directory } from '../../schemas/directory.ts'

/** A namespace as it is, or would be, on its way into a thread: what is one text is not copied piece by piece. */
export interface StateText {
  /** The rule table as JSON. */
  readonly table: string
  /** Names the namespace. */
  readonly directory: Directory
}

/** Two states of all namespaces that are to be compared. */
export interface PlanQuestion {
  readonly before: readonly StateText[]
  readonly after: readonly StateText[]
}

/** The states by namespace, as they are compared. */
export function statesIn(texts: readonly StateText[]): ReadonlyMap<string, PolicyState> {
  return new Map(
    texts.map(({ table, directory }) => [
      directory.namespace,
      { table: JSON.parse(table), directory },
    ]),
  )
}
