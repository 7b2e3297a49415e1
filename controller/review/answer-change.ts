import { bodyHash } from '../chatops/chat-commands.ts'
import type { AskedCommand, Handled } from '../chatops/commands.ts'
import type { ReviewedSource } from './look-at-change.ts'
import type { StoredReviews } from './stored-reviews.ts'

interface AnswerNeeds {
  readonly reviews: StoredReviews
  readonly source: ReviewedSource
}

/** Answers a change by a command in its thread. Asked again for the same comment, it comes to the same. */
export async function answerChange(
  { reviews, source }: AnswerNeeds,
  asked: AskedCommand<'change'>,
  signal: AbortSignal,
): Promise<Handled> {
  const { forge, comment, thread, command, people, bodyHash: hash, deliveryId } = asked
  if (thread.kind !== 'pull') return { outcome: 'not_asked_here', reply: null }
  const { id: repositoryId } = await forge.repository(signal)
  const change = await forge.change(thread.number, signal)
  const live = await reviews.live({ repositoryId, change: change.number })
  const shown = live?.asked_comment == null ? null : await forge.comment(live.asked_comment, signal)
  const answered = await reviews.answer({
    repositoryId,
    change: change.number,
    decision: command.decision,
    digest: command.digest,
    givenAt: new Date(comment.createdAt),
    user: people.get(source.namespace) ?? '',
    account: { id: comment.author.id, login: comment.author.login },
    evidence: {
      commentId: comment.id,
      bodyHash: hash,
      url: comment.url,
      ...(deliveryId !== null && { deliveryId }),
    },
    seen: {
      isOpen: change.state === 'open' && change.baseBranch === source.branch,
      headSha: change.headSha,
      own: change.headRepositoryId === repositoryId,
      contributors: await forge.contributors(change.number, signal),
      askedHash: shown === null ? null : bodyHash(shown.body),
    },
  })
  return { outcome: answered.outcome === 'counted' ? 'counted' : answered.code, reply: null }
}
