import type { PortablePolicy, PortableWorkflow } from '../../schemas/portable-policy.ts'
import { slug } from '../compile/portable/slug.ts'
import type { Specs } from '../compile/resource.ts'
import type { Path, SourceDocument } from '../compile/source-document.ts'
import type { ImportDifference } from './import-difference.ts'

type WorkflowSpec = Specs['ApprovalWorkflow']

/** A person or team that is only a name. */
type NamedPerson =
  | { readonly kind: 'User'; readonly name: string; readonly spec: Specs['User'] }
  | { readonly kind: 'Team'; readonly name: string; readonly spec: Specs['Team'] }

/** A workflow that calls people and teams by names that they can have. */
export function plainPeople(spec: WorkflowSpec): WorkflowSpec {
  const { approvers, escalation } = spec
  return {
    ...spec,
    ...(approvers && { approvers: plain(approvers) }),
    ...(escalation && { escalation: { ...escalation, to: plain(escalation.to) } }),
  }
}

function plain({ users = [], teams = [] }: NonNullable<WorkflowSpec['approvers']>) {
  return {
    ...(users.length > 0 && { users: [...new Set(users.map(slug))] }),
    ...(teams.length > 0 && { teams: [...new Set(teams.map(slug))] }),
  }
}

/** People whom workflows name and nobody wrote down, as far as a name goes; they are known from then on. */
export function peopleOf(
  { approval_workflows }: PortablePolicy,
  document: SourceDocument,
  known: Set<string>,
): { readonly people: readonly NamedPerson[]; readonly differences: readonly ImportDifference[] } {
  const people: NamedPerson[] = []
  const differences: ImportDifference[] = []
  for (const { kind, called, path } of mentions(approval_workflows ?? [])) {
    const name = slug(called)
    const place = document.place(path)
    if (name !== called) differences.push({ ...renamed(called, name), ...place })
    if (known.has(`${kind} ${name}`)) continue
    known.add(`${kind} ${name}`)
    differences.push({ ...personWritten(kind, name), ...place })
    people.push(kind === 'User' ? { kind, name, spec: {} } : { kind, name, spec: { members: [] } })
  }
  return { people, differences }
}

interface Mention {
  readonly kind: NamedPerson['kind']
  readonly called: string
  readonly path: Path
}

const lists = [
  ['User', 'approver_users'],
  ['User', 'escalation_users'],
  ['Team', 'approver_teams'],
  ['Team', 'escalation_teams'],
] as const

function mentions(workflows: readonly PortableWorkflow[]): readonly Mention[] {
  return workflows.flatMap((workflow, i) =>
    lists.flatMap(([kind, key]) =>
      (workflow[key] ?? []).map((called, j) => ({
        kind,
        called,
        path: ['approval_workflows', i, key, j],
      })),
    ),
  )
}

function personWritten(kind: NamedPerson['kind'], name: string) {
  return {
    code: 'person_written',
    effect: 'none',
    message: `The ${kind} ${name} is written down by name alone.`,
    suggestion:
      kind === 'User'
        ? 'Write how Writ knows this person: apiKeys, identities.'
        : 'Write its members; the workflows that ask it need them.',
  } as const
}

/** Says that something is called otherwise. */
export function renamed(before: string, after: string) {
  return {
    code: 'renamed',
    effect: 'none',
    message: `"${before.slice(0, 80)}" is called ${after} now.`,
  } as const
}
