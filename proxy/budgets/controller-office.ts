import type { BudgetRun } from '../../schemas/budget-lease.ts'
import type { ControllerLink } from '../follow/controller-link.ts'
import { LinkFailure } from '../follow/link-failure.ts'
import { LeaseFailure } from './failure.ts'
import type { LeaseOffice } from './lease-office.ts'
import { parseLeaseAnswer, parseRenewed } from './parse-answers.ts'

/** A call waits for the answer. */
const patienceMs = 5000
const mostBytes = 8 * 1024 * 1024

/** Leases of the controller's ledger. */
export function controllerOffice(controller: ControllerLink): LeaseOffice {
  return {
    async begin(run: BudgetRun) {
      await post(controller, '/api/v1/budgets/runs', run)
    },
    async lease(request) {
      return parseLeaseAnswer(await post(controller, '/api/v1/budgets/leases', request))
    },
    async renew(renewal) {
      return parseRenewed(await post(controller, '/api/v1/budgets/leases/renewals', renewal))
    },
  }
}

async function post(controller: ControllerLink, path: string, body: object): Promise<unknown> {
  try {
    const answer = await controller.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    })
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostBytes) throw new RangeError('answer too long')
      chunks.push(chunk)
    }
    return size === 0 ? null : JSON.parse(Buffer.concat(chunks).toString())
  } catch (cause) {
    throw failureFor(cause)
  }
}

function failureFor(cause: unknown): LeaseFailure {
  if (cause instanceof LinkFailure && cause.status >= 400 && cause.status < 500) {
    return new LeaseFailure('request_refused', cause.message, { cause })
  }
  if (cause instanceof SyntaxError || cause instanceof RangeError) {
    return new LeaseFailure('answer_malformed', 'the controller answered nonsense', { cause })
  }
  return new LeaseFailure('controller_away', 'the controller cannot be reached', { cause })
}
