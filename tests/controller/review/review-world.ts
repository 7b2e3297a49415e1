import { generateKeyPairSync } from 'node:crypto'
import type { ChangeRequest, Contributors, ForgeAccount } from '../../../controller/forge/forge.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import type { ReviewAnswer, ReviewAnswered } from '../../../controller/review/answer-review.ts'
import type { Begun, Candidate } from '../../../controller/review/begin-review.ts'
import { digestOf } from '../../../controller/review/content-digest.ts'
import { StoredReviews } from '../../../controller/review/stored-reviews.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { compile } from '../../../policy/compile/compile.ts'

const noon = Date.parse('2026-11-21T12:00:00.000Z')

const pem = String(
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
)

/** Numbers of the accounts of people. */
const accounts = { ana: 101, ben: 102, cleo: 103, dan: 104 } as const
type Person = keyof typeof accounts

/** Ana owns the namespace; ben, cleo and dan are its reviewers. */
export const people = [
  ...Object.entries(accounts).map(
    ([name, id]) => `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name} }
spec:
  email: ${name}@example.com
  identities: { github: { id: ${id}, login: ${name} } }${name === 'ana' ? '\n  roles: [owner]' : ''}
`,
  ),
  `
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: reviewers }
spec: { members: [ben, cleo, dan] }
`,
  `
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: widening }
spec: { approvers: { teams: [reviewers] }, approvalsRequired: 2 }
`,
].join('---')

/** The source of the policies; its changes are reviewed by the workflow, if any. */
export function sourceText(workflow: string | null, more = ''): string {
  const review = workflow === null ? '{}' : `{ workflow: ${workflow}${more} }`
  return `
apiVersion: writ.dev/v1alpha1
kind: PolicySource
metadata: { name: policies }
spec:
  url: https://github.example.com/acme/policies
  forge: { type: github, repository: acme/policies, secretRef: { name: forge, key: token } }
  review: ${review}
`
}

/** Reviews over a real store, with a clock that the test moves. */
export interface ReviewWorld {
  readonly reviews: StoredReviews
  readonly clock: { now: number }
  publish(...texts: readonly string[]): Promise<void>
  candidate(some?: Partial<Candidate> & { readonly head?: string }): Promise<Candidate>
  /** Begins a review and shows it to people at noon. */
  begin(some?: Partial<Candidate> & { readonly head?: string }): Promise<Begun>
  answer(by: Person | 'eve', some?: Partial<ReviewAnswer>): Promise<ReviewAnswered>
  /** What is written of a change, as type, who and detail. */
  history(change?: number): Promise<readonly (string | null)[][]>
}

const repository = { id: 7, name: 'acme/policies' }

/** A world in which the people and the source are in force. */
export async function reviewWorld(
  store: Store,
  texts: readonly string[] = [people, sourceText('widening')],
): Promise<ReviewWorld> {
  const clock = { now: noon }
  const { db } = store
  const now = () => clock.now
  const releases = new Releases({ db, key: await openSigningKey('', pem), now })
  await releases.open()
  const reviews = new StoredReviews({ db, now })
  const publish = async (...texts: readonly string[]) => {
    const { tables, directories, problems } = compile(
      texts.map((text, i) => ({ path: `${i}.yaml`, text })),
    )
    if (tables === null) throw new Error(JSON.stringify(problems))
    await releases.publish(tables, null, directories)
  }
  await publish(...texts)
  const candidate: ReviewWorld['candidate'] = async ({ head = 'a'.repeat(40), ...some } = {}) => {
    const change = { ...changeBy({ id: 900, login: 'gil', type: 'user' }), headSha: head }
    const { digest: inForce } = await reviews.standing()
    return {
      ...{ source: 'default/policies', namespace: 'default', repository, change, inForce },
      digest: digestOf([change.number, head, inForce]),
      content: digestOf(head),
      narrows: 'unproven',
      plan: '{}',
      replay: null,
      ...some,
    }
  }
  return {
    reviews,
    clock,
    publish,
    candidate,
    async begin(some) {
      const begun = await reviews.begin(await candidate(some))
      await reviews.shown(begun.review.id, {
        comment: 1,
        hash: 'as written',
        at: new Date(noon),
        anew: false,
      })
      return begun
    },
    async answer(by, some = {}) {
      const live = await reviews.live({ repositoryId: repository.id, change: 1 })
      return reviews.answer({
        ...{ repositoryId: repository.id, change: 1, decision: 'approve' },
        digest: live?.digest.slice(7, 19) ?? '',
        givenAt: new Date(noon + 1000),
        user: by === 'eve' ? '' : by,
        account: { id: by === 'eve' ? 666 : accounts[by], login: by },
        evidence: { commentId: Math.floor(Math.random() * 1e9) },
        seen: {
          ...{ isOpen: true, own: true, headSha: live?.head_sha ?? '', askedHash: 'as written' },
          contributors: handsOfGil,
        },
        ...some,
      })
    },
    async history(change = 1) {
      const rows = await db
        .selectFrom('review_events')
        .innerJoin('reviews', 'reviews.id', 'review_events.review_id')
        .select(['review_id', 'type', 'by_name', 'detail'])
        .where('change_number', '=', change)
        .orderBy('review_events.id')
        .execute()
      const first = Math.min(...rows.map(({ review_id }) => review_id))
      return rows.map(({ review_id, type, by_name, detail }) => [
        `${review_id - first + 1} ${type}`,
        by_name,
        type === 'opened' ? null : detail,
      ])
    },
  }
}

/** Only gil, whom nobody knows, had a hand in it. */
export const handsOfGil: Contributors = {
  accounts: [{ id: 900, login: 'gil', type: 'user' }],
  strangers: [],
  complete: true,
  pushersKnown: true,
}

/** An open change of the account. */
function changeBy(author: ForgeAccount): ChangeRequest {
  return {
    ...{
      number: 1,
      title: 'Let it deploy',
      url: 'https://github.example.com/acme/policies/pull/1',
    },
    ...{ author, headSha: 'a'.repeat(40), headBranch: 'wider', headRepositoryId: repository.id },
    ...{ baseBranch: 'main', baseSha: 'b'.repeat(40), draft: false, state: 'open' },
    updatedAt: '2026-11-21T12:00:00Z',
  }
}
