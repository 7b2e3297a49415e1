import type { Kysely } from 'kysely'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { Actor, Answered, Approvals } from '../approvals/approvals.ts'
import { type PostedQuestion, postedQuestions } from '../channels/github/posted-question.ts'
import { oneLine } from '../channels/printable.ts'
import type { Database } from '../store/database.ts'
import { bodyHash } from './chat-commands.ts'
import { digestInCommand } from './command.ts'
import type { CommandOutcome } from './command-outcome.ts'
import type { AskedCommand, CommandHandler, Handled } from './commands.ts'
import { countedBefore } from './counted-before.ts'

export interface AnswerCallNeeds {
  readonly db: Kysely<Database>
  /** As people's surfaces get them. */
  readonly approvals: Pick<Approvals, 'get' | 'decide' | 'attempted'>
}

type Asked = AskedCommand<'call'>

/**
 * Answers questions about calls: the digest must be that of the request, and the question must stand in the
 * same thread, older than the answer and as it was written. Whether the answer counts is for the workflow.
 */
export function answerCall({ db, approvals }: AnswerCallNeeds): CommandHandler<'call'> {
  return async (asked, signal) => {
    const { request: id, decision } = asked.command
    const request = await approvals.get(id)
    const actor = actorOf(asked, request)
    const fault = await faultOf({ db, approvals }, asked, request, signal)
    if (fault !== null) {
      await approvals.attempted(request?.id ?? null, `${decision}: ${fault}`, actor)
      return { outcome: fault, reply: null }
    }
    if (await countedBefore(db, id, asked.comment.id)) return { outcome: 'counted', reply: null }
    return handled(await approvals.decide(id, { decision }, actor))
  }
}

function actorOf(asked: Asked, request: ApprovalRequest | null): Actor {
  const { comment, people, deliveryId, headSha } = asked
  const { id, login } = comment.author
  return {
    user: (request && people.get(request.namespace)) ?? '',
    surface: 'github',
    identity: `${oneLine(login, 128)}, account ${id}, comment ${comment.id}`,
    evidence: {
      comment: String(comment.id),
      body: asked.bodyHash,
      url: comment.url.slice(0, 2048),
      ...(deliveryId !== null && { delivery: deliveryId.slice(0, 128) }),
      ...(headSha !== null && { head: headSha }),
    },
  }
}

/** Why an answer is none to what was asked here; null when it is one. */
async function faultOf(
  { db, approvals }: AnswerCallNeeds,
  { origin, forge, command, comment }: Asked,
  request: ApprovalRequest | null,
  signal: AbortSignal,
): Promise<CommandOutcome | null> {
  if (request === null) return 'unknown_request'
  const posted = (await postedQuestions(db, request.id)).find(isIn(origin, comment))
  if (posted === undefined) return 'not_asked_here'
  const question = await forge.comment(posted.commentId, signal)
  if (question?.author.id === comment.author.id) return 'own_account'
  // Times of forges may be whole seconds; numbers of comments only grow.
  const written = Date.parse(question?.createdAt ?? '')
  if (comment.id <= posted.commentId || Date.parse(comment.createdAt) < written) {
    return 'before_question'
  }
  if (digestInCommand(request.digest) !== command.digest) return 'wrong_digest'
  if (question !== null && bodyHash(question.body) === posted.bodyHash) return null
  // Once it has ended, the comment says how; looked at only after the comment was read.
  const now = await approvals.get(request.id)
  return now?.state === 'pending' ? 'question_altered' : null
}

function isIn(origin: string, { repositoryId, thread }: Asked['comment']) {
  return (posted: PostedQuestion) =>
    posted.origin === origin && posted.repositoryId === repositoryId && posted.thread === thread
}

function handled(answered: Answered): Handled {
  if (answered.outcome === 'refused') return { outcome: answered.code, reply: answered.message }
  const { state, workflows } = answered.request
  const waiting = workflows
    .filter(({ received, required }) => received < required)
    .map(({ name, received, required }) => `${received} of ${required} by ${name || 'the owners'}`)
  const more = waiting.length === 0 ? '' : `: ${waiting.join(', ')}`
  const reply =
    state === 'pending' ? `Your approval counts; others are needed${more}.` : `It is ${state}.`
  return { outcome: 'counted', reply }
}
