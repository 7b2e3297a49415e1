import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { Directory } from '../../schemas/directory.ts'
import { type AskedWorkflow, askedWorkflow } from './asked-workflow.ts'
import { judgeOf, personOf } from './person.ts'

/** The people, and perhaps a judge, that one workflow asks about one request. */
export interface Panel {
  readonly workflow: string
  /** Approvals it needs from people alone. */
  readonly required: number
  /** Approvals it needs once its judge has approved. */
  readonly requiredWithJudge: number
  readonly requireReason: boolean
  /** Users who may decide, sorted. */
  readonly mayDecide: readonly string[]
  /** Users who could, were the agent not their own. */
  readonly owners: readonly string[]
  /** Model whose answer counts, by the name under which it votes. */
  readonly judge: string | null
}

/** What a panel needs to know about a request. */
export interface Subject {
  /** Owner of the agent. */
  readonly user?: string | undefined
  /** Workflows whose escalation has happened. */
  readonly escalated: readonly string[]
}

/** An answer as it is counted. */
export interface CountedVote {
  readonly user_name: string
  readonly person: string
  readonly decision: 'approve' | 'deny'
  readonly workflows: readonly string[]
}

/** The panels of the workflows by the directory; a workflow that it does not know has nobody. */
export function panelsOf(
  directory: Directory | null,
  workflows: readonly string[],
  subject: Subject,
): readonly Panel[] {
  return workflows.map(name => panelOf(directory, name, subject))
}

function panelOf(directory: Directory | null, workflow: string, subject: Subject): Panel {
  const asked = askedWorkflow(directory, workflow)
  const { spec = {}, judge = null } = asked ?? {}
  const candidates =
    directory && asked ? candidatesOf(directory, asked, subject.escalated.includes(workflow)) : []
  const own = (user: string) =>
    spec.separationOfDuties !== false &&
    subject.user !== undefined &&
    personOf(user) === personOf(subject.user)
  return {
    workflow,
    required: spec.approvalsRequired ?? 1,
    requiredWithJudge: judge?.required ?? 1,
    requireReason: spec.requireReason ?? false,
    mayDecide: candidates.filter(user => !own(user)),
    owners: candidates.filter(own),
    judge: judge && judgeOf(judge.model, workflow),
  }
}

/** Users of the directory that the workflow names, sorted; those of its escalation once it has happened. */
function candidatesOf(
  directory: Directory,
  { people, spec: { approvers, escalation } }: AskedWorkflow,
  escalated: boolean,
): readonly string[] {
  const named = new Set([
    ...(approvers ? members(directory, approvers) : ownersOf(directory, people)),
    ...(escalated && escalation ? members(directory, escalation.to) : []),
  ])
  return directory.users.map(user => user.name).filter(user => named.has(user))
}

type People = NonNullable<ApprovalWorkflowSpec['approvers']>

function members(directory: Directory, { users = [], teams = [] }: People): readonly string[] {
  const asked = directory.teams.filter(team => teams.includes(team.name))
  return [...users, ...asked.flatMap(team => team.members)]
}

/** The owners of the namespace that the workflow is written in. */
function ownersOf(directory: Directory, workflow: string): readonly string[] {
  return directory.users
    .filter(({ name, spec }) => spec.roles?.includes('owner') && lender(name) === lender(workflow))
    .map(({ name }) => name)
}

/** The namespace that lends it; empty for what is a namespace's own. */
function lender(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')))
}

/** Teams of the directory that the user is in, sorted. */
export function teamsOf(directory: Directory | null, user: string): readonly string[] {
  return (directory?.teams ?? [])
    .filter(({ members }) => members.includes(user))
    .map(({ name }) => name)
}

/** Whether an answer counts for the panel now: given for it, by somebody who may still decide. */
export function countsFor(panel: Panel, vote: CountedVote): boolean {
  if (!vote.workflows.includes(panel.workflow)) return false
  // A model may have the name of a person.
  if (vote.person !== personOf(vote.user_name)) return vote.person === panel.judge
  return panel.mayDecide.includes(vote.user_name)
}

/** Approvals that a panel needs and has. */
export function countOf(
  panel: Panel,
  votes: readonly CountedVote[],
): { readonly required: number; readonly received: number } {
  const approvals = votes.filter(vote => vote.decision === 'approve' && countsFor(panel, vote))
  const judged = approvals.some(({ person }) => person === panel.judge)
  const byPeople = new Set(approvals.map(({ person }) => person)).size - (judged ? 1 : 0)
  const met = byPeople >= panel.required
  return judged && !met
    ? { required: panel.requiredWithJudge, received: byPeople + 1 }
    : { required: panel.required, received: byPeople }
}

/** Whether every panel has the approvals it needs. */
export function allMet(panels: readonly Panel[], votes: readonly CountedVote[]): boolean {
  return panels.every(panel => {
    const { required, received } = countOf(panel, votes)
    return received >= required
  })
}
