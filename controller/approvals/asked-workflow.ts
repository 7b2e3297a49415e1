import type { ApprovalWorkflowSpec } from '../../schemas/approval-workflow.ts'
import type { Directory } from '../../schemas/directory.ts'

/** A workflow as it applies to a question. */
export interface AskedWorkflow {
  /** Name under which it is asked; empty for the owners of the namespace. */
  readonly name: string
  /** The workflow whose people answer: itself, or the one to which its judge passes questions on. */
  readonly people: string
  /** What applies to people: that workflow's, but for the times that the one asked sets itself. */
  readonly spec: ApprovalWorkflowSpec
  /** The judge that answers first, and the approvals that are needed when it approves. */
  readonly judge: { readonly model: string; readonly required: number } | null
}

/** A workflow of the directory by name, or null when there is none or its judges ask each other in a circle. */
export function askedWorkflow(directory: Directory | null, name: string): AskedWorkflow | null {
  const own = specOf(directory, name)
  if (own === null) return null
  const people = peopleOf(directory, { name, spec: own })
  if (people === null) return null
  const { timeout, escalation, reminders, requireReason } = own
  return {
    name,
    people: people.name,
    spec: {
      ...people.spec,
      ...(timeout !== undefined && { timeout }),
      ...(escalation !== undefined && { escalation }),
      ...(reminders !== undefined && { reminders }),
      ...(requireReason === true && { requireReason }),
    },
    judge: own.ai ? { model: own.ai.model, required: own.approvalsRequired ?? 1 } : null,
  }
}

interface Named {
  readonly name: string
  readonly spec: ApprovalWorkflowSpec
}

/** The owners of the namespace are asked as by a workflow that says nothing. */
function specOf(directory: Directory | null, name: string): ApprovalWorkflowSpec | null {
  if (name === '') return {}
  return directory?.workflows.find(workflow => workflow.name === name)?.spec ?? null
}

function peopleOf(directory: Directory | null, asked: Named): Named | null {
  const visited = new Set<string>()
  let { name, spec } = asked
  while (spec.ai?.escalateTo !== undefined) {
    visited.add(name)
    name = spec.ai.escalateTo
    const next = specOf(directory, name)
    if (next === null || visited.has(name)) return null
    spec = next
  }
  return { name, spec }
}
