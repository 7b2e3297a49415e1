import { Document } from 'yaml'
import type { Directory } from '../../schemas/directory.ts'
import type { PortablePolicy } from '../../schemas/portable-policy.ts'
import type { RuleTable, TablePolicy } from '../../schemas/rule-table.ts'
import type { ExportDifference } from './export-difference.ts'
import { type Exported, lent } from './export-kinds.ts'
import { portableServer } from './portable-server-of.ts'
import { type KnownNames, portableTools } from './portable-tools-of.ts'
import { portableWorkflow } from './portable-workflow-of.ts'

/** A policy to say in the portable format, and what is known besides. */
interface Exporting {
  readonly table: RuleTable
  readonly tools: KnownNames
}

/**
 * Writes a rule table down in the portable format, version 1.0: a document for each policy that it can say. Every other
 * thing is named. Where a rule cannot be said the tool is refused, and where a tool cannot be named what is
 * not listed is: calls of tools get no looser decision, except where a difference says `looser`.
 */
export function exportPortable(
  table: RuleTable,
  directory: Directory | null,
  tools: KnownNames,
): Exported {
  const own = table.policies.filter(({ system }) => system !== true)
  const said = own.filter(isSayable)
  const parts = said.map(policy => portableOf(policy, { table, tools }))
  const servers = table.servers.map(portableServer)
  const documents = parts.map(({ document }, i) => ({
    ...document,
    ...(i === 0 &&
      servers.some(({ server }) => server !== null) && {
        mcp_servers: servers.flatMap(({ server }) => server ?? []),
      }),
  }))
  const differences = [
    ...table.policies.filter(({ system }) => system === true).map(({ name }) => lent(name)),
    ...own.flatMap(unsaid),
    ...parts.flatMap(({ differences }) => differences),
    ...servers.flatMap(({ differences }) => differences),
    ...kindsLeftOut(table, directory),
  ]
  const text = documents.map(document => new Document(document).toString({ lineWidth: 0 }))
  return { text: text.join('---\n'), differences }
}

function isSayable({ mode, subjects }: TablePolicy): boolean {
  return mode === 'enforce' && subjects === undefined
}

/** What cannot be said of a policy at all. */
function unsaid(policy: TablePolicy): readonly ExportDifference[] {
  const { name, mode, subjects } = policy
  if (mode === 'observe') {
    const message = `${name} is left out: it is observed only.`
    return [{ code: 'observed', effect: 'none', policy: name, message }]
  }
  if (subjects !== undefined) {
    const message = `${name} is left out: it is about some callers only.`
    return [{ code: 'subjects', effect: 'looser', policy: name, message }]
  }
  const lists = (['models', 'resources', 'prompts'] as const).filter(
    list => policy[list].length > 0,
  )
  return lists.map(list => ({
    code: 'no_such_entry',
    effect: 'looser',
    policy: name,
    message: `The entries for ${list} of ${name} are left out.`,
  }))
}

function portableOf(policy: TablePolicy, { table, tools }: Exporting) {
  const written = portableTools(policy, tools)
  const { unmatched } = policy
  const [asked] = unmatched.workflows
  const own = written.tools.flatMap(({ approval_workflow }) => approval_workflow ?? [])
  const workflows = workflowsOf(table, asked === undefined ? own : [...own, asked])
  const document: PortablePolicy = {
    version: '1.0',
    metadata: { name: policy.name },
    ...(workflows.length > 0 && { approval_workflows: workflows.map(({ workflow }) => workflow) }),
    ...(written.tools.length > 0 && { tools: [...written.tools] }),
    defaults: {
      unknown_tools: written.complete ? unmatched.action : 'deny',
      ...(asked !== undefined && { default_approval_workflow: asked }),
    },
  }
  return {
    document,
    differences: [...written.differences, ...workflows.flatMap(({ differences }) => differences)],
  }
}

function workflowsOf(table: RuleTable, names: readonly string[]) {
  const all = new Set(names)
  for (const name of all) {
    const next = table.workflows.find(workflow => workflow.name === name)?.spec.ai?.escalateTo
    if (next !== undefined) all.add(next)
  }
  return table.workflows.filter(({ name }) => all.has(name)).map(portableWorkflow)
}

function kindsLeftOut(table: RuleTable, directory: Directory | null): readonly ExportDifference[] {
  const counts: readonly (readonly [string, number, 'looser' | 'none'])[] = [
    ['Budget', table.budgets.length, 'looser'],
    ['ModelProvider', table.providers.length, 'none'],
    ['Agent', table.agents.length, 'none'],
    ['User', directory?.users.length ?? 0, 'none'],
    ['Team', directory?.teams.length ?? 0, 'none'],
    ['NotificationChannel', directory?.channels.length ?? 0, 'none'],
    ['PolicySource', directory?.sources?.length ?? 0, 'none'],
  ]
  return counts
    .filter(([, count]) => count > 0)
    .map(([kind, count, effect]) => ({
      code: 'no_such_kind',
      effect,
      message: `${count} of kind ${kind} ${count === 1 ? 'is' : 'are'} left out.`,
    }))
}
