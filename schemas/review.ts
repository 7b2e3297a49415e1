import Type from 'typebox'
import { closed, type Frozen, instant, oneOf } from './field.ts'

/** `denied` may only become `void` or `merged`; those two are final. */
const reviewStates = ['open', 'approved', 'denied', 'void', 'merged'] as const
export type ReviewState = (typeof reviewStates)[number]

/** `unproven` is reviewed as a change that widens. */
const narrowings = ['proved', 'neutral', 'unproven'] as const
export type Narrowing = (typeof narrowings)[number]

const string = (description: string) => Type.String({ description })

const count = (description: string) => Type.Integer({ minimum: 0, description })

const Account = closed(
  {
    id: count('Number of the account; 0 for one that is gone.'),
    login: string('What it is called now.'),
  },
  'An account at the forge.',
)

/** One answer of one person. */
const ReviewVote = closed(
  {
    user: string('The User that the account belongs to.'),
    account: Account,
    decision: oneOf(['approve', 'deny'], 'What was answered.'),
    teams: Type.Array(Type.String(), { description: 'Teams of the user at that moment.' }),
    at: instant('When it was counted.'),
    commentId: Type.Optional(Type.Integer({ description: 'The comment.' })),
    bodyHash: Type.Optional(string('SHA-256 of its text.')),
    deliveryId: Type.Optional(string('The webhook that told of it.')),
    url: Type.Optional(string('Where it is read.')),
  },
  'One answer of one person.',
)
export type ReviewVote = Frozen<Type.Static<typeof ReviewVote>>

/** A change at one digest, and where its review stands. */
export const Review = closed(
  {
    id: Type.Integer({ description: 'Number of the review.' }),
    source: string('namespace/name of the PolicySource.'),
    repository: string('owner/name.'),
    change: count('Number of the pull request.'),
    title: string('What it is called.'),
    url: string('Where it is read.'),
    author: Account,
    headSha: string('The commit that is reviewed.'),
    digest: string('What is approved: sha256: and hex.'),
    state: oneOf(reviewStates, 'Where it stands.'),
    narrows: oneOf(narrowings, 'Whether it is proved that nothing is looser than before.'),
    openedAt: instant('When the review began.'),
    resolvedAt: Type.Optional(instant('When it was decided or ended.')),
    reason: Type.Optional(string('Why it is denied or void.')),
    mergeSha: Type.Optional(string('The commit that the merge made.')),
    votes: Type.Array(ReviewVote, { description: 'Answers that were counted, oldest first.' }),
  },
  'A change at one digest, and where its review stands.',
)
export type Review = Frozen<Type.Static<typeof Review>>

/** What brought a commit into the source. */
export const CommitReview = closed(
  {
    outcome: oneOf(['approved', 'unreviewed'], 'Whether the change was approved as it was merged.'),
    change: Type.Optional(
      closed(
        {
          number: count('Number of the pull request.'),
          title: string('What it is called.'),
          url: string('Where it is read.'),
          author: Account,
          mergedBy: Type.Optional(Account),
        },
        'The change; none for a commit that was pushed.',
      ),
    ),
    digest: Type.Optional(string('What was approved.')),
    approvers: Type.Array(ReviewVote, { description: 'Who approved.' }),
  },
  'What brought a commit, and who had approved it.',
)
export type CommitReview = Frozen<Type.Static<typeof CommitReview>>
