import type { RefusalCode } from '../approvals/approvals.ts'
import { RequestFailure } from './problem-answer.ts'

const statuses: Readonly<Record<RefusalCode, number>> = {
  unknown_request: 404,
  not_an_approver: 403,
  own_agent: 403,
  already_voted: 409,
  already_resolved: 409,
  expired: 410,
  reason_required: 422,
  grant_unusable: 422,
}

/** Why an answer changed nothing, as the API says it. */
export function refusal(code: RefusalCode, message: string): RequestFailure {
  return new RequestFailure(statuses[code], message, code)
}
