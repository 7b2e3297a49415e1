import type { Response } from 'express'
import Type from 'typebox'
import { ApprovalRequest } from '../../schemas/approval.ts'
import { closed, oneOf, text } from '../../schemas/field.ts'
import type { Answer, Answered, Approvals } from '../approvals/approvals.ts'
import { refusal } from './approval-refusal.ts'
import { userIn } from './caller.ts'
import { declare } from './declare.ts'
import { GrantTerms } from './grant-routes.ts'
import { RequestId } from './request-id.ts'
import type { Route } from './route.ts'
import { type Asking, actorOf, type FindRequest } from './visible-request.ts'

export interface AnswerRoutesNeeds {
  readonly approvals: Pick<Approvals, 'decide' | 'cancel' | 'attempted'>
  readonly find: FindRequest
  /** Whether a User is an owner of a namespace. */
  readonly isOwner: (namespace: string, user: string) => boolean
}

const path = '/api/v1/approval-requests/:id'

const reason = text('Why, for the record and for the agent.', 4096)
const grant = Type.Optional(GrantTerms)

const Approve = closed({ reason: Type.Optional(reason), grant }, 'An approval.')
const Decline = closed({ reason: Type.Optional(reason) }, 'A denial.')
const Decide = closed(
  {
    decision: oneOf(['approve', 'deny'], 'What is decided.'),
    reason: Type.Optional(reason),
    grant,
  },
  'A decision.',
)
const Cancel = closed({ reason }, 'Why the question is taken back.')

const mostBytes = 65_536

const common = {
  method: 'post',
  roles: ['admin', 'person'],
  permission: 'decide_approvals',
  params: RequestId,
  answers: {
    200: { description: 'It counts; the request as it stands now.', schema: ApprovalRequest },
  },
} as const

/** What people answer. */
export function answerRoutes(needs: AnswerRoutesNeeds): readonly Route[] {
  return [
    declare({
      ...common,
      path: `${path}/approve`,
      attempt: 'approve',
      summary: 'Approves a request, once for each person.',
      body: { schema: Approve, mostBytes, optional: true },
      handle: (asked, response) =>
        decide(needs, { ...asked.body, decision: 'approve' }, asked, response),
    }),
    declare({
      ...common,
      path: `${path}/decline`,
      attempt: 'deny',
      summary: 'Denies a request; one denial ends it.',
      body: { schema: Decline, mostBytes, optional: true },
      handle: (asked, response) =>
        decide(needs, { ...asked.body, decision: 'deny' }, asked, response),
    }),
    declare({
      ...common,
      path: `${path}/decide`,
      attempt: 'decide',
      summary: 'Approves or denies a request.',
      body: { schema: Decide, mostBytes },
      handle: (asked, response) => decide(needs, asked.body, asked, response),
    }),
    declare({
      ...common,
      path: `${path}/cancel`,
      attempt: 'cancel',
      summary: 'Takes a question back: for those who may decide it, owners, and who runs Writ.',
      body: { schema: Cancel, mostBytes },
      handle: (asked, response) => cancel(needs, asked.body.reason, asked, response),
    }),
  ]
}

interface Asked extends Asking {
  readonly params: { readonly id: string }
}

async function decide(
  { approvals, find }: AnswerRoutesNeeds,
  answer: Answer,
  asked: Asked,
  response: Response,
): Promise<void> {
  const { id, namespace } = await find(asked.params.id, answer.decision, asked)
  response.json(counted(await approvals.decide(id, answer, actorOf(asked, namespace))))
}

async function cancel(
  { approvals, find, isOwner }: AnswerRoutesNeeds,
  reason: string,
  asked: Asked,
  response: Response,
): Promise<void> {
  const { id, namespace, user: owner, workflows } = await find(asked.params.id, 'cancel', asked)
  const user = userIn(asked.caller, namespace)
  const actor = actorOf(asked, namespace)
  const may =
    asked.caller.role === 'admin' ||
    user === owner ||
    isOwner(namespace, user) ||
    workflows.some(({ mayDecide }) => mayDecide.includes(user))
  if (!may) {
    await approvals.attempted(id, 'cancel: not_an_approver', actor)
    throw refusal('not_an_approver', 'You may not take this question back.')
  }
  response.json(counted(await approvals.cancel(id, reason, actor)))
}

function counted(answered: Answered): ApprovalRequest {
  if (answered.outcome === 'counted') return answered.request
  throw refusal(answered.code, answered.message)
}
