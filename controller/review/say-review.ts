import { bodyHash } from '../chatops/chat-commands.ts'
import type { Forge, SaidComment } from '../forge/forge.ts'
import { reviewComment } from './comment/review-comment.ts'
import { reviewReport } from './comment/review-report.ts'
import type { ReviewView } from './comment/review-view.ts'
import type { ReviewedSource } from './look-at-change.ts'
import type { StoredReview } from './review-move.ts'
import type { Shown, StoredReviews } from './stored-reviews.ts'

/** The word under which the comment of Writ is found again. */
const reviewMarker = 'writ:review'

/** What there is to say of a change. */
interface Said {
  readonly change: number
  /** Files that remarks can stand at. */
  readonly paths: ReadonlySet<string>
  readonly view: ReviewView
  /** As it was before; null when none is going on. */
  readonly review: StoredReview | null
}

/** Writes or edits the comment in the thread of a change, notes where its digest stands, and tells the check. */
export async function sayReview(
  {
    forge,
    reviews,
    source: { id, isOneOfSeveral = false },
  }: {
    readonly forge: Forge
    readonly reviews: StoredReviews
    readonly source: Pick<ReviewedSource, 'id' | 'isOneOfSeveral'>
  },
  { change, paths, view, review }: Said,
  signal: AbortSignal,
): Promise<void> {
  const own = isOneOfSeveral ? ownWords(id) : { marker: reviewMarker, before: '' }
  const body = `${own.before}${reviewComment(view)}`
  const comment = await forge.say(change, { marker: own.marker, body }, signal)
  if (review !== null) await reviews.shown(review.id, shownBy(comment, review))
  const pathOf = (file: string) => (paths.has(file) ? file : null)
  const report = { ...reviewReport(view, pathOf), detailsUrl: comment.url }
  await forge.report(isOneOfSeveral ? { ...report, of: id } : report, signal)
}

/** Names of Kubernetes are no markup. */
function ownWords(id: string) {
  return { marker: `${reviewMarker}:${id}`, before: `PolicySource \`${id}\`.\n\n` }
}

/** Forges tell times in whole seconds; in the second in which a comment was put right, nobody has read it yet. */
const oneSecondMs = 999

/** Others may edit the comment, or delete it: whoever answers what they made of it answers another question. */
function shownBy(comment: SaidComment, { asked_comment, asked_hash }: StoredReview): Shown {
  const { id, body, replaced, updatedAt } = comment
  const altered = replaced !== null && bodyHash(replaced) !== asked_hash
  const anew = asked_hash !== null && (altered || id !== asked_comment)
  const at = new Date(Date.parse(updatedAt) + (anew ? oneSecondMs : 0))
  return { comment: id, hash: bodyHash(body), at, anew }
}
