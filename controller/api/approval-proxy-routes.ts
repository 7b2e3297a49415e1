import Type from 'typebox'
import {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalNews,
  ApprovalQuestion,
  approvalIdPattern,
} from '../../schemas/approval.ts'
import { closed, oneOf, text } from '../../schemas/field.ts'
import { outcomes } from '../../schemas/record.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { newsFeed } from '../approvals/news-feed.ts'
import { declare } from './declare.ts'
import { eventStream } from './event-stream.ts'
import { RequestFailure } from './problem-answer.ts'
import { RequestId } from './request-id.ts'
import type { Route } from './route.ts'

export interface ApprovalProxyRoutesNeeds {
  readonly approvals: Approvals
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
  readonly log: { error(fields: object, message: string): void }
}

/** Arguments beyond this are more than people read before they say yes. */
const mostQuestionBytes = 1024 * 1024

const Waiting = closed(
  {
    ids: Type.Array(Type.String({ pattern: approvalIdPattern }), {
      maxItems: 1000,
      description: 'Requests that the proxy waits for.',
    }),
  },
  'Which requests to tell of.',
)

const Ending = closed(
  {
    call: text('Id of the call in the records.', 64),
    outcome: oneOf(outcomes, 'How it ended.'),
  },
  'How a released call ended.',
)

const News = closed(
  { news: Type.Array(ApprovalNews, { description: 'In no order; unknown ids are left out.' }) },
  'News of requests.',
)

const path = '/api/v1/approvals'

const mostBytes = mostQuestionBytes

/** What proxies ask and hear about approvals. */
export function approvalProxyRoutes(needs: ApprovalProxyRoutesNeeds): readonly Route[] {
  return [...asking(needs), ...releasing(needs)]
}

function asking({ approvals, onBeat, log }: ApprovalProxyRoutesNeeds): readonly Route[] {
  const feed = newsFeed(approvals, error => log.error({ err: error }, 'news not told'))
  return [
    declare({
      method: 'post',
      path: `${path}/questions`,
      roles: ['proxy'],
      summary: 'Asks whether one call may be made; the same digest collects the same request.',
      body: { schema: ApprovalQuestion, mostBytes },
      answers: { 200: { description: 'How the request stands.', schema: ApprovalNews } },
      handle: async ({ body }, response) => {
        response.json(await approvals.ask(body as ApprovalQuestion))
      },
    }),
    declare({
      method: 'post',
      path: `${path}/news`,
      roles: ['proxy'],
      summary: 'How requests stand that the proxy waits for.',
      body: { schema: Waiting, mostBytes },
      answers: { 200: { description: 'News.', schema: News } },
      handle: async ({ body }, response) => {
        response.json({ news: await approvals.news(body.ids) })
      },
    }),
    declare({
      method: 'get',
      path: `${path}/stream`,
      roles: ['proxy'],
      summary: 'News of every request that a proxy asked, as it changes.',
      answers: {
        200: { description: 'Events `news`.', type: 'text/event-stream', schema: ApprovalNews },
      },
      handle: (_asked, response) => feed.add(eventStream(response, onBeat)),
    }),
  ]
}

function releasing({ approvals }: ApprovalProxyRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'post',
      path: `${path}/:id/claim`,
      roles: ['proxy'],
      summary: 'Claims the one use of an approval.',
      params: RequestId,
      body: { schema: ApprovalClaim, mostBytes },
      answers: { 200: { description: 'Whether it is granted.', schema: ApprovalClaimAnswer } },
      handle: async ({ params, body }, response) => {
        const answer = await approvals.claim(params.id, body)
        if (answer === null) throw new RequestFailure(404, 'There is no such request.')
        response.json(answer)
      },
    }),
    declare({
      method: 'post',
      path: `${path}/:id/outcome`,
      roles: ['proxy'],
      summary: 'Says how a released call ended.',
      params: RequestId,
      body: { schema: Ending, mostBytes },
      answers: { 204: { description: 'It is noted.' } },
      handle: async ({ params, body }, response) => {
        await approvals.ended(params.id, body.call, body.outcome)
        response.status(204).end()
      },
    }),
  ]
}
