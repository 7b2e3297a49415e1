import { isDeepStrictEqual } from 'node:util'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import {
  ApprovalRequest as ApprovalRequestKind,
  type ApprovalRequestStatus,
} from '../../../schemas/approval-request.ts'
import type { Approvals } from '../../approvals/approvals.ts'
import { failedWith } from '../failure.ts'
import type { Kube } from '../kube.ts'
import type { KubeObject } from '../kube-object.ts'
import { type Objects, resourceOf } from '../objects.ts'
import { type AnswerNeeds, answerDecisions } from './answer-decisions.ts'
import { isFinal, requestObject, statusOf } from './request-object.ts'
import type { Room } from './room.ts'

export interface MirrorRequestNeeds extends AnswerNeeds {
  readonly approvals: Pick<Approvals, 'get' | 'decide' | 'attempted'>
  readonly kube: Pick<Kube, 'get' | 'create' | 'replace' | 'remove'>
  readonly objects: Pick<Objects, 'get' | 'take'>
  readonly room: Room
  readonly limits: MirrorLimits
}

/** How much of the store is shown. */
export interface MirrorLimits {
  /** Open questions of one namespace that have an object. */
  readonly open: number
  /** Questions of one namespace that are over and still have an object. */
  readonly over: number
  /** How long a question that is over is shown, ms. */
  readonly shownMs: number
}

/** Where a question is, as an object and in the store. */
export interface RequestPlace {
  readonly namespace: string
  readonly id: string
}

/** The kind of the objects. */
export const kind = ApprovalRequestKind.kind
const resource = resourceOf(ApprovalRequestKind)

/**
 * Makes one object what the store says, and takes the decisions that were added to it to the approvals.
 * Looks at both as they are now. True when somebody else wrote meanwhile and it must be done again.
 */
export async function mirrorRequest(
  needs: MirrorRequestNeeds,
  { namespace, id }: RequestPlace,
): Promise<boolean> {
  const request = await requestAt(needs, { namespace, id })
  const object = needs.objects.get(kind, namespace, id)
  if (request === null || isOver(request, needs)) {
    if (object !== null) await needs.kube.remove(resource, { namespace, name: id })
    return false
  }
  const shown = object ?? (await made(needs, request))
  return shown === null ? false : update(needs, request, shown)
}

/** An id is good in its own namespace alone. */
async function requestAt(
  { approvals }: MirrorRequestNeeds,
  { namespace, id }: RequestPlace,
): Promise<ApprovalRequest | null> {
  const request = await approvals.get(id)
  return request?.namespace === namespace ? request : null
}

function isOver(
  { state, resolvedAt, consumedAt, requestedAt }: ApprovalRequest,
  { now, limits }: MirrorRequestNeeds,
): boolean {
  const since = Date.parse(consumedAt ?? resolvedAt ?? requestedAt)
  return isFinal(state) && now() - since > limits.shownMs
}

/** The object of a question that waits, or null when it shall have none. */
async function made(
  needs: MirrorRequestNeeds,
  request: ApprovalRequest,
): Promise<KubeObject | null> {
  const leave = request.state === 'pending' ? needs.room(request.namespace) : null
  if (leave === null) return null
  try {
    return (await needs.guard.holds()) ? await make(needs, request) : null
  } finally {
    leave()
  }
}

async function make(
  { kube, objects }: MirrorRequestNeeds,
  request: ApprovalRequest,
): Promise<KubeObject | null> {
  const { id: name, namespace } = request
  try {
    const object = await kube.create(resource, { namespace }, requestObject(request))
    objects.take(kind, object)
    return object
  } catch (error) {
    if (failedWith(error, 'already_exists')) return kube.get(resource, { namespace, name })
    // A namespace of Writ need not be one of the cluster, or may just be going.
    if (failedWith(error, 'not_found')) return null
    throw error
  }
}

async function update(
  needs: MirrorRequestNeeds,
  request: ApprovalRequest,
  object: KubeObject,
): Promise<boolean> {
  const { kube, objects, approvals } = needs
  const { namespace, id: name } = request
  const { decisions = [] } = Object(object.status) as Partial<ApprovalRequestStatus>
  const { uid } = object.metadata
  const answered = await answerDecisions(needs, { request, uid, decisions })
  // Who might have decided about what is over is not written anew whenever people come and go.
  const written = Object(object.status).state
  const hasNews = !isDeepStrictEqual(answered, decisions)
  if (isFinal(request.state) && written === request.state && !hasNews) return false
  // What was decided just now is in the store, and the object shall say so at once.
  const standing = hasNews ? await approvals.get(name) : request
  const status = statusOf(standing ?? request, answered)
  if (isDeepStrictEqual(status, object.status)) return false
  const address = { namespace, name, subresource: 'status' }
  try {
    objects.take(kind, await kube.replace(resource, address, { ...object, status }))
    return false
  } catch (error) {
    if (!failedWith(error, 'conflict', 'not_found')) throw error
    const newest = await kube.get(resource, { namespace, name })
    if (newest !== null) objects.take(kind, newest)
    return true
  }
}
