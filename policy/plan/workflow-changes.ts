import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { TableWorkflow } from '../../schemas/rule-table.ts'
import { milliseconds } from '../compile/milliseconds.ts'
import { otherwise, type Said, unimportant } from './resource-changes.ts'

type Spec = ApprovalWorkflowSpec

/** How the content of a workflow changed: who may approve, how many must, for how long. */
export function workflowDiffers(before: TableWorkflow, after: TableWorkflow): readonly Said[] {
  const [was, is] = [before.spec, after.spec]
  const changes = [
    ...quorum(was, is),
    ...people(was.approvers, is.approvers),
    ...time(was, is),
    ...duties(was, is),
    ...escalation(was.escalation, is.escalation),
    ...channels(was, is),
  ]
  // A judge, and the workflow to which it passes questions on, settle some of these things themselves.
  const judged = was.ai !== undefined || is.ai !== undefined
  const restless = changes.length > 0 || JSON.stringify(was.ai) !== JSON.stringify(is.ai)
  if (judged && restless) return [otherwise]
  return changes.length > 0 ? changes : [unimportant]
}

function quorum(
  { approvalsRequired: was = 1 }: Spec,
  { approvalsRequired: is = 1 }: Spec,
): readonly Said[] {
  return step(is - was, `needs ${is} ${is === 1 ? 'approval' : 'approvals'}, needed ${was}`)
}

function time({ timeout: was = '5m' }: Spec, { timeout: is = '5m' }: Spec): readonly Said[] {
  return step(milliseconds(was) - milliseconds(is), `waits ${is} for an answer, waited ${was}`)
}

function duties(before: Spec, after: Spec): readonly Said[] {
  const bit = (value: boolean) => Number(value)
  return [
    ...step(
      bit(after.requireReason ?? false) - bit(before.requireReason ?? false),
      after.requireReason === true ? 'needs a reason from now on' : 'needs no reason any more',
    ),
    ...step(
      bit(after.separationOfDuties ?? true) - bit(before.separationOfDuties ?? true),
      after.separationOfDuties === false
        ? 'lets owners decide for their own agents'
        : 'lets nobody decide for an agent of their own',
    ),
  ]
}

/** Widens below zero, narrows above. */
function step(stricter: number, message: string): readonly Said[] {
  if (stricter === 0) return []
  return [{ effect: stricter > 0 ? 'narrowing' : 'widening', message }]
}

type People = NonNullable<Spec['approvers']>

function people(before: People | undefined, after: People | undefined): readonly Said[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const message = `asks ${named(after)}, asked ${named(before)}`
  // The owners of a namespace are named nowhere, so they cannot be compared with those who are.
  if (before === undefined || after === undefined) return [{ effect: 'either', message }]
  return [{ effect: isAmong(after, before) ? 'narrowing' : 'widening', message }]
}

function isAmong(some: People, all: People): boolean {
  const { users = [], teams = [] } = all
  return (
    (some.users ?? []).every(user => users.includes(user)) &&
    (some.teams ?? []).every(team => teams.includes(team))
  )
}

function named(approvers: People | undefined): string {
  if (approvers === undefined) return 'the owners'
  const { users = [], teams = [] } = approvers
  return [...users, ...teams.map(team => `team ${team}`)].join(', ') || 'nobody'
}

function escalation(before: Spec['escalation'], after: Spec['escalation']): readonly Said[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (after === undefined) return [{ effect: 'narrowing', message: 'asks nobody else in the end' }]
  const fewer =
    before !== undefined &&
    milliseconds(after.after) >= milliseconds(before.after) &&
    isAmong(after.to, before.to)
  const message = `asks ${named(after.to)} as well after ${after.after}`
  return [{ effect: fewer ? 'narrowing' : 'widening', message }]
}

function channels({ channels: was = [] }: Spec, { channels: is = [] }: Spec): readonly Said[] {
  if (is.every(name => was.includes(name))) return []
  return [{ effect: 'either', message: `tells people in ${is.join(', ')}` }]
}
