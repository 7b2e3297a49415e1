/** Counts of questions, while they are counted. */
export interface Tally {
  asked: number
  answered: number
  /** Questions whose time ran out without an answer by anybody. */
  unanswered: number
  readonly states: Map<string, number>
  /** From question to answer, ms. */
  readonly waits: number[]
}

/** Counts of nothing. */
export function tally(): Tally {
  return { asked: 0, answered: 0, unanswered: 0, states: new Map(), waits: [] }
}
