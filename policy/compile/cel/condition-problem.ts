/** Something wrong with a condition. Codes are the contract; sentences may change. */
export interface ConditionProblem {
  readonly severity: 'error' | 'warning'
  readonly code: string
  /** A sentence that says what is wrong. */
  readonly message: string
  /** What to write instead, where that is known. */
  readonly suggestion?: string
  /** Characters in the expression, half-open. */
  readonly start: number
  readonly end: number
}

/** Takes note of a problem; checking goes on. */
export type Report = (problem: ConditionProblem) => void

/** An error at a range of characters. */
export function errorAt(
  [start, end]: readonly [number, number],
  code: string,
  message: string,
  suggestion?: string,
): ConditionProblem {
  const problem = { severity: 'error', code, message, start, end } as const
  return suggestion === undefined ? problem : { ...problem, suggestion }
}
