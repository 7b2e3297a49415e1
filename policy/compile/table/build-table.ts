import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type {
  RuleTable,
  TableAgent,
  TableServer,
  TableWorkflow,
} from '../../../schemas/rule-table.ts'
import type { PolicyDraft } from '../policy-draft.ts'
import type { Resource } from '../resource.ts'
import { ofKind, type World } from '../world.ts'
import { ownPolicies, systemPolicies } from './build-policy.ts'
import { type Files, filesOf } from './table-files.ts'

/** The rule table of a namespace with its canonical JSON (RFC 8785) and the SHA-256 of that. */
export interface CompiledTable {
  readonly table: RuleTable
  readonly json: string
  /** `sha256:` and hex. */
  readonly digest: string
}

/** The namespaces that have any resource, sorted. */
export function tableNamespaces({ resources, drafts }: World): readonly string[] {
  return [...new Set([...resources, ...drafts].map(({ namespace }) => namespace))].sort()
}

/** Writes the table of a namespace from resources that have passed every check. */
export function buildTable(world: World, namespace: string): CompiledTable {
  const here = world.resources.filter(resource => resource.namespace === namespace)
  const drafts = world.drafts.filter(draft => draft.namespace === namespace)
  const above = namespace === world.systemNamespace ? [] : systemDrafts(world)
  const workflows = ofKind(here, 'ApprovalWorkflow')
  const lent = namespace === world.systemNamespace ? [] : systemWorkflows(world)
  const { files, at } = filesOf([...here, ...drafts, ...above, ...lent])
  const table: RuleTable = {
    format: 'writ.dev/rule-table/v1',
    namespace,
    files,
    policies: [...ownPolicies(world, drafts, at), ...systemPolicies(world, above, at)].sort(byName),
    servers: ofKind(here, 'ToolServer')
      .map(server => serverOf(server, at))
      .sort(byName),
    agents: ofKind(here, 'Agent')
      .map(agent => agentOf(agent, here, at))
      .sort(byName),
    workflows: [
      ...workflows.map(workflow => workflowOf(workflow, workflow.name, at)),
      ...lent.map(workflow => workflowOf(workflow, `${workflow.namespace}/${workflow.name}`, at)),
    ].sort(byName),
  }
  const json = canonicalize(table) as string
  const digest = `sha256:${createHash('sha256').update(json).digest('hex')}`
  return { table, json, digest }
}

function systemDrafts({ drafts, systemNamespace }: World): readonly PolicyDraft[] {
  return drafts.filter(({ namespace }) => namespace === systemNamespace)
}

/** Only what policies of the system namespace can ask of others: its workflows, not its agents or servers. */
function systemWorkflows({ resources, systemNamespace }: World) {
  return ofKind(resources, 'ApprovalWorkflow').filter(
    ({ namespace }) => namespace === systemNamespace,
  )
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
  here: readonly Resource[],
  at: Files['at'],
): TableAgent {
  const { kind = '', owner = '', labels = {}, apiKeys = [] } = spec
  const teams = ofKind(here, 'Team').filter(team => team.spec.members.includes(owner))
  return {
    name,
    kind,
    user: owner,
    groups: teams.map(team => team.name).sort(),
    labels,
    apiKeys: [...apiKeys].sort(byName),
    at: at(origin, []),
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}
