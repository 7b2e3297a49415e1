import type { RuleTable } from '../../schemas/rule-table.ts'

/** The table of a namespace in which nothing is written: it knows nobody and so allows nothing. */
export function noPolicies(namespace: string): RuleTable {
  return {
    format: 'writ.dev/rule-table/v1',
    namespace,
    files: [],
    policies: [],
    servers: [],
    agents: [],
    workflows: [],
    providers: [],
    budgets: [],
  }
}
