import type { Request } from 'express'
import Type from 'typebox'
import { ApprovalClaim, ApprovalQuestion, approvalIdPattern } from '../../schemas/approval.ts'
import { closed, oneOf, text } from '../../schemas/field.ts'
import { outcomes } from '../../schemas/record.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { newsFeed } from '../approvals/news-feed.ts'
import { eventStream } from './event-stream.ts'
import { RequestFailure } from './problem-answer.ts'
import { jsonBody } from './read-body.ts'
import type { Route } from './route.ts'
import { validator } from './validator.ts'

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

const path = '/api/v1/approvals'

const json = { type: 'application/json', mostBytes: mostQuestionBytes }

/** What proxies ask and hear about approvals. */
export function approvalProxyRoutes(needs: ApprovalProxyRoutesNeeds): readonly Route[] {
  return [...asking(needs), ...releasing(needs)]
}

function asking({ approvals, onBeat, log }: ApprovalProxyRoutesNeeds): readonly Route[] {
  const question = validator(ApprovalQuestion)
  const waiting = validator(Waiting)
  const feed = newsFeed(approvals, error => log.error({ err: error }, 'news not told'))
  return [
    {
      method: 'post',
      path: `${path}/questions`,
      roles: ['proxy'],
      body: json,
      handle: async (request, response) => {
        response.json(await approvals.ask(question(jsonBody(request)) as ApprovalQuestion))
      },
    },
    {
      method: 'post',
      path: `${path}/news`,
      roles: ['proxy'],
      body: json,
      handle: async (request, response) => {
        response.json({ news: await approvals.news(waiting(jsonBody(request)).ids) })
      },
    },
    {
      method: 'get',
      path: `${path}/stream`,
      roles: ['proxy'],
      handle: (_request, response) => feed.add(eventStream(response, onBeat)),
    },
  ]
}

function releasing({ approvals }: ApprovalProxyRoutesNeeds): readonly Route[] {
  const claim = validator(ApprovalClaim)
  const ending = validator(Ending)
  return [
    {
      method: 'post',
      path: `${path}/:id/claim`,
      roles: ['proxy'],
      body: json,
      handle: async (request, response) => {
        const answer = await approvals.claim(idOf(request), claim(jsonBody(request)))
        if (answer === null) throw new RequestFailure(404, 'There is no such request.')
        response.json(answer)
      },
    },
    {
      method: 'post',
      path: `${path}/:id/outcome`,
      roles: ['proxy'],
      body: json,
      handle: async (request, response) => {
        const { call, outcome } = ending(jsonBody(request))
        await approvals.ended(idOf(request), call, outcome)
        response.status(204).end()
      },
    },
  ]
}

const id = new RegExp(approvalIdPattern)

function idOf(request: Request): string {
  const given = String(request.params.id)
  if (!id.test(given)) throw new RequestFailure(404, 'There is no such request.')
  return given
}
