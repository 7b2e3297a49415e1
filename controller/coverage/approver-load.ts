import { type Kysely, sql } from 'kysely'
import type { Coverage } from '../../schemas/coverage.ts'
import type { Directory } from '../../schemas/directory.ts'
import { panelsOf } from '../approvals/panel.ts'
import { personOf } from '../approvals/person.ts'
import type { ApprovalVoteRow, Database } from '../store/database.ts'
import { type Tally, tally } from './tally.ts'

export interface ApproverLoadNeeds {
  readonly db: Kysely<Database>
  readonly directoryOf: (namespace: string) => Directory | null
  /** Owner of an agent in force; undefined when it has none, or is gone. */
  readonly ownerOf: (namespace: string, agent: string) => string | undefined
}

/** Questions that are looked at, the newest. */
const mostRequests = 20_000
/** Rows of each list that are told. */
const mostTold = 500

/** Who was asked what since an instant (ms since 1970), in one namespace or in all; people as they are in force now. */
export async function approverLoad(
  needs: ApproverLoadNeeds,
  { since, namespace }: { readonly since: number; readonly namespace?: string | undefined },
): Promise<Coverage['approvals']> {
  const requests = await requestsSince(needs.db, since, namespace ?? null)
  const asked = requests.slice(0, mostRequests)
  const votes = await votesSince(needs.db, since, namespace ?? null)
  const people = panelReader(needs)
  const workflows = new Map<string, WorkflowTally>()
  const users = new Map<string, UserTally>()
  for (const request of asked) {
    const given = votes.get(request.id) ?? []
    const byPeople = given.filter(isByPerson)
    // A judge that decided alone asked nobody.
    if (given.length > 0 && byPeople.length === 0 && decided.has(request.state)) continue
    countWorkflows(workflows, request, byPeople)
    countPeople(users, request, byPeople, people(request))
  }
  return {
    complete: requests.length <= mostRequests,
    workflows: mostAsked([...workflows.values()]).map(workflowLoad),
    people: mostAsked([...users.values()]).map(personLoad),
  }
}

const decided: ReadonlySet<string> = new Set(['approved', 'consumed', 'denied'])

interface Request {
  readonly id: string
  readonly namespace: string
  readonly agent: string
  readonly workflows: readonly string[]
  readonly escalated: readonly string[]
  readonly state: string
  readonly requested_at: Date
}

type Vote = Pick<
  ApprovalVoteRow,
  'request_id' | 'person' | 'user_name' | 'decision' | 'workflows' | 'at'
>

/** What a standing grant answered asked nobody. */
async function requestsSince(
  db: Kysely<Database>,
  since: number,
  namespace: string | null,
): Promise<readonly Request[]> {
  const { rows } = await sql<Request>`
    select id, namespace, agent, workflows, escalated, state, requested_at from approval_requests
    where requested_at >= ${new Date(since)} and grant_id is null
      and (${namespace}::text is null or namespace = ${namespace})
    order by requested_at desc, id desc limit ${mostRequests + 1}`.execute(db)
  return rows
}

async function votesSince(
  db: Kysely<Database>,
  since: number,
  namespace: string | null,
): Promise<ReadonlyMap<string, readonly Vote[]>> {
  const { rows } = await sql<Vote>`
    select request_id, person, user_name, decision, v.workflows, at from approval_votes v
    where request_id in (
      select id from approval_requests
      where requested_at >= ${new Date(since)} and grant_id is null
        and (${namespace}::text is null or namespace = ${namespace})
      order by requested_at desc, id desc limit ${mostRequests})
    order by at, person`.execute(db)
  return Map.groupBy(rows, ({ request_id }) => request_id)
}

/** A judge votes under a name that no person has. */
function isByPerson({ person, user_name }: Vote): boolean {
  return person === personOf(user_name)
}

type Asked = ReadonlyMap<string, ReadonlySet<string>>

