import type { Review, ReviewVote } from '../../schemas/review.ts'
import type { StoredReview, StoredVote } from './review-move.ts'

/** A review as people read it. */
export function presentedReview(row: StoredReview, votes: readonly StoredVote[]): Review {
  return {
    id: row.id,
    source: row.source,
    repository: row.repository,
    change: row.change_number,
    title: row.title,
    url: row.url,
    author: { id: row.author_id, login: row.author_login },
    headSha: row.head_sha,
    digest: row.digest,
    state: row.state,
    narrows: row.narrows,
    openedAt: row.opened_at.toISOString(),
    ...(row.resolved_at !== null && { resolvedAt: row.resolved_at.toISOString() }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.merge_sha !== null && { mergeSha: row.merge_sha }),
    votes: votes.map(presentedVote),
  }
}

/** An answer as people read it. */
export function presentedVote(vote: StoredVote): ReviewVote {
  const { commentId, bodyHash, deliveryId, url } = JSON.parse(vote.evidence) as Partial<ReviewVote>
  return {
    user: vote.user_name,
    account: { id: vote.account_id, login: vote.login },
    decision: vote.decision,
    teams: vote.teams,
    at: vote.at.toISOString(),
    ...(typeof commentId === 'number' && { commentId }),
    ...(typeof bodyHash === 'string' && { bodyHash }),
    ...(typeof deliveryId === 'string' && { deliveryId }),
    ...(typeof url === 'string' && { url }),
  }
}
