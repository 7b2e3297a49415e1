import { milliseconds } from '../../policy/compile/milliseconds.ts'
import type { Directory } from '../../schemas/directory.ts'
import { askedWorkflow } from './asked-workflow.ts'

/** Something that happens by itself while a request is pending. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly type: 'escalated' | 'reminded'
  readonly workflow: string
}

const defaultTimeout = '5m'

/** An approval that nobody uses becomes void after this time. */
export const unusedAfterMs = 24 * 3600 * 1000

/** When silence becomes a refusal: the shortest timeout of the workflows, since all must approve in time. */
export function expiryOf(
  directory: Directory | null,
  workflows: readonly string[],
  askedAt: number,
): number {
  const timeouts = specsOf(directory, workflows).map(({ spec }) =>
    milliseconds(spec.timeout ?? defaultTimeout),
  )
  return askedAt + Math.min(milliseconds('30d'), ...timeouts)
}

/** Escalations and reminders of the workflows, in order of time. */
export function momentsOf(
  directory: Directory | null,
  workflows: readonly string[],
  askedAt: number,
): readonly Moment[] {
  return specsOf(directory, workflows)
    .flatMap(({ name, spec }): Moment[] => [
      ...(spec.escalation ? [moment('escalated', name, askedAt, spec.escalation.after)] : []),
      ...(spec.reminders ?? []).map(after => moment('reminded', name, askedAt, after)),
    ])
    .sort((a, b) => a.at - b.at)
}

function moment(type: Moment['type'], workflow: string, askedAt: number, after: string): Moment {
  return { type, workflow, at: askedAt + milliseconds(after) }
}

/** When the next thing is due for a pending request of which everything up to `actedUntil` is done. */
export function nextDue(moments: readonly Moment[], actedUntil: number, expiresAt: number): number {
  const next = moments.find(({ at }) => at > actedUntil)?.at ?? expiresAt
  return Math.min(next, expiresAt)
}

/** A workflow that is not known waits as one that says nothing. */
function specsOf(directory: Directory | null, workflows: readonly string[]) {
  return workflows.map(name => ({ name, spec: askedWorkflow(directory, name)?.spec ?? {} }))
}
