import type { Payer } from '../../../policy/spend/spend-plan.ts'
import type { TableBudget } from '../../../schemas/rule-table.ts'

/** A budget of a table, with what a test says otherwise. */
export function budget(said: Partial<TableBudget> = {}): TableBudget {
  return {
    name: 'money',
    scope: {},
    per: 'namespace',
    unit: 'usd',
    limit: 1_000_000,
    window: 'total',
    timeZone: 'UTC',
    onExceeded: 'deny',
    toolPrices: [],
    at: [0, 1, 1],
    ...said,
  }
}

/** A call of a model by an agent that belongs to everything. */
export const modelCall: Payer = {
  agent: 'coder',
  apiKey: 'laptop',
  user: 'ana',
  teams: ['core', 'ops'],
  flow: 'nightly',
  session: 's-1',
  model: 'claude-sonnet',
}
