import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { RefusalCode } from './approvals.ts'

/** What a person is told whose answer changed nothing. */
export function refusalText(code: RefusalCode, request: ApprovalRequest | null): string {
  switch (code) {
    case 'unknown_request':
      return 'There is no such request.'
    case 'not_an_approver':
      return 'None of the workflows that are asked names you.'
    case 'own_agent':
      return 'The agent is yours: somebody else must decide.'
    case 'already_voted':
      return 'You have answered already; an answer cannot be changed.'
    case 'reason_required':
      return 'This workflow wants a reason with every answer.'
    case 'already_resolved':
      return `The request is ${request?.state ?? 'resolved'} already.`
    case 'expired':
      return 'The time to answer has passed; the agent has to ask again.'
    case 'grant_unusable':
      return 'The grant does not fit this call: uses from 1 to 1,000, an end within 30 days, every argument named as `equal` or `any`, and money only over an argument that is a number.'
  }
}