/** The workflows by which each person is asked; the same for all questions of one kind. */
function panelReader({ directoryOf, ownerOf }: ApproverLoadNeeds): (request: Request) => Asked {
  const known = new Map<string, Asked>()
  return ({ namespace, agent, workflows, escalated }) => {
    const user = ownerOf(namespace, agent)
    const key = JSON.stringify([namespace, workflows, escalated, user])
    const found = known.get(key)
    if (found !== undefined) return found
    const asked = new Map<string, Set<string>>()
    for (const panel of panelsOf(directoryOf(namespace), workflows, { user, escalated })) {
      for (const person of panel.mayDecide) {
        asked.set(person, (asked.get(person) ?? new Set()).add(panel.workflow))
      }
    }
    known.set(key, asked)
    return asked
  }
}

interface WorkflowTally extends Tally {
  readonly namespace: string
  readonly workflow: string
}

interface UserTally extends Tally {
  readonly namespace: string
  readonly user: string
  readonly workflows: Set<string>
}

function countWorkflows(
  tallies: Map<string, WorkflowTally>,
  request: Request,
  votes: readonly Vote[],
): void {
  const { namespace, state } = request
  const last = votes.at(-1)
  for (const workflow of request.workflows) {
    const key = JSON.stringify([namespace, workflow])
    const known = tallies.get(key) ?? { namespace, workflow, ...tally() }
    tallies.set(key, known)
    known.asked += 1
    known.states.set(state, (known.states.get(state) ?? 0) + 1)
    if (state === 'expired' && votes.length === 0) known.unanswered += 1
    if (last !== undefined && decided.has(state)) known.waits.push(waitOf(request, last))
  }
}

function countPeople(
  tallies: Map<string, UserTally>,
  request: Request,
  votes: readonly Vote[],
  people: Asked,
): void {
  const { namespace, state } = request
  const answers = new Map(votes.map(vote => [vote.user_name, vote]))
  // Whoever answered was asked, also one who could not answer now.
  for (const user of new Set([...people.keys(), ...answers.keys()])) {
    const key = JSON.stringify([namespace, user])
    const known = tallies.get(key) ?? { namespace, user, workflows: new Set<string>(), ...tally() }
    tallies.set(key, known)
    known.asked += 1
    for (const workflow of people.get(user) ?? []) known.workflows.add(workflow)
    if (state === 'expired' && votes.length === 0) known.unanswered += 1
    const answer = answers.get(user)
    if (answer === undefined) continue
    known.answered += 1
    for (const workflow of answer.workflows) known.workflows.add(workflow)
    known.waits.push(waitOf(request, answer))
  }
}

function waitOf({ requested_at }: Request, { at }: Vote): number {
  return Math.max(0, at.getTime() - requested_at.getTime())
}

function mostAsked<T extends WorkflowTally | UserTally>(tallies: readonly T[]): readonly T[] {
  const nameOf = (of: WorkflowTally | UserTally) =>
    JSON.stringify([of.namespace, 'user' in of ? of.user : of.workflow])
  return tallies
    .toSorted((a, b) => b.asked - a.asked || (nameOf(a) < nameOf(b) ? -1 : 1))
    .slice(0, mostTold)
}

function workflowLoad({ namespace, workflow, asked, unanswered, states, waits }: WorkflowTally) {
  const of = (...names: readonly string[]) =>
    names.reduce((sum, name) => sum + (states.get(name) ?? 0), 0)
  return {
    ...{ namespace, workflow, asked, approved: of('approved', 'consumed'), denied: of('denied') },
    ...{ expired: of('expired'), unanswered, pending: of('pending') },
    ...waitsOf(waits),
  }
}

function personLoad({ namespace, user, asked, answered, unanswered, waits, workflows }: UserTally) {
  return {
    ...{ namespace, user, asked, answered, unanswered, ...waitsOf(waits) },
    workflows: [...workflows].sort(),
  }
}

function waitsOf(waits: readonly number[]) {
  if (waits.length === 0) return {}
  const sorted = waits.toSorted((a, b) => a - b)
  return { medianMs: rankOf(sorted, 0.5), p95Ms: rankOf(sorted, 0.95) }
}

/** The nearest-rank percentile of sorted numbers. */
function rankOf(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0
}
