import { personOf } from '../approvals/person.ts'
import type { ChangeRequest, Contributors, Forge, ForgeRepository } from '../forge/forge.ts'
import type { GitRepository } from '../git/repository.ts'
import { receivedOf } from './answer-review.ts'
import type { Assessment } from './assess-change.ts'
import type { EndedReview, VoidReason } from './begin-review.ts'
import { inert } from './comment/inert.ts'
import type { ChangeState, ReviewedState, ReviewView } from './comment/review-view.ts'
import { voidReply } from './comment/void-reply.ts'
import { changeDigest } from './content-digest.ts'
import {
  directoryOf,
  type FindNeeds,
  type Found,
  findChange,
  notFound,
  passing,
} from './find-change.ts'
import { presentedVote } from './presented-review.ts'
import type { StoredReview } from './review-move.ts'
import { sayReview } from './say-review.ts'
import type { StandingInForce } from './standing.ts'
import type { StoredReviews } from './stored-reviews.ts'
import { benchOf, handsOf } from './who-may-answer.ts'

/** A source whose changes are reviewed. */
export interface ReviewedSource {
  /** namespace/name of its PolicySource. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  readonly branch: string
  /** Whether others may be reviewed in the same repository: its comment and its check bear its name. */
  readonly isOneOfSeveral?: boolean
}

export interface LookNeeds extends FindNeeds {
  readonly source: ReviewedSource
  readonly git: FindNeeds['git'] & Pick<GitRepository, 'fetch'>
  readonly forge: Forge
  readonly reviews: StoredReviews
}

/**
 * Looks at an open change as it is now and says what there is to say: the review in the store, the comment and the
 * check. Doing it twice is the same as once. False when it has to be looked at again: the change moved meanwhile, or
 * could not be had.
 */
export async function lookAtChange(
  needs: LookNeeds,
  change: ChangeRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { forge, reviews, git } = needs
  const repository = await forge.repository(signal)
  const tip = await git.fetch(signal)
  const inForce = await reviews.standing()
  if ('problem' in tip && passing.has(tip.problem.code)) return false
  const found =
    'problem' in tip
      ? notFound('', tip.problem)
      : await findChange(needs, { change, tip: tip.commit, inForce, repository }, signal)
  if (found === null) return false
  const seen: Seen = {
    ...{ change, repository, inForce, found },
    contributors: await forge.contributors(change.number, signal),
  }
  const { review, ended } = await reviewed(needs, seen)
  const view = await viewOf(needs, seen, review)
  await sayReview(
    needs,
    { change: change.number, paths: found.assessment.paths, view, review },
    signal,
  )
  if (ended !== null && ended.votes.length > 0) {
    await forge.reply(change.number, voidReply(ended.review), signal)
  }
  return true
}

interface Seen {
  readonly change: ChangeRequest
  readonly repository: ForgeRepository
  readonly inForce: StandingInForce
  readonly found: Found
  readonly contributors: Contributors
}

/** Begins, keeps or ends the review, as what was found demands. */
async function reviewed(
  { reviews, source }: LookNeeds,
  { change, repository, inForce, found }: Seen,
): Promise<{ readonly review: StoredReview | null; readonly ended: EndedReview | null }> {
  const { assessment, replay } = found
  const name = { repositoryId: repository.id, change: change.number }
  if (assessment.kind === 'planned') {
    const { content, candidateDigest, plan } = assessment
    const { id, namespace } = source
    return reviews.begin({
      ...{ source: id, namespace, repository, change, content },
      inForce: inForce.digest,
      digest: changeDigest({
        repository: repository.id,
        change: change.number,
        head: change.headSha,
        content,
        candidate: candidateDigest,
        inForce: inForce.digest,
      }),
      narrows: plan.narrows,
      plan: JSON.stringify(shown(plan)),
      replay: replay === null ? null : JSON.stringify(replay),
    })
  }
  const live = await reviews.live(name)
  // What was approved may be in force before the forge says that it was merged.
  const arrived = assessment.kind === 'nothing' && live?.content === assessment.content
  if (live === null || (arrived && live.head_sha === change.headSha)) {
    return { review: null, ended: null }
  }
  return { review: null, ended: await reviews.end(name, reasons[assessment.kind]) }
}

const reasons = {
  problems: 'problems',
  conflict: 'base_moved',
  nothing: 'base_moved',
} as const satisfies Record<Exclude<Assessment['kind'], 'planned'>, VoidReason>

/** Most changes of a plan that are kept for those who read reviews. */
const mostChanges = 200

function shown({ narrows, plans }: Extract<Assessment, { kind: 'planned' }>['plan']) {
  const changes = plans.flatMap(({ namespace, changes }) =>
    changes.map(change => ({ namespace, ...change })),
  )
  return { narrows, changes: changes.slice(0, mostChanges), count: changes.length }
}

async function viewOf(
  needs: LookNeeds,
  seen: Seen,
  review: StoredReview | null,
): Promise<ReviewView> {
  const { change, found } = seen
  const { assessment, replay, coverage } = found
  const { kind, problems } = assessment
  return {
    headSha: change.headSha,
    state:
      kind === 'planned' && review !== null
        ? await stateOf(needs, seen, review)
        : stateFound(assessment),
    problems,
    plan: kind === 'planned' ? assessment.plan : null,
    replay,
    coverage,
  }
}

function stateFound(assessment: Assessment): ChangeState {
  switch (assessment.kind) {
    case 'conflict':
      return { kind: 'conflict', files: assessment.files }
    case 'nothing':
      return { kind: 'nothing' }
    case 'problems':
    case 'planned':
      return { kind: 'problems' }
  }
}

async function stateOf(
  { reviews, source }: LookNeeds,
  { change, repository, inForce, contributors }: Seen,
  review: StoredReview,
): Promise<ReviewedState> {
  const directory = directoryOf(inForce, source.namespace)
  const bench = benchOf(directory, source.name, review.narrows)
  const hands = handsOf(directory, contributors)
  const votes = await reviews.votes(review.id)
  const left = { ...bench, users: bench.users.filter(user => !hands.people.has(personOf(user))) }
  return {
    kind: review.state === 'approved' || review.state === 'denied' ? review.state : 'open',
    digest: review.digest,
    bench: left,
    votes: votes.map(presentedVote),
    received: receivedOf({ bench, hands, votes }),
    barred: barredBecause({
      lacking: bench.lacking,
      foreign: change.headRepositoryId !== repository.id,
      unknown: hands.unknown,
      people: left.users.length,
      required: bench.required,
    }),
  }
}

function barredBecause(found: {
  readonly lacking: boolean
  readonly foreign: boolean
  readonly unknown: string | null
  readonly people: number
  readonly required: number
}): string | null {
  if (found.foreign) {
    return 'its branch is in another repository, where it cannot be seen who pushed it. Push it into this repository and open a change from there.'
  }
  if (found.unknown !== null) {
    return `it cannot be known who had a hand in it: ${inert(found.unknown)}.`
  }
  if (found.lacking) {
    return 'it may widen what agents can do, and the PolicySource in force names no workflow for that. Set `spec.review.workflow` in a change of its own, or by an owner with break-glass.'
  }
  if (found.people >= found.required) return null
  return `it needs ${found.required} people who had no hand in it, and what is in force names ${found.people}.`
}
