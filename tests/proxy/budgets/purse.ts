import type { LoadedTable } from '../../../policy/decide/load.ts'
import { load } from '../../../policy/decide/load.ts'
import type {
  Budgets,
  Quote,
  Reservation,
  Shortage,
  Spender,
} from '../../../proxy/budgets/budgets.ts'
import { Counters } from '../../../proxy/budgets/counters.ts'
import type { LeaseOffice } from '../../../proxy/budgets/lease-office.ts'
import { LeasedBudgets } from '../../../proxy/budgets/leased-budgets.ts'
import type { RuleTable, TableAgent, TableBudget } from '../../../schemas/rule-table.ts'
import { budget } from '../../policy/spend/budgets.ts'

/** A table with these budgets and nothing else. */
export function tableOf(...said: readonly Partial<TableBudget>[]): LoadedTable {
  const table: RuleTable = {
    format: 'writ.dev/rule-table/v1',
    namespace: 'default',
    files: [{ path: 'budgets.yaml' }],
    policies: [],
    servers: [],
    agents: [],
    workflows: [],
    providers: [],
    budgets: said.map(budget),
  }
  return load(JSON.stringify(table))
}

export const agent: TableAgent = {
  name: 'coder',
  kind: 'test',
  user: 'ana',
  groups: ['core', 'ops'],
  labels: {},
  apiKeys: [],
  at: [0, 1, 1],
}

export const spender: Spender = {
  namespace: 'default',
  agent,
  apiKey: 'laptop',
  session: 's-1',
  model: 'claude',
}

/** A micro-USD for a token, so that amounts can be read off. */
export const price = { input: 1_000_000, output: 1_000_000 }

export function quote(inputTokens: number, outputTokens: number, more: Partial<Quote> = {}): Quote {
  return { inputTokens, outputTokens, leastOutputTokens: 1, price, priceFrom: 'provider', ...more }
}

/** The budgets of a proxy that a test drives by hand. */
export interface Purse {
  readonly budgets: LeasedBudgets
  readonly counters: Counters
  /** Milliseconds of both clocks. */
  clock: number
  seq: number
  table: LoadedTable | null
  reservation(...args: Parameters<Budgets['reserve']>): Promise<Reservation>
  shortage(...args: Parameters<Budgets['reserve']>): Promise<Shortage>
}

export function purse(
  office: LeaseOffice,
  table: LoadedTable,
  run = 'run-1',
  proxy = 'proxy-1',
): Purse {
  let ids = 0
  const monotonic = () => made.clock
  const newId = () => `${run}-${++ids}`
  const counters = new Counters({ office, proxy, run, firstSeq: 1, start: 1, newId, monotonic })
  const tables = { current: () => made.table }
  const nextSeq = () => made.seq
  const budgets = new LeasedBudgets({ tables, counters, nextSeq, now: monotonic, monotonic })
  const made: Purse = {
    budgets,
    counters,
    clock: 0,
    seq: 1,
    table,
    async reservation(...args) {
      const reserved = await budgets.reserve(...args)
      if (!reserved.ok) throw new Error(JSON.stringify(reserved.shortage))
      return reserved.reservation
    },
    async shortage(...args) {
      const reserved = await budgets.reserve(...args)
      if (reserved.ok) throw new Error('there was enough')
      return reserved.shortage
    },
  }
  return made
}

/** Usage of so many tokens in and out. */
export const used = (inputTokens: number, outputTokens: number) => ({
  sent: true,
  usage: { inputTokens, outputTokens },
})
