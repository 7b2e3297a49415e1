/** Where something was written: a file (or namespace/name) with line and column from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something wrong with what people wrote. Codes are the contract; sentences may change. */
export interface Problem extends Place {
  readonly severity: 'error' | 'warning'
  readonly code: string
  /** A sentence that says what is wrong. */
  readonly message: string
  /** What to write instead, where that is known. */
  readonly suggestion?: string
}
