import type { ApprovalWorkflowSpec } from '../../../schemas/approval-workflow.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { KindName, Resource } from '../resource.ts'
import { inNamespace, ofKind, type World } from '../world.ts'

/**
 * The people, teams, workflows, channels and judges of a namespace. The system namespace lends its own
 * under `namespace/name`; the names inside what it lends are written in the same way.
 */
export function buildDirectory(world: World, namespace: string, table: string): Directory {
  const { byNamespace, systemNamespace } = world
  const own = inNamespace(byNamespace, namespace)
  const lent = namespace === systemNamespace ? [] : inNamespace(byNamespace, systemNamespace)
  const far = (name: string) => `${systemNamespace}/${name}`
  const all = <K extends KindName, T extends Named>(
    kind: K,
    entry: (resource: Resource<K>, name: (name: string) => string) => T,
  ): readonly T[] =>
    [
      ...ofKind(own, kind).map(resource => entry(resource, near)),
      ...ofKind(lent, kind).map(resource => entry(resource, far)),
    ].sort(byName)
  const sources = ofKind(own, 'PolicySource')
    .map(({ name, spec }) => ({ name, spec }))
    .sort(byName)
  return {
    namespace,
    table,
    users: all('User', asItIs),
    teams: all('Team', ({ name, spec }, named) => ({
      name: named(name),
      members: spec.members.map(named).sort(),
    })),
    workflows: all('ApprovalWorkflow', ({ name, spec }, named) => ({
      name: named(name),
      spec: named === near ? spec : workflowOf(spec, named),
    })),
    channels: all('NotificationChannel', asItIs),
    providers: all('ModelProvider', asItIs),
    ...(sources.length > 0 && { sources }),
  }
}

interface Named {
  readonly name: string
}

function near(name: string): string {
  return name
}

function asItIs<K extends KindName>(
  { name, spec }: Resource<K>,
  named: (name: string) => string,
): { readonly name: string; readonly spec: Resource<K>['spec'] } {
  return { name: named(name), spec }
}

function workflowOf(
  spec: ApprovalWorkflowSpec,
  named: (name: string) => string,
): ApprovalWorkflowSpec {
  const { approvers, escalation, channels, ai } = spec
  const people = ({ users = [], teams = [] }: NonNullable<typeof approvers>) => ({
    users: users.map(named),
    teams: teams.map(named),
  })
  return {
    ...spec,
    ...(approvers && { approvers: people(approvers) }),
    ...(escalation && { escalation: { ...escalation, to: people(escalation.to) } }),
    ...(channels && { channels: channels.map(named) }),
    ...(ai?.escalateTo && { ai: { ...ai, escalateTo: named(ai.escalateTo) } }),
  }
}

function byName(a: Named, b: Named): number {
  return a.name < b.name ? -1 : 1
}
