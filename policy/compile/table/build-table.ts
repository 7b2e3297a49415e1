import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type {
  RuleTable,
  TableAgent,
  TableProvider,
  TableServer,
  TableWorkflow,
} from '../../../schemas/rule-table.ts'
import type { Resource } from '../resource.ts'
import { inNamespace, ofKind, type World } from '../world.ts'
import { buildBudget } from './build-budget.ts'
import { ownPolicies, systemPolicies } from './build-policy.ts'
import { buildProvider } from './build-provider.ts'
import { type Files, filesOf } from './table-files.ts'

/** The rule table of a namespace with its canonical JSON (RFC 8785) and the SHA-256 of that. */
export interface CompiledTable {
  readonly table: RuleTable
  readonly json: string
  /** `sha256:` and hex. */
  readonly digest: string
}

/** The namespaces that have any resource, sorted. */
export function tableNamespaces({ byNamespace, draftsByNamespace }: World): readonly string[] {
  return [...new Set([...byNamespace.keys(), ...draftsByNamespace.keys()])].sort()
}

/** Writes the table of a namespace from resources that have passed every check. */
export function buildTable(world: World, namespace: string): CompiledTable {
  const here = inNamespace(world.byNamespace, namespace)
  const drafts = inNamespace(world.draftsByNamespace, namespace)
  const workflows = ofKind(here, 'ApprovalWorkflow')
  const { above, lent } = fromSystem(world, namespace)
  const groups = groupsOf(ofKind(here, 'Team'))
  const { files, at } = filesOf([...here, ...drafts, ...above, ...lent])
  const { source, date } = world.prices
  const providers = ofKind(here, 'ModelProvider')
    .map(provider => buildProvider(provider, world.prices, at))
    .sort(byName)
  const table: RuleTable = {
    format: 'writ.dev/rule-table/v1',
    namespace,
    files,
    policies: [...ownPolicies(world, drafts, at), ...systemPolicies(world, above, at)].sort(byName),
    servers: ofKind(here, 'ToolServer')
      .map(server => serverOf(server, at))
      .sort(byName),
    agents: ofKind(here, 'Agent')
      .map(agent => agentOf(agent, groups, at))
      .sort(byName),
    workflows: [
      ...workflows.map(workflow => workflowOf(workflow, workflow.name, at)),
      ...lent.map(workflow => workflowOf(workflow, `${workflow.namespace}/${workflow.name}`, at)),
    ].sort(byName),
    providers,
    budgets: ofKind(here, 'Budget')
      .map(budget => buildBudget(world, budget, at))
      .sort(byName),
    ...(providers.some(usesCatalogue) && { catalogue: { source, date } }),
  }
  const json = canonicalize(table) as string
  const digest = `sha256:${createHash('sha256').update(json).digest('hex')}`
  return { table, json, digest }
}

/**
 * What the system namespace lends to others: its policies, and the workflows that those ask. Not its agents
 * or servers, which would let somebody in or offer something.
 */
function fromSystem({ byNamespace, draftsByNamespace, systemNamespace }: World, namespace: string) {
  const system = namespace === systemNamespace ? '' : systemNamespace
  return {
    above: inNamespace(draftsByNamespace, system),
    lent: ofKind(inNamespace(byNamespace, system), 'ApprovalWorkflow'),
  }
}

/** The teams of each user. */
function groupsOf(teams: readonly Resource<'Team'>[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const { name, spec } of teams) {
    for (const member of spec.members) {
      const known = groups.get(member) ?? []
      known.push(name)
      groups.set(member, known)
    }
  }
  return groups
}

/** A table without a price of the catalogue is the same whatever the catalogue says. */
function usesCatalogue({ models }: TableProvider): boolean {
  return models.some(({ priceFrom }) => priceFrom === 'catalogue')
}

function serverOf({ name, spec, origin }: Resource<'ToolServer'>, at: Files['at']): TableServer {
  return { name, spec, at: at(origin, []) }
}

function workflowOf(
  { spec, origin }: Resource<'ApprovalWorkflow'>,
  name: string,
  at: Files['at'],
): TableWorkflow {
  return { name, spec, at: at(origin, []) }
}

function agentOf(
  { name, spec, origin }: Resource<'Agent'>,
  groups: ReadonlyMap<string, readonly string[]>,
  at: Files['at'],
): TableAgent {
  const { kind = '', owner = '', labels = {}, apiKeys = [], serviceAccounts } = spec
  return {
    name,
    kind,
    user: owner,
    groups: [...(groups.get(owner) ?? [])].sort(),
    labels,
    apiKeys: [...apiKeys].sort(byName),
    ...(serviceAccounts && { serviceAccounts: [...serviceAccounts].sort() }),
    at: at(origin, []),
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
