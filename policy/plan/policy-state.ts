import type { Directory } from '../../schemas/directory.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'

/**
 * A namespace as it is written: its rules, and the people and things that they name. Who may approve stands in the
 * directory, so nothing can be proved without it.
 */
export interface PolicyState {
  readonly table: RuleTable
  readonly directory: Directory
}
