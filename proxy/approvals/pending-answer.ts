import { type Answer, answerError, answerWith, type Exchange } from '../mcp/exchange.ts'
import type { Judged, JudgedCall } from '../mcp/judge.ts'
import { becauseOf, calledIn } from '../mcp/refusal.ts'
import { codes, type JsonObject } from '../mcp/rpc.ts'
import type { OpenRequest } from './open-request.ts'

/** Who is asked, as sentences name them. */
export function peopleIn(workflows: readonly string[]): string {
  return workflows.map(name => (name === '' ? 'the owners' : name)).join(', ')
}

/** How long to wait between two looks at a request, in seconds: about a twentieth of what is left, 5 to 15. */
export function pollSeconds(expiresAt: string, now: number): number {
  const left = (Date.parse(expiresAt) - now) / 1000
  return Math.round(Math.min(15, Math.max(5, left / 20)))
}

/** What the caller of a parked call is told, in fields. */
export function pendingFacts(request: OpenRequest, message: string, now: number): JsonObject {
  const { id, workflows, news } = request
  return {
    status: 'pending',
    requestId: id,
    message,
    pollIntervalSeconds: pollSeconds(news.expiresAt, now),
    expiresAt: news.expiresAt,
    workflows: workflows.map(name => (name === '' ? 'owners' : name)),
  }
}

/** What the model is told whose call is parked. */
export function pendingText(
  { subject, decision }: Pick<JudgedCall, 'subject' | 'decision'>,
  { id, news, workflows }: OpenRequest,
  now: number,
): string {
  const seconds = pollSeconds(news.expiresAt, now)
  const again =
    subject.kind === 'tool'
      ? `call get_approval_status with the id ${id} every ${seconds} s, or make the same call again`
      : `make the same request again every ${seconds} s`
  return (
    `Writ holds ${calledIn(subject)}: ${becauseOf(decision)} ` +
    `Asked: ${peopleIn(workflows)} (request ${id}). Nothing has been done yet. ` +
    `To go on, ${again}; once it is approved it is done then, once, and you get its result. ` +
    `The request is open until ${news.expiresAt}.`
  )
}

/** The answer to a call that is parked until people have decided: no error, for nothing has failed. */
export function answerPending(
  exchange: Exchange,
  judged: Judged,
  request: OpenRequest,
  structured: boolean,
  now: number,
): Answer {
  const text = pendingText(judged, request, now)
  const facts = pendingFacts(request, text, now)
  if (judged.subject.kind !== 'tool') return answerError(exchange, codes.refused, text, facts)
  return answerWith(exchange, {
    content: [{ type: 'text', text }],
    ...(structured ? { structuredContent: facts } : { _meta: { 'writ.dev/approval': facts } }),
  })
}
