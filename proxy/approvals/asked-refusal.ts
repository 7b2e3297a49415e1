import { redactText } from '../../records/redact/redact.ts'
import type { ApprovalNews } from '../../schemas/approval.ts'
import type { JudgedCall } from '../mcp/judge.ts'
import { type ApprovalObstacle, type Refusal, refusalOfAsked } from '../mcp/refusal.ts'
import { QuestionFailure } from './failure.ts'

const longestReason = 500

/** The refusal for lack of somebody who could be asked. */
export function refusalWithout({ decision, subject }: JudgedCall, cause: unknown): Refusal {
  const detail = cause instanceof QuestionFailure ? cause.message : 'an unexpected error in Writ'
  return refusalOfAsked('approval_unavailable', decision, subject, detail)
}

/** The refusal that a request amounts to which people, or time, have ended. */
export function refusalByNews({ decision, subject }: JudgedCall, news: ApprovalNews): Refusal {
  return refusalOfAsked(obstacleIn(news), decision, subject, sentenceOn(news))
}

function obstacleIn({ state }: ApprovalNews): ApprovalObstacle {
  switch (state) {
    case 'denied':
      return 'approval_denied'
    case 'expired':
      return 'approval_expired'
    case 'cancelled':
      return 'approval_cancelled'
    case 'consumed':
      return 'approval_used'
    case 'pending':
    case 'approved':
    case 'void':
      return 'approval_void'
  }
}

/** How a request stands, in a sentence for the model; what people wrote is shown without what looks like a credential. */
export function sentenceOn({ id, state, reason, received, required }: ApprovalNews): string {
  switch (state) {
    case 'pending':
      return `Request ${id} is open: ${received} of ${required} approvals so far.`
    case 'approved':
      return `Request ${id} is approved.`
    case 'denied':
      return `Request ${id} was denied${said(reason)}`
    case 'expired':
      return `Nobody answered request ${id} in time.`
    case 'cancelled':
      return `Request ${id} was taken back${said(reason)}`
    case 'consumed':
      return `The approval of request ${id} has been used: it is good for one call.`
    case 'void':
      return `Request ${id} no longer stands: ${voidReasons[reason ?? ''] ?? 'what it was about has changed'}.`
  }
}

function said(reason: string | undefined): string {
  const text = redactText(reason ?? '').trim()
  if (text === '') return '.'
  const short = text.length > longestReason ? `${text.slice(0, longestReason)}…` : text
  return `: ${JSON.stringify(short)}.`
}

/** By the codes of the controller. */
const voidReasons: { readonly [code: string]: string } = {
  key_revoked: 'the key that asked is good no more',
  rule_removed: 'the rule that asked is gone',
  rule_denies: 'the rule that asked denies now',
  workflows_changed: 'others have to be asked now',
  schema_changed: 'the tool takes other arguments now',
  call_changed: 'the call is not what was approved: the tool or its arguments have changed',
  decider_left: 'somebody who approved may decide no more',
  unused: 'the approval was not used in time',
  unknown_request: 'the controller does not know it',
}
