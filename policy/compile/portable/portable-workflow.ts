import type { ApprovalWorkflowSpec } from '../../../schemas/approval-workflow.ts'
import type { PortableWorkflow } from '../../../schemas/portable-policy.ts'
import { slug } from './slug.ts'

/**
 * An approval workflow of a portable file as one of ours. There the timeout runs once more after
 * escalation, and owners may decide for their own agents.
 */
export function workflowSpec(workflow: PortableWorkflow): ApprovalWorkflowSpec {
  const seconds = workflow.timeout_seconds ?? 300
  const to = people(workflow.escalation_users, workflow.escalation_teams)
  const approvers = people(workflow.approver_users, workflow.approver_teams)
  const { description, approval_type, ai_model } = workflow
  return {
    ...(description === undefined ? {} : { description }),
    ...(approvers === null ? {} : { approvers }),
    approvalsRequired: workflow.approvals_required ?? workflow.required_approvals ?? 1,
    timeout: `${to === null ? seconds : 2 * seconds}s`,
    mode: workflow.async_approval ? 'async' : 'wait',
    requireReason: workflow.require_reason ?? false,
    separationOfDuties: false,
    ...(to === null ? {} : { escalation: { after: `${seconds}s`, to } }),
    ...(approval_type === 'ai_driven' && ai_model !== undefined
      ? { ai: judge(workflow, ai_model) }
      : {}),
  }
}

function people(users: readonly string[] = [], teams: readonly string[] = []) {
  return users.length + teams.length === 0
    ? null
    : { users: [...new Set(users)], teams: [...new Set(teams)] }
}

function judge(workflow: PortableWorkflow, model: string) {
  const { ai_guidelines: guidelines, ai_context: context, escalation_workflow } = workflow
  return {
    model,
    ...(guidelines === undefined ? {} : { guidelines }),
    ...(context === undefined ? {} : { context }),
    confidenceThreshold: workflow.ai_confidence_threshold ?? 0.8,
    onUncertain: workflow.ai_fallback_behavior ?? 'escalate',
    ...(escalation_workflow === undefined ? {} : { escalateTo: slug(escalation_workflow) }),
  }
}
