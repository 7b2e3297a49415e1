import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { ControllerClient } from '../controller-client.ts'
import { CliFailure } from '../failure.ts'

/** Where requests are. */
export const requestsPath = '/api/v1/approval-requests'

/**
 * The request that the text names: its id, or how it begins, with or without `apr-`. One that is open is
 * meant before others. Fails with `usage` when there is none, or more than one.
 */
export async function findRequest(
  client: ControllerClient,
  text: string,
): Promise<ApprovalRequest> {
  const id = prefixOf(text)
  for (const state of ['pending', undefined]) {
    const { requests } = (await client.json(requestsPath, { id, state, limit: '5' })) as Page
    const [first, second] = requests
    if (first !== undefined && second === undefined) return first
    if (first !== undefined) throw ambiguous(id, requests)
  }
  throw new CliFailure('usage', `there is no request ${id}`, 'see `writ approvals list`')
}

interface Page {
  readonly requests: readonly ApprovalRequest[]
}

function prefixOf(text: string): string {
  const word = text.toLowerCase()
  if (/^[a-z0-9-]{1,20}$/.test(word)) return word.startsWith('apr-') ? word : `apr-${word}`
  throw new CliFailure('usage', `${text} is no id of a request`, 'see `writ approvals list`')
}

function ambiguous(id: string, requests: readonly ApprovalRequest[]): CliFailure {
  const some = requests.map(request => request.id).join(', ')
  return new CliFailure('usage', `${id} may be ${some}`, 'give more of the id')
}
