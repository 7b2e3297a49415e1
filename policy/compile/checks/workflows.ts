import type { Problem } from '../../../schemas/problem.ts'
import { milliseconds } from '../milliseconds.ts'
import type { Resource } from '../resource.ts'
import type { Path } from '../source-document.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt, type Said } from './check.ts'

/** Workflows that cannot end as written: too few people, times out of range, judges that ask in a circle. */
export function* workflows({ byNamespace }: World): Iterable<Problem> {
  for (const here of byNamespace.values()) {
    const teams = ofKind(here, 'Team').filter(isTeamKnown)
    const members = new Map(teams.map(({ name, spec }) => [name, spec.members]))
    const all = ofKind(here, 'ApprovalWorkflow')
    const next = new Map(all.map(({ name, spec }) => [name, spec.ai?.escalateTo]))
    for (const workflow of all) {
      yield* quorum(workflow, members)
      yield* times(workflow)
      yield* circle(workflow, next)
    }
  }
}

function* quorum(
  workflow: Resource<'ApprovalWorkflow'>,
  members: ReadonlyMap<string, readonly string[]>,
): Iterable<Problem> {
  const { approvers, escalation, approvalsRequired: needed = 1 } = workflow.spec
  if (approvers === undefined || isUnsure(workflow, quorumParts)) return
  const people = new Set<string>()
  for (const { users = [], teams = [] } of [approvers, escalation?.to ?? {}]) {
    const lists = teams.map(team => members.get(team))
    // A team that is not known is a problem of its own, and may have any members.
    if (!lists.every(list => list !== undefined)) return
    for (const person of [...users, ...lists.flat()]) people.add(person)
  }
  if (people.size >= needed) return
  yield said(workflow, ['spec', 'approvers'], {
    severity: 'error',
    code: 'quorum_unreachable',
    message: `${needed} must approve, but ${people.size === 0 ? 'nobody' : `only ${people.size}`} may.`,
    suggestion: 'Name more approvers, or lower the number.',
  })
}

function* times(workflow: Resource<'ApprovalWorkflow'>): Iterable<Problem> {
  const { timeout = '5m', inlineWait, escalation, reminders = [] } = workflow.spec
  if (isUnsure(workflow, ['timeout'])) return
  const end = milliseconds(timeout)
  if (end < milliseconds('30s') || end > milliseconds('30d')) {
    yield said(workflow, ['spec', 'timeout'], {
      severity: 'error',
      code: 'timeout_range',
      message: 'timeout must be between 30s and 30d.',
    })
  }
  const moments: readonly (readonly [Path, string | undefined])[] = [
    [['spec', 'inlineWait'], inlineWait],
    [['spec', 'escalation', 'after'], escalation?.after],
    ...reminders.map((reminder, i) => [['spec', 'reminders', i], reminder] as const),
  ]
  for (const [path, moment] of moments) {
    // What is blank is before nothing, and a problem already.
    if (moment === undefined || moment === '' || milliseconds(moment) < end) continue
    yield said(workflow, path, {
      severity: 'warning',
      code: 'after_timeout',
      message: `${moment} is not before the timeout of ${timeout}.`,
    })
  }
}

function* circle(
  workflow: Resource<'ApprovalWorkflow'>,
  next: ReadonlyMap<string, string | undefined>,
): Iterable<Problem> {
  if (workflow.name === '' || workflow.namespace === '') return
  const visited = new Set([workflow.name])
  let name = next.get(workflow.name)
  while (name !== undefined && !visited.has(name)) {
    // Said once: by the first of those in the circle.
    if (name < workflow.name) return
    visited.add(name)
    name = next.get(name)
  }
  if (name !== workflow.name) return
  const shown = [...visited].slice(0, 5)
  const rest = visited.size > shown.length ? ['…'] : []
  yield said(workflow, ['spec', 'ai', 'escalateTo'], {
    severity: 'error',
    code: 'reference_cycle',
    message: `The judges ask each other in a circle: ${[...shown, ...rest, name].join(' -> ')}.`,
    suggestion: 'Let the last one ask people.',
  })
}

function isTeamKnown({ namespace, origin }: Resource<'Team'>): boolean {
  return namespace !== '' && !origin.unsure(['spec', 'members'])
}

/** What a quorum depends on. */
const quorumParts = ['approvers', 'escalation', 'approvalsRequired']

function isUnsure({ origin }: Resource, keys: readonly string[]): boolean {
  return keys.some(key => origin.unsure(['spec', key]))
}

function said({ origin }: Resource, path: Path, said: Said): Problem {
  return problemAt(origin, path, said)
}
