import type { Directory } from '../../schemas/directory.ts'
import { teamsOf } from '../approvals/panel.ts'
import { personOf } from '../approvals/person.ts'
import type { Contributors } from '../forge/forge.ts'
import {
  type Move,
  movedReview,
  reviewVotes,
  type StoredReview,
  type StoredVote,
  takenReview,
  tell,
} from './review-move.ts'
import type { ReviewRefusal } from './review-refusal.ts'
import { type Bench, benchOf, type Hands, handsOf } from './who-may-answer.ts'

/** An answer that a person gave to a change, as the surface verified it. */
export interface ReviewAnswer {
  readonly repositoryId: number
  readonly change: number
  readonly decision: 'approve' | 'deny'
  /** How the digest that is answered begins, in hex. */
  readonly digest: string
  /** When it was given, by the clock of the forge. */
  readonly givenAt: Date
  /** A User of the namespace of the source; empty when it knows nobody by the account. */
  readonly user: string
  readonly account: { readonly id: number; readonly login: string }
  /** What proves it: comment, hash, delivery. */
  readonly evidence: Readonly<Record<string, string | number>>
  /** The change as it is now. */
  readonly seen: SeenChange
}

/** What was found out about a change at the moment of an answer. */
interface SeenChange {
  /** Whether it is open, and goes into the branch of the source. */
  readonly isOpen: boolean
  readonly headSha: string
  /** Whether its head is in the repository itself. */
  readonly own: boolean
  readonly contributors: Contributors
  /** SHA-256 of the comment that shows the digest, as it reads now; null when it is gone. */
  readonly askedHash: string | null
}

/** What is in force, read in the transaction of the answer. */
export interface NowInForce {
  /** Digest of tables and directories. */
  readonly digest: string
  readonly directory: Directory | null
}

/** What became of an answer; `received` counts approvals by those who may still give them. */
export type ReviewAnswered =
  | {
      readonly outcome: 'counted'
      readonly review: StoredReview
      readonly required: number
      readonly received: number
    }
  | {
      readonly outcome: 'refused'
      readonly code: ReviewRefusal
      readonly review: StoredReview | null
    }

/** Counts one answer; the last approval that is needed ends the wait, and any denial ends it too. */
export async function answerReview(
  move: Move,
  answer: ReviewAnswer,
  inForce: (namespace: string) => Promise<NowInForce>,
): Promise<ReviewAnswered> {
  const { repositoryId, change } = answer
  const row = await takenReview(move, repositoryId, change)
  if (row === null) {
    return { outcome: 'refused', code: await endedBecause(move, answer), review: null }
  }
  const now = await inForce(row.namespace)
  const asked: Asked = {
    row,
    bench: benchOf(now.directory, sourceName(row), row.narrows),
    hands: handsOf(now.directory, answer.seen.contributors),
    votes: await reviewVotes(move.db, [row.id]),
  }
  const given = asked.votes.find(vote => isSameComment(vote, answer))
  if (given !== undefined) return counted(asked, row)
  const code = isDigest(row, answer.digest)
    ? (staleBecause(asked, answer, now) ?? barredBecause(asked, answer))
    : await endedBecause(move, answer)
  if (code !== null) return refused(move, asked, answer, code)
  const vote = voteOf(row, answer, now.directory, move.at)
  await move.db
    .insertInto('review_votes')
    .values(vote)
    // Who approved may still deny.
    .onConflict(given => given.columns(['review_id', 'person']).doUpdateSet(vote))
    .execute()
  const others = asked.votes.filter(({ person }) => person !== vote.person)
  return count(move, { ...asked, votes: [...others, vote] }, vote)
}

/** A review that is being answered, held until that is done. */
interface Asked {
  readonly row: StoredReview
  readonly bench: Bench
  readonly hands: Hands
  readonly votes: readonly StoredVote[]
}

/** The name of the PolicySource of a review in its namespace. */
function sourceName({ source }: Pick<StoredReview, 'source'>): string {
  return source.slice(source.indexOf('/') + 1)
}

/** A digest of an earlier review tells that something has changed since. */
async function endedBecause(
  { db, source }: Move,
  { repositoryId, change, digest }: ReviewAnswer,
): Promise<ReviewRefusal> {
  let known = db
    .selectFrom('reviews')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('change_number', '=', change)
  if (source !== undefined) known = known.where('source', '=', source)
  const rows = await known.execute()
  if (rows.length === 0) return 'not_asked_here'
  return rows.some(row => isDigest(row, digest)) ? 'outdated' : 'wrong_digest'
}

