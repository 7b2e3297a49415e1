import type { Problem } from '../../../schemas/problem.ts'
import type { Reference } from '../policy-draft.ts'
import type { KindName, Origin, Resource } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { isDeclared, namesOf, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** A name of a resource that is not written down in the namespace. */
export function* references(world: World): Iterable<Problem> {
  for (const { namespace, origin, references } of world.drafts) {
    for (const reference of references) yield* unknown(world, namespace, origin, reference)
  }
  for (const resource of world.resources) {
    for (const reference of referencesOf(resource)) {
      yield* unknown(world, resource.namespace, resource.origin, reference, resource.portable)
    }
  }
}

function* unknown(
  { declared, hint }: World,
  namespace: string,
  origin: Origin,
  { kind, name, path }: Reference,
  portable = false,
): Iterable<Problem> {
  if (name === '' || namespace === '' || isDeclared(declared, kind, namespace, name)) return
  if (kind === 'ToolServer' && name === 'builtin') return
  const close = hint(name, namesOf(declared, kind, namespace))
  yield problemAt(origin, path, {
    // A portable file cannot hold people; they may be written down later.
    severity: portable && (kind === 'User' || kind === 'Team') ? 'warning' : 'error',
    code: 'unknown_reference',
    message: `There is no ${kind} "${name}" in namespace ${namespace}.`,
    ...(close.suggestion === undefined
      ? { suggestion: `Write ${/^A/.test(kind) ? 'an' : 'a'} ${kind} of that name.` }
      : close),
  })
}

function referencesOf(resource: Resource): readonly Reference[] {
  return [
    ...ofKind([resource], 'ApprovalWorkflow').flatMap(workflowReferences),
    ...ofKind([resource], 'Agent').flatMap(({ spec }) =>
      named('User', ['spec', 'owner'], spec.owner),
    ),
    ...ofKind([resource], 'Team').flatMap(({ spec }) =>
      listed('User', ['spec', 'members'], spec.members),
    ),
    ...ofKind([resource], 'Budget').flatMap(({ spec }) =>
      named('ApprovalWorkflow', ['spec', 'approvalWorkflow'], spec.approvalWorkflow),
    ),
    ...ofKind([resource], 'PolicySource').flatMap(({ spec }) =>
      named('ApprovalWorkflow', ['spec', 'review', 'workflow'], spec.review?.workflow),
    ),
  ]
}

function workflowReferences({ spec }: Resource<'ApprovalWorkflow'>): readonly Reference[] {
  const { approvers, escalation, channels, ai } = spec
  return [
    ...listed('User', ['spec', 'approvers', 'users'], approvers?.users),
    ...listed('Team', ['spec', 'approvers', 'teams'], approvers?.teams),
    ...listed('User', ['spec', 'escalation', 'to', 'users'], escalation?.to.users),
    ...listed('Team', ['spec', 'escalation', 'to', 'teams'], escalation?.to.teams),
    ...listed('NotificationChannel', ['spec', 'channels'], channels),
    ...named('ApprovalWorkflow', ['spec', 'ai', 'escalateTo'], ai?.escalateTo),
  ]
}

function listed(kind: KindName, path: Path, names: readonly string[] = []): readonly Reference[] {
  return names.map((name, i) => ({ kind, name, path: [...path, i] }))
}

function named(kind: KindName, path: Path, name: string | undefined): readonly Reference[] {
  return name === undefined ? [] : [{ kind, name, path }]
}
