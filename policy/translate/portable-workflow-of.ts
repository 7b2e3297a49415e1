import type { PortableWorkflow } from '../../schemas/portable-policy.ts'
import type { TableWorkflow } from '../../schemas/rule-table.ts'
import { milliseconds } from '../compile/milliseconds.ts'
import type { ExportDifference } from './export-difference.ts'

/** A workflow as the portable format says it, and what it does not say. */
export function portableWorkflow({ name, spec }: TableWorkflow): {
  readonly workflow: PortableWorkflow
  readonly differences: readonly ExportDifference[]
} {
  const { description, approvers, escalation, ai, timeout = '5m', approvalsRequired, mode } = spec
  const { requireReason, separationOfDuties = true, inlineWait, reminders, channels } = spec
  const seconds = Math.floor(milliseconds(escalation?.after ?? timeout) / 1000)
  const kept = Math.min(86_400, Math.max(30, seconds))
  const whole = escalation === undefined ? kept : 2 * kept
  const unsaid = [
    ...(whole * 1000 === milliseconds(timeout) ? [] : [`its timeout of ${timeout}`]),
    ...(separationOfDuties ? ['that owners do not decide for their own agents'] : []),
    ...(inlineWait === undefined ? [] : ['inlineWait']),
    ...(reminders === undefined ? [] : ['reminders']),
    ...(channels === undefined ? [] : ['channels']),
  ]
  return {
    workflow: {
      name,
      ...(description !== undefined && { description }),
      timeout_seconds: kept,
      ...(requireReason && { require_reason: true }),
      approvals_required: approvalsRequired ?? 1,
      ...people('approver', approvers),
      ...people('escalation', escalation?.to),
      ...(ai && judge(ai)),
      ...(mode === 'async' && { async_approval: true }),
    },
    differences: unsaid.map(what => ({
      code: 'workflow',
      effect: what.startsWith('that') ? 'looser' : 'none',
      message: `Of the workflow ${name} it is not said: ${what}.`,
    })),
  }
}

interface People {
  readonly users?: readonly string[]
  readonly teams?: readonly string[]
}

function people(word: 'approver' | 'escalation', { users = [], teams = [] }: People = {}) {
  return {
    ...(users.length > 0 && { [`${word}_users`]: users }),
    ...(teams.length > 0 && { [`${word}_teams`]: teams }),
  }
}

function judge(ai: NonNullable<TableWorkflow['spec']['ai']>): Partial<PortableWorkflow> {
  const { model, guidelines, context, confidenceThreshold = 0.8, onUncertain, escalateTo } = ai
  return {
    approval_type: 'ai_driven',
    ai_model: model,
    ...(guidelines !== undefined && { ai_guidelines: guidelines }),
    ...(context !== undefined && { ai_context: context }),
    ai_confidence_threshold: confidenceThreshold,
    ai_fallback_behavior: onUncertain ?? 'escalate',
    ...(escalateTo !== undefined && { escalation_workflow: escalateTo }),
  }
}
