import { CautiousJudge } from '../../policy/decide/cautious.ts'
import { matchesGlob } from '../../policy/decide/glob.ts'
import { type LoadedTable, load } from '../../policy/decide/load.ts'
import { type PlannedBudget, planBudgets } from '../../policy/spend/spend-plan.ts'
import { builtin } from '../../schemas/builtin-tool.ts'
import type { TableAgent, TableModel, TableProvider } from '../../schemas/rule-table.ts'

/** One of two policies that a record is held against, made ready: that of one namespace. */
export interface Side {
  readonly table: LoadedTable
  readonly judge: CautiousJudge
  readonly agents: ReadonlyMap<string, TableAgent>
  readonly servers: ReadonlySet<string>
  readonly budgets: readonly PlannedBudget[]
}

/** Makes the table of a namespace ready from its JSON. Throws a TypeError for what is no table. */
export function sideOf(json: string): Side {
  const table = load(json)
  const { agents, servers, budgets } = table.table
  return {
    table,
    judge: new CautiousJudge(table),
    agents: new Map(agents.map(agent => [agent.name, agent])),
    servers: new Set([builtin, ...servers.map(({ name }) => name)]),
    budgets: planBudgets(budgets),
  }
}

/** A model of a provider. */
export interface Offered {
  readonly provider: TableProvider
  readonly model: TableModel
}

/** The model by that name at that provider, or null when it has none. */
export function offered({ table }: Side, provider: string, name: string): Offered | null {
  const found = table.table.providers.find(known => known.name === provider)
  const model =
    found?.models.find(known => known.name === name) ??
    found?.models.find(known => known.name.includes('*') && matchesGlob(known.name, name))
  return found && model ? { provider: found, model } : null
}

/** Whether any provider may offer a model under that name. */
export function isOfferedAtAll({ table }: Side, name: string): boolean {
  const plain = name.slice(name.indexOf('/') + 1)
  return table.table.providers.some(({ models }) =>
    models.some(model =>
      [model.name, ...model.aliases].some(
        known => matchesGlob(known, name) || matchesGlob(known, plain),
      ),
    ),
  )
}
