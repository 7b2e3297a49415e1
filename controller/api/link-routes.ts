import type { Request, Response } from 'express'
import type { Kysely } from 'kysely'
import Type from 'typebox'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import { closed, oneOf, text } from '../../schemas/field.ts'
import type { Actor, Approvals } from '../approvals/approvals.ts'
import { type Link, markUsed, readLink } from '../approvals/links.ts'
import type { Database } from '../store/database.ts'
import { remoteKey } from './attempt-limit.ts'
import type { Attempts } from './attempts.ts'
import { type Page, sendPage } from './pages/page.ts'
import {
  answeredPage,
  invalidLinkPage,
  questionPage,
  refusedPage,
  waitPage,
} from './pages/question-page.ts'
import { textBody } from './read-body.ts'
import { RequestId, requestId } from './request-id.ts'
import type { Route } from './route.ts'

export interface LinkRoutesNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Pick<Approvals, 'get' | 'decide'>
  readonly attempts: Attempts
  readonly now: () => number
}

const path = '/approval/:id'

const page = { type: 'text/html', description: 'A page.' }

const Token = closed({ token: Type.Optional(text('What the link was sent with.', 512)) }, 'Query.')

const Form = closed(
  {
    token: text('What the link was sent with.', 512),
    decision: oneOf(['approve', 'deny'], 'The button that was pressed.'),
    reason: Type.Optional(Type.String({ maxLength: 4096, description: 'Why.' })),
  },
  'The form of the page.',
)

/** The page on which one person answers one question, without a login. Opening it decides nothing: mail scanners do. */
export function linkRoutes(needs: LinkRoutesNeeds): readonly Route[] {
  return [
    {
      method: 'get',
      path,
      roles: 'everyone',
      about: {
        summary:
          'The page on which a person who was sent a link answers. Opening it decides nothing.',
        params: RequestId,
        query: Token,
        answers: { 200: page, 404: page, 410: page, 429: page },
      },
      handle: (request, response) => show(needs, request, response),
    },
    {
      method: 'post',
      path,
      roles: 'everyone',
      about: {
        summary: 'Answers from that page; a link counts once.',
        params: RequestId,
        body: Form,
        answers: { 200: page, 403: page, 404: page, 409: page, 410: page, 422: page, 429: page },
      },
      body: { type: 'application/x-www-form-urlencoded', mostBytes: 65_536 },
      handle: (request, response) => answer(needs, request, response),
    },
  ]
}

async function show(needs: LinkRoutesNeeds, asked: Request, response: Response): Promise<void> {
  const { token } = asked.query
  // An address without a token was not guessed, it was shortened.
  if (token === undefined) return sendPage(response, 404, invalidLinkPage)
  const opened = await open(needs, asked, String(token))
  if ('status' in opened) return sendClosed(opened, response)
  const { user } = opened.link
  sendPage(
    response,
    200,
    questionPage(opened.request, { user, token: `${token}`, now: needs.now() }),
  )
}

async function answer(needs: LinkRoutesNeeds, asked: Request, response: Response): Promise<void> {
  const form = new URLSearchParams(textBody(asked))
  const token = form.get('token') ?? ''
  const decision = form.get('decision')
  const reason = (form.get('reason') ?? '').trim().slice(0, 4096)
  const opened = await open(needs, asked, token)
  if ('status' in opened) return sendClosed(opened, response)
  if (decision !== 'approve' && decision !== 'deny') {
    return sendPage(response, 400, refusedPage('Approve or deny: press one of the two buttons.'))
  }
  const { link, request, actor } = opened
  const answered = await needs.approvals.decide(
    request.id,
    { decision, ...(reason !== '' && { reason }) },
    actor,
  )
  if (answered.outcome === 'counted') {
    await markUsed(needs, token)
    return sendPage(response, 200, answeredPage(answered.request))
  }
  const { code, message } = answered
  if (code !== 'reason_required')
    return sendPage(response, statuses[code] ?? 409, refusedPage(message))
  const refused = { message, reason }
  const { user } = link
  sendPage(response, 422, questionPage(request, { user, token, now: needs.now(), refused }))
}

const statuses: Readonly<Record<string, number>> = {
  not_an_approver: 403,
  own_agent: 403,
  expired: 410,
}

interface Opened {
  readonly link: Link
  readonly request: ApprovalRequest
  readonly actor: Actor
}

/** A link that does not open: the status and the page say no more than that. */
interface Closed {
  readonly status: number
  readonly page: Page
  readonly wait: number
}

async function open(
  needs: LinkRoutesNeeds,
  asked: Request,
  token: string,
): Promise<Opened | Closed> {
  const id = String(asked.params.id)
  const link = await readLink(needs.db, token)
  const address = remoteKey(asked.socket.remoteAddress)
  const actor = actorOf(link, address)
  const request = link?.request === id ? await needs.approvals.get(id) : null
  const why = closedBecause(link, request, needs.now())
  if (why === null && link !== null && request !== null) return { link, request, actor }
  const wait = await needs.attempts.failed({
    from: address,
    record: { request: requestId(id), detail: `${asked.method} by a link: ${why}`, actor },
  })
  if (wait > 0) return { status: 429, page: waitPage(wait), wait }
  return { status: request === null ? 404 : 410, page: invalidLinkPage, wait }
}

function closedBecause(link: Link | null, request: ApprovalRequest | null, now: number) {
  if (link === null) return 'forged'
  if (request === null) return 'of another request'
  if (link.usedAt !== null) return 'used'
  if (request.state !== 'pending' || Date.parse(request.expiresAt) <= now) return 'expired'
  const may = request.workflows.some(({ mayDecide }) => mayDecide.includes(link.user))
  return may ? null : 'not_an_approver'
}

function actorOf(link: Link | null, address: string): Actor {
  return {
    user: link?.user ?? '',
    surface: 'link',
    identity: link === null ? 'unknown link' : `link to ${link.user} through ${link.channel}`,
    evidence: { address, ...(link && { channel: link.channel }) },
  }
}

function sendClosed({ status, page, wait }: Closed, response: Response): void {
  if (wait > 0) response.set('retry-after', `${wait}`)
  sendPage(response, status, page)
}
