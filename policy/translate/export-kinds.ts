import type { AgentSpec } from '../../schemas/agent.ts'
import type { BudgetSpec } from '../../schemas/budget.ts'
import type { Directory } from '../../schemas/directory.ts'
import { apiVersion } from '../../schemas/resource.ts'
import type { RuleTable, TableAgent, TableBudget } from '../../schemas/rule-table.ts'
import type { KindName, Specs } from '../compile/resource.ts'
import { accessPolicyOf } from './access-policy-of.ts'
import type { ExportDifference } from './export-difference.ts'
import type { KindDocument } from './kind-document.ts'
import { yamlOf } from './written.ts'

/** What is in force, written down. */
export interface Exported {
  readonly text: string
  readonly differences: readonly ExportDifference[]
}

/**
 * Writes a rule table down as kinds, with the people and channels of its directory; null when that is not kept. What
 * is written compiles to a table that decides alike; what it does not say is named.
 */
export function exportKinds(table: RuleTable, directory: Directory | null): Exported {
  const { namespace } = table
  const make = <K extends KindName>(kind: K, name: string, spec: Specs[K]): KindDocument<K> => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec,
  })
  const own = table.policies.filter(({ system }) => system !== true)
  const policies = own.map(policy => ({ policy, ...accessPolicyOf(policy, aliasesOf(table)) }))
  const isOwn = ({ name }: { readonly name: string }) => !name.includes('/')
  const all = directory ?? { users: [], teams: [], channels: [], providers: [], sources: [] }
  const documents: readonly KindDocument[] = [
    ...policies.map(({ policy, spec }) => make('AccessPolicy', policy.name, spec)),
    ...table.workflows.filter(isOwn).map(({ name, spec }) => make('ApprovalWorkflow', name, spec)),
    ...table.budgets.map(budget => make('Budget', budget.name, budgetOf(budget))),
    ...table.servers.map(({ name, spec }) => make('ToolServer', name, spec)),
    ...all.providers.filter(isOwn).map(({ name, spec }) => make('ModelProvider', name, spec)),
    ...table.agents.map(agent => make('Agent', agent.name, agentOf(agent))),
    ...all.users.filter(isOwn).map(({ name, spec }) => make('User', name, spec)),
    ...all.teams
      .filter(isOwn)
      .map(({ name, members }) => make('Team', name, { members: [...members] })),
    ...all.channels.filter(isOwn).map(({ name, spec }) => make('NotificationChannel', name, spec)),
    ...(all.sources ?? []).map(({ name, spec }) => make('PolicySource', name, spec)),
  ]
  return {
    text: yamlOf(documents.map(document => ({ document, moved: [], comments: [] }))),
    differences: [
      notInForce,
      ...(directory === null ? [peopleNotKept] : []),
      ...table.policies.filter(({ system }) => system === true).map(({ name }) => lent(name)),
      ...policies.flatMap(({ differences }) => differences),
    ],
  }
}

function aliasesOf({ providers }: RuleTable): ReadonlySet<string> {
  return new Set(providers.flatMap(({ models }) => models.flatMap(({ aliases }) => aliases)))
}

const notInForce: ExportDifference = {
  code: 'not_in_force',
  effect: 'none',
  message: 'Comments, descriptions of policies and PolicyTests are not part of what is in force.',
}

const peopleNotKept: ExportDifference = {
  code: 'people_not_kept',
  effect: 'none',
  message: 'Users, Teams, NotificationChannels and ModelProviders of this version are not kept.',
}

/** Says that a policy of the system namespace is elsewhere. */
export function lent(policy: string): ExportDifference {
  return {
    code: 'system_policy',
    effect: 'looser',
    message: `${policy} narrows this namespace as well; it is exported with its own.`,
    policy,
  }
}

function agentOf({ kind, user, labels, apiKeys, serviceAccounts }: TableAgent): AgentSpec {
  return {
    ...(kind !== '' && { kind }),
    ...(user !== '' && { owner: user }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(apiKeys.length > 0 && { apiKeys }),
    ...(serviceAccounts && { serviceAccounts }),
  }
}

function budgetOf(budget: TableBudget): BudgetSpec {
  const { scope, per, unit, limit, window, timeZone, softLimit, onExceeded, workflow } = budget
  const { extension, fallbackPrice, toolPrices } = budget
  const amount = (count: number) => ({ [unit]: unit === 'usd' ? usd(count) : count })
  return {
    ...(Object.keys(scope).length > 0 && { scope }),
    per,
    limit: amount(limit),
    window,
    timeZone,
    ...(softLimit !== undefined && { softLimitPercent: percentOf(softLimit, limit) }),
    onExceeded,
    ...(workflow !== undefined && { approvalWorkflow: workflow }),
    ...(extension !== undefined && { extension: amount(extension) }),
    ...(fallbackPrice && {
      fallbackPrice: { input: usd(fallbackPrice.input), output: usd(fallbackPrice.output) },
    }),
    ...(toolPrices.length > 0 && {
      toolPrices: toolPrices.map(({ tool, microUsd }) => ({ tool, usd: usd(microUsd) })),
    }),
  }
}

/** The percentage that gives this soft limit, rounded down as the compiler does. */
function percentOf(softLimit: number, limit: number): number {
  const percents = Array.from({ length: 98 }, (_, i) => i + 1)
  return percents.filter(percent => Math.floor((limit * percent) / 100) < softLimit).length + 1
}

/** Whole micro-USD as a decimal. */
function usd(micro: number): string {
  const digits = String(micro).padStart(7, '0')
  const cents = digits.slice(-6).replace(/0{1,4}$/, '')
  return `${digits.slice(0, -6)}.${cents}`
}
