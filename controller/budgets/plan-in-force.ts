import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { type PlannedBudget, planBudgets } from '../../policy/spend/spend-plan.ts'
import type { RuleTable, TableAgent, TableBudget } from '../../schemas/rule-table.ts'
import type { Database } from '../store/database.ts'

/** A budget made ready, and what it counts. */
export interface DefinedBudget extends PlannedBudget {
  /** Digest of what decides which calls count, where and in what; limits and prices are no part of it. */
  readonly definition: string
}

/** The budgets of a table, and the agents that spend. */
export interface BudgetPlan {
  /** Digest of the table. */
  readonly table: string
  readonly budgets: ReadonlyMap<string, DefinedBudget>
  readonly agents: ReadonlyMap<string, TableAgent>
}

/** Reads the budgets of tables from the store, whoever published them. */
export interface PlanReader {
  /** What is in force in a namespace, null when it never had a table; read in the transaction given. */
  inForce(db: Kysely<Database>, namespace: string): Promise<BudgetPlan | null>
  /** What a table of the namespace says, null when it is no longer kept. */
  ofTable(db: Kysely<Database>, namespace: string, digest: string): Promise<BudgetPlan | null>
}

const mostPlans = 64

/** Looks at the digest every time and at the table when it is new. */
export function planReader(): PlanReader {
  const known = new Map<string, BudgetPlan & { readonly namespace: string }>()

  const read = async (db: Kysely<Database>, digest: string) => {
    const found = known.get(digest)
    if (found !== undefined) return found
    const row = await db
      .selectFrom('tables')
      .select('body')
      .where('digest', '=', digest)
      .executeTakeFirst()
    if (row === undefined) return null
    const table = JSON.parse(row.body) as RuleTable
    const plan = { namespace: table.namespace, ...planOf(digest, table) }
    const [oldest] = known.keys()
    if (known.size >= mostPlans && oldest !== undefined) known.delete(oldest)
    known.set(digest, plan)
    return plan
  }

  return {
    async inForce(db, namespace) {
      const row = await db
        .selectFrom('releases')
        .select('digest')
        .where('namespace', '=', namespace)
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined ? null : read(db, row.digest)
    },
    async ofTable(db, namespace, digest) {
      const plan = await read(db, digest)
      return plan?.namespace === namespace ? plan : null
    },
  }
}

function planOf(table: string, { budgets, agents }: RuleTable): BudgetPlan {
  return {
    table,
    budgets: new Map(budgets.flatMap(defined).map(known => [known.budget.name, known])),
    agents: new Map(agents.map(agent => [agent.name, agent])),
  }
}

/** A budget whose time zone this machine does not know is as good as none: nothing is granted from it. */
function defined(budget: TableBudget): readonly DefinedBudget[] {
  try {
    const [planned] = planBudgets([budget])
    return planned === undefined ? [] : [{ ...planned, definition: definitionOf(budget) }]
  } catch {
    return []
  }
}

function definitionOf({ scope, per, unit, window, timeZone }: TableBudget): string {
  const sorted = Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify([sorted, per, unit, window, timeZone])
  return createHash('sha256').update(text).digest('hex')
}
