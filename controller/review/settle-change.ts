import type { CommitReview, Review } from '../../schemas/review.ts'
import type { ChangeRequest, Forge } from '../forge/forge.ts'
import type { GitRepository } from '../git/repository.ts'
import { voidReply } from './comment/void-reply.ts'
import { filesDigest } from './content-digest.ts'
import type { ReviewedSource } from './look-at-change.ts'
import { presentedVote } from './presented-review.ts'
import type { StoredReview } from './review-move.ts'
import type { StoredReviews } from './stored-reviews.ts'

export interface SettleNeeds {
  readonly source: ReviewedSource
  readonly path: string
  readonly git: Pick<GitRepository, 'fetch' | 'snapshotAt'>
  readonly forge: Forge
  readonly reviews: StoredReviews
}

/** Ends the review of a change that is not open any more, and notes what a merge brought. */
export async function settleChange(
  needs: SettleNeeds,
  change: ChangeRequest,
  signal: AbortSignal,
): Promise<void> {
  const { reviews, forge } = needs
  const { id: repositoryId } = await forge.repository(signal)
  const name = { repositoryId, change: change.number }
  const { mergeSha } = change
  if (change.state === 'merged' && mergeSha !== undefined) {
    const live = await reviews.live(name)
    const approved =
      live !== null && (await isAsApproved(needs, { change, live, mergeSha }, signal))
    await noteMerge(needs, { change, mergeSha, approved: approved ? live : null })
    await reviews.merged(name, { mergeSha, approved })
    return
  }
  const ended = await reviews.end(name, 'closed')
  if (ended !== null && ended.votes.length > 0) {
    await forge.reply(change.number, voidReply(ended.review), signal)
  }
}

/** Whether what was merged is what people approved: this head, and these policy files. */
async function isAsApproved(
  { git, path }: SettleNeeds,
  merged: {
    readonly change: ChangeRequest
    readonly live: StoredReview
    readonly mergeSha: string
  },
  signal: AbortSignal,
): Promise<boolean> {
  const { change, live, mergeSha } = merged
  if (live.state !== 'approved' || live.head_sha !== change.headSha) return false
  await git.fetch(signal)
  const { files, problems } = await git.snapshotAt(mergeSha, path, signal)
  return problems.length === 0 && filesDigest(files) === live.content
}

async function noteMerge(
  { reviews, source }: SettleNeeds,
  merged: {
    readonly change: ChangeRequest
    readonly mergeSha: string
    /** The review that approved it, or null. */
    readonly approved: StoredReview | null
  },
): Promise<void> {
  const { change, mergeSha, approved } = merged
  const votes = approved === null ? [] : await reviews.votes(approved.id)
  await reviews.noteCommit(source.id, mergeSha, {
    ...describedChange(change),
    ...(approved !== null && { digest: approved.digest }),
    outcome: approved === null ? 'unreviewed' : 'approved',
    approvers: votes.filter(({ decision }) => decision === 'approve').map(presentedVote),
  })
}

function describedChange(change: ChangeRequest): Pick<CommitReview, 'change'> {
  const { number, title, url, author, mergedBy } = change
  return {
    change: {
      ...{ number, title, url, author: accountOf(author) },
      ...(mergedBy !== undefined && { mergedBy: accountOf(mergedBy) }),
    },
  }
}

function accountOf({ id, login }: Review['author']): Review['author'] {
  return { id, login }
}

/** Notes what brought a commit of the branch that no merge of a reviewed change is known to have made. */
export async function noteArrival(
  needs: SettleNeeds,
  commit: string,
  signal: AbortSignal,
): Promise<void> {
  const { reviews, source, forge } = needs
  if ((await reviews.commitReviews(source.id, [commit])).has(commit)) return
  const change = await forge.changeOf(commit, signal)
  if (change === null) {
    await reviews.noteCommit(source.id, commit, { outcome: 'unreviewed', approvers: [] })
  } else await settleChange(needs, change, signal)
}