function isDigest(row: Pick<StoredReview, 'digest'>, digits: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(digits) && row.digest.startsWith(`sha256:${digits}`)
}

/** Why the answer is not to what is asked now, though the digest is. */
function staleBecause(
  { row }: Asked,
  { givenAt, decision, seen }: ReviewAnswer,
  now: NowInForce,
): ReviewRefusal | null {
  if (!seen.isOpen) return 'already_resolved'
  if (seen.headSha !== row.head_sha || now.digest !== row.in_force) return 'outdated'
  if (row.asked_at === null || givenAt < row.asked_at) return 'before_question'
  if (seen.askedHash === null || seen.askedHash !== row.asked_hash) return 'question_altered'
  // Until it is merged, an approval can be taken back by a denial.
  const answerable = decision === 'deny' ? row.state !== 'denied' : row.state === 'open'
  return answerable ? null : 'already_resolved'
}

/** Why the answer of this person does not count. */
function barredBecause(
  { bench, hands, votes }: Asked,
  { user, decision, seen }: ReviewAnswer,
): ReviewRefusal | null {
  if (user === '' || !bench.users.includes(user)) return 'not_an_approver'
  if (hands.people.has(personOf(user))) return 'own_change'
  const mine = votes.find(({ person }) => person === personOf(user))
  if (mine?.decision === 'deny' || mine?.decision === decision) return 'already_voted'
  if (decision === 'deny') return null
  if (!seen.own) return 'foreign_head'
  if (hands.unknown !== null) return 'hands_unknown'
  return bench.lacking ? 'no_workflow' : null
}

function voteOf(
  row: StoredReview,
  { user, account, decision, evidence }: ReviewAnswer,
  directory: Directory | null,
  at: Date,
): StoredVote {
  return {
    review_id: row.id,
    person: personOf(user),
    user_name: user,
    account_id: account.id,
    login: account.login,
    decision,
    evidence: JSON.stringify(evidence),
    teams: teamsOf(directory, user),
    at,
  }
}

async function count(move: Move, asked: Asked, vote: StoredVote): Promise<ReviewAnswered> {
  const { row, bench } = asked
  const { decision, user_name: by } = vote
  const received = receivedOf(asked)
  await tell(move, row.id, { type: decision, by, evidence: JSON.parse(vote.evidence) })
  const done =
    decision === 'deny'
      ? await movedReview(move, row, { state: 'denied', by })
      : received >= bench.required
        ? await movedReview(move, row, { state: 'approved', by })
        : null
  return counted(asked, done ?? row)
}

function counted(asked: Asked, review: StoredReview): ReviewAnswered {
  return {
    ...{ outcome: 'counted', review },
    required: asked.bench.required,
    received: receivedOf(asked),
  }
}

/** Whoever handles comments may ask again for one that was counted. */
function isSameComment({ evidence, decision }: StoredVote, answer: ReviewAnswer): boolean {
  const { commentId } = JSON.parse(evidence) as { readonly commentId?: unknown }
  return (
    commentId !== undefined &&
    commentId === answer.evidence.commentId &&
    decision === answer.decision
  )
}

/** Approvals by distinct people who may still give them. */
export function receivedOf({
  bench,
  hands,
  votes,
}: Pick<Asked, 'bench' | 'hands' | 'votes'>): number {
  const approvers = votes.filter(
    ({ decision, user_name, person }) =>
      decision === 'approve' && bench.users.includes(user_name) && !hands.people.has(person),
  )
  return new Set(approvers.map(({ person }) => person)).size
}

/** Attempts that are written into the history of one review; whoever makes more adds nothing to know. */
const mostAttempts = 200

async function refused(
  move: Move,
  { row }: Asked,
  { decision, user, account, evidence }: ReviewAnswer,
  code: ReviewRefusal,
): Promise<ReviewAnswered> {
  if (row.revision <= mostAttempts) {
    const by = user || `${account.login} (${account.id})`
    await tell(move, row.id, { type: 'refused', by, detail: `${decision}: ${code}`, evidence })
  }
  return { outcome: 'refused', code, review: row }
}
