import type { ApprovalRequest, Surface } from '../../schemas/approval.ts'
import type { Actor, Approvals } from '../approvals/approvals.ts'
import { remoteKey } from './attempt-limit.ts'
import type { Attempts } from './attempts.ts'
import { type Caller, identityOf, sees, userIn } from './caller.ts'
import { RequestFailure } from './problem-answer.ts'

/** Who asks, and from where. */
export interface Asking {
  readonly caller: Caller
  readonly remote: string | undefined
  readonly userAgent: string | undefined
}

/**
 * The request, for those who belong to its namespace. Rejects with a RequestFailure 404 for everybody
 * else, in the same words as for one that does not exist, and with 429 for whoever tries too many.
 */
export type FindRequest = (id: string, what: string, asking: Asking) => Promise<ApprovalRequest>

interface FindNeeds {
  readonly approvals: Pick<Approvals, 'get'>
  readonly attempts: Attempts
}

/** Looks requests up for callers, and has it on record who looked for one that is not theirs to see. */
export function requestFinder({ approvals, attempts }: FindNeeds): FindRequest {
  return async (id, what, asking) => {
    const { caller } = asking
    const request = await approvals.get(id)
    if (request !== null && sees(caller, request.namespace)) return request
    const wait = await attempts.failed({
      from: identityOf(caller),
      record: {
        request: request?.id ?? null,
        detail: `${what}: unknown_request${request === null ? ` ${id}` : ''}`,
        actor: { ...actorOf(asking, ''), user: '' },
      },
    })
    if (wait > 0) throw new RequestFailure(429, tooMany(wait), 'too_many', wait)
    throw new RequestFailure(404, 'There is no such request.', 'unknown_request')
  }
}

/** What whoever tries too often is told. */
export function tooMany(wait: number): string {
  return `Too many attempts; try again in ${wait} seconds.`
}

/** The caller as the record names whoever decides in a namespace. */
export function actorOf({ caller, remote, userAgent }: Asking, namespace: string): Actor {
  return {
    user: userIn(caller, namespace),
    surface: surfaceOf(userAgent),
    identity: identityOf(caller),
    evidence: { address: remoteKey(remote) },
  }
}

/** The command line says so of itself; it proves as much as any other program with the same key. */
function surfaceOf(userAgent = ''): Surface {
  return userAgent.startsWith('writ-cli/') ? 'cli' : 'rest'
}
