import type { Directory } from '../../schemas/directory.ts'
import type { PlanChange } from '../../schemas/plan.ts'
import type {
  RuleTable,
  TableAgent,
  TableBudget,
  TableServer,
  TableWorkflow,
} from '../../schemas/rule-table.ts'
import { agentDiffers } from './agent-changes.ts'
import { budgetDiffers } from './budget-changes.ts'
import type { Tables } from './decision-changes.ts'
import type { PolicyState } from './policy-state.ts'
import {
  listChanges,
  type Meaning,
  otherwise,
  type Said,
  unimportant,
  without,
} from './resource-changes.ts'
import { workflowDiffers } from './workflow-changes.ts'

/** What changes besides rules: who may call, what is offered, what it may cost, and who is asked. */
export function writtenChanges(before: PolicyState, after: PolicyState): readonly PlanChange[] {
  const tables = { before: before.table, after: after.table }
  return [...tableChanges(tables), ...directoryChanges(before.directory, after.directory, tables)]
}

function tableChanges(tables: Tables): readonly PlanChange[] {
  const { before, after } = tables
  const server = { kind: 'server', came: 'widening', differs: serverDiffers } as const
  const provider = { kind: 'provider', came: 'widening', differs: () => [otherwise] } as const
  return [
    ...listChanges(tables, [before.servers, after.servers], {
      ...server,
      went: gone(after.servers),
    }),
    ...listChanges(tables, [before.providers, after.providers], {
      ...provider,
      went: gone(after.providers),
    }),
    ...listChanges(tables, [before.agents, after.agents], agent),
    ...listChanges(tables, [before.budgets, after.budgets], budget),
    ...listChanges(tables, [before.workflows, after.workflows], workflow),
  ]
}

const agent: Meaning<TableAgent> = {
  kind: 'agent',
  came: 'widening',
  went: 'narrowing',
  differs: agentDiffers,
}

const budget: Meaning<TableBudget> = {
  kind: 'budget',
  came: 'narrowing',
  went: 'widening',
  differs: budgetDiffers,
}

/** Whoever asks one that came or went says so, and that is a change of its own. */
const workflow: Meaning<TableWorkflow> = {
  kind: 'workflow',
  came: 'neutral',
  went: 'neutral',
  differs: workflowDiffers,
}

function serverDiffers(before: TableServer, after: TableServer): readonly Said[] {
  const [was, is] = [before, after].map(({ spec }) => JSON.stringify(without(spec, 'tools')))
  return [was === is ? unimportant : otherwise]
}

/** What was offered or known under a name may be another's when one of them is gone. */
function gone(left: readonly unknown[]): 'narrowing' | 'either' {
  return left.length === 0 ? 'narrowing' : 'either'
}

function directoryChanges(
  before: Directory,
  after: Directory,
  tables: Tables,
): readonly PlanChange[] {
  // Providers of the namespace itself are in its table.
  const lent = ({ providers }: Directory, own: RuleTable['providers']) =>
    providers.filter(({ name }) => !own.some(other => other.name === name))
  return [
    ...listChanges(tables, [before.users, after.users], {
      ...unclear('user'),
      came: 'widening',
      went: gone(after.users),
    }),
    ...listChanges(tables, [before.teams, after.teams], team),
    ...listChanges(tables, [before.channels, after.channels], unclear('channel')),
    ...listChanges(
      tables,
      [lent(before, tables.before.providers), lent(after, tables.after.providers)],
      unclear('provider'),
    ),
    ...listChanges(tables, [before.sources ?? [], after.sources ?? []], unclear('source')),
  ]
}

/** What it lets through cannot be told from what is written. */
function unclear(kind: Meaning<unknown>['kind']): Meaning<unknown> {
  return { kind, came: 'either', went: 'either', differs: () => [otherwise] }
}

const team: Meaning<Directory['teams'][number]> = {
  kind: 'team',
  came: 'widening',
  went: 'narrowing',
  differs: (before, after) => {
    const message = `is ${after.members.join(', ') || 'empty'}, was ${before.members.join(', ') || 'empty'}`
    const fewer = after.members.every(member => before.members.includes(member))
    return [{ effect: fewer ? 'narrowing' : 'widening', message }]
  },
}
