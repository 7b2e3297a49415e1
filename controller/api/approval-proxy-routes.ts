import Type from 'typebox'
import {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalNews,
  ApprovalQuestion,
} from '../../schemas/approval.ts'
import { approvalIdPattern } from '../../schemas/approval-state.ts'
import { closed, oneOf, text } from '../../schemas/field.ts'
import { outcomes } from '../../schemas/record.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { newsFeed } from '../approvals/news-feed.ts'
import type { ProxyOwners } from '../proxy-owners.ts'
import type { Caller } from './caller.ts'
import { declare } from './declare.ts'
import { eventStream } from './event-stream.ts'
import type { PodSpeech } from './pod-speech.ts'
import { RequestFailure } from './problem-answer.ts'
import { expectInScope, expectProxy, isInScope, scopeOf } from './proxy-scope.ts'
import { RequestId } from './request-id.ts'
import type { Route } from './route.ts'

export interface ApprovalProxyRoutesNeeds {
  readonly approvals: Approvals
  readonly owners: ProxyOwners
  readonly speech: PodSpeech
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

function asking(needs: ApprovalProxyRoutesNeeds): readonly Route[] {
  const { approvals, onBeat, log } = needs
  const feed = newsFeed(approvals, error => log.error({ err: error }, 'news not told'))
  return [
    declare({
      method: 'post',
      path: `${path}/questions`,
      roles: ['proxy'],
      summary: 'Asks whether one call may be made; the same digest collects the same request.',
      body: { schema: ApprovalQuestion, mostBytes },
      answers: { 200: { description: 'How the request stands.', schema: ApprovalNews } },
      handle: async ({ body, caller }, response) => {
        const question = body as ApprovalQuestion
        expectInScope(caller, [question.namespace])
        await expectSpeaker(needs, caller, question.proxy, question)
        response.json(await approvals.ask(question))
      },
    }),
    declare({
      method: 'post',
      path: `${path}/news`,
      roles: ['proxy'],
      summary: 'How requests stand that the proxy waits for.',
      body: { schema: Waiting, mostBytes },
      answers: { 200: { description: 'News.', schema: News } },
      handle: async ({ body, caller }, response) => {
        const news = await approvals.news(body.ids)
        response.json({ news: news.filter(({ asker }) => isInScope(caller, asker.namespace)) })
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
      handle: ({ caller }, response) => feed.add(eventStream(response, onBeat), scopeOf(caller)),
    }),
  ]
}

function releasing(needs: ApprovalProxyRoutesNeeds): readonly Route[] {
  const { approvals } = needs
  return [
    declare({
      method: 'post',
      path: `${path}/:id/claim`,
      roles: ['proxy'],
      summary: 'Claims the one use of an approval.',
      params: RequestId,
      body: { schema: ApprovalClaim, mostBytes },
      answers: { 200: { description: 'Whether it is granted.', schema: ApprovalClaimAnswer } },
      handle: async ({ params, body, caller }, response) => {
        await expectSpeaker(needs, caller, body.proxy, await askerOf(approvals, caller, params.id))
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
      handle: async ({ params, body, caller }, response) => {
        // Nobody hears whether there is such a request.
        const asker = await askerOf(approvals, caller, params.id)
        if (asker !== null || scopeOf(caller) === null)
          await approvals.ended(params.id, body.call, body.outcome)
        response.status(204).end()
      },
    }),
  ]
}

type Asker = ApprovalNews['asker']

/** Who asked, as far as the caller may know: null for what is of another namespace, and for what nobody knows. */
async function askerOf(approvals: Approvals, caller: Caller, id: string): Promise<Asker | null> {
  const [news] = await approvals.news([id])
  return news !== undefined && isInScope(caller, news.asker.namespace) ? news.asker : null
}

/** Rejects unless the caller goes by the name of the proxy and may speak as who asks; 404 when nobody does. */
async function expectSpeaker(
  { owners, speech }: ApprovalProxyRoutesNeeds,
  caller: Caller,
  proxy: string,
  asker: Asker | null,
): Promise<void> {
  if (asker === null) throw new RequestFailure(404, 'There is no such request.')
  await expectProxy(owners, caller, proxy)
  await speech.expect(caller, asker)
}
