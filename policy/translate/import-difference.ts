import type { Place } from '../../schemas/problem.ts'

/** Something that a portable file says otherwise than what it becomes. Codes are the contract. */
export interface ImportDifference extends Place {
  readonly code: ImportDifferenceCode
  /** What it does to decisions: `stricter` ones, or none. */
  readonly effect: 'stricter' | 'none'
  /** A sentence. */
  readonly message: string
  /** What to do about it, where there is something. */
  readonly suggestion?: string
}

export type ImportDifferenceCode =
  /** A condition that cannot be evaluated asked for approval, and denies now. */
  | 'error_denies'
  /** A condition over a value of another type did not hold, and denies now. */
  | 'type_denies'
  /** Text is ordered by code points, not by UTF-16 units. */
  | 'text_order'
  /** A condition that never holds is left out. */
  | 'never_holds'
  /** The entry speaks of Writ's own tool of that name as well. */
  | 'own_tool'
  /** What clients are shown instead of the server's own description. */
  | 'tool_description'
  /** A name that no resource can have. */
  | 'renamed'
  /** A person or team that is only a name. */
  | 'person_written'
  /** Part of the file has no meaning here, or not that one. */
  | 'not_read'
  /** A document that is of a kind already. */
  | 'already_kind'
