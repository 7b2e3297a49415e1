import type { Kysely } from 'kysely'
import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, resourceName, text } from '../../schemas/field.ts'
import { CommitReview } from '../../schemas/review.ts'
import type { Proposal } from '../change/proposal.ts'
import { type RollBackRefusal, type RolledBack, rollBack } from '../policies/roll-back.ts'
import type { WrittenPolicies } from '../policies/written-policies.ts'
import { type PastVersion, pastVersions } from '../publish/past-versions.ts'
import type { Releases } from '../publish/releases.ts'
import type { Database } from '../store/database.ts'
import { type Caller, namespacesOf, sees, userIn } from './caller.ts'
import { declare } from './declare.ts'
import { ownersIn } from './is-owner.ts'
import { PlansAnswer, visiblePlans } from './plan-answer.ts'
import { answerBroken, BrokenPolicies } from './policy-routes.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

export interface PolicyVersionRoutesNeeds {
  readonly db: Kysely<Database>
  readonly written: WrittenPolicies
  readonly releases: Pick<Releases, 'current' | 'body' | 'directories'>
}

const string = (description: string) => Type.String({ description })
const maybe = (description: string) => Type.Optional(string(description))

const Commit = closed(
  {
    id: string('Id.'),
    author: maybe('Who wrote it, as it says itself.'),
    authorEmail: maybe('Mail address of the author, as it says itself.'),
    time: Type.Optional(instant('When it was made.')),
    subject: maybe('First line of its message.'),
    signedBy: maybe('Who signed it.'),
  },
  'The commit that it was compiled from.',
)

const Source = closed(
  {
    source: string('namespace/name of the PolicySource.'),
    commit: Commit,
    review: Type.Optional(CommitReview),
  },
  'A PolicySource of a cluster whose objects are in it.',
)

const People = closed(
  {
    count: Type.Integer({ description: 'How many changes there were.' }),
    changes: Type.Array(
      closed(
        {
          effect: oneOf(
            ['widening', 'either', 'narrowing', 'neutral'],
            'Whether it lets through what was held back, may do so, holds back more, or neither.',
          ),
          kind: string('What changed: user, team, workflow, channel, provider, source.'),
          name: string('Its name.'),
          message: string('What changed, in words.'),
          since: Type.Optional(instant('When, where that was after the table came into force.')),
        },
        'One thing that changed.',
      ),
      { description: 'What widens first; at most 50.' },
    ),
    from: Type.Optional(instant('Only what came after this was compared.')),
  },
  'What changed besides rules since the version before, and while this one was in force. Left out where it was not compared.',
)

const Version = closed(
  {
    id: Type.Integer({ description: 'Number.' }),
    namespace: string('Namespace.'),
    digest: string('Digest of the rule table.'),
    publishedAt: instant('When it came into force.'),
    inForce: Type.Boolean({ description: 'Whether it is in force now.' }),
    kept: Type.Boolean({ description: 'Whether its table can still be exported.' }),
    before: maybe('Digest of the table that it followed.'),
    commit: Type.Optional(Commit),
    review: Type.Optional(CommitReview),
    people: Type.Optional(People),
    overrides: Type.Optional(
      Type.Array(Type.String(), { description: 'Ids of the overrides that are in it.' }),
    ),
    sources: Type.Optional(
      Type.Array(Source, {
        description: 'The sources of a cluster whose objects are in it, with the commits applied.',
      }),
    ),
  },
  'A rule table that is or was in force.',
)

const Page = closed(
  {
    versions: Type.Array(Version, { description: 'Newest first.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` for what follows; null at the end.',
    }),
  },
  'A page of versions.',
)

const Query = closed(
  {
    namespace: Type.Optional(resourceName('Versions of this namespace.')),
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'How many.' }),
    after: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,15}$',
        description: 'The `next` of an earlier answer.',
      }),
    ),
  },
  'Which versions.',
)

const Id = Type.Object({
  id: Type.String({ pattern: '^[1-9][0-9]{0,15}$', description: 'Number of the version.' }),
})

const Ask = closed(
  {
    reason: Type.Optional(text('Why, for whoever reviews it.', 4096)),
    preview: Type.Optional(
      Type.Boolean({ default: false, description: 'Shows what it comes to; nothing is proposed.' }),
    ),
  },
  'How to go back.',
)

const ProposalAnswer = closed(
  {
    kind: oneOf(['pull_request', 'branch', 'patch', 'nothing'], 'What became of the change.'),
    where: Type.Optional(oneOf(['remote', 'local'], 'Where the branch is.')),
    branch: maybe('Branch with the change.'),
    commit: maybe('The commit on it.'),
    number: Type.Optional(Type.Integer({ description: 'Number of the pull request.' })),
    url: maybe('Where the pull request is.'),
    patch: maybe('Unified diff.'),
  },
  'A change that is proposed; nothing is in force by it.',
)

const Rollback = closed(
  {
    version: Type.Integer({ description: 'Number of the version.' }),
    files: Type.Array(
      closed(
        {
          path: string('Path.'),
          change: oneOf(['written', 'removed'], 'What becomes of it.'),
        },
        'A file that changes.',
      ),
      { description: 'By path; none when everything is as it was then.' },
    ),
    plan: PlansAnswer,
    proposal: Type.Union([ProposalAnswer, Type.Null()], { description: 'Null for a preview.' }),
  },
  'What going back comes to.',
)

const path = '/api/v1/policies/versions'

/** Longest time that going back takes, ms. */
const longestMs = 120_000

/** Versions of the tables, and how to go back to one. */
export function policyVersionRoutes(needs: PolicyVersionRoutesNeeds): readonly Route[] {
  return [listRoute(needs), rollbackRoute(needs)]
}

function listRoute({ db, releases }: PolicyVersionRoutesNeeds): Route {
  return declare({
    method: 'get',
    path,
    roles: ['admin', 'person'],
    permission: 'view_policies',
    summary: 'Rule tables that are or were in force in your namespaces, newest first; a page.',
    query: Query,
    answers: { 200: { description: 'A page of versions.', schema: Page } },
    handle: async ({ query: { namespace, limit, after }, caller }, response) => {
      const before = after === undefined ? undefined : Number(after)
      const asked = {
        limit: limit + 1,
        ...(before !== undefined && { before }),
        ...namespacesAsked(caller, namespace),
      }
      const found = await pastVersions(db, asked)
      const shown = found.slice(0, limit)
      const inForce = new Set(releases.current().map(({ sequence }) => sequence))
      response.json({
        versions: shown.map(version => ({ ...version, inForce: inForce.has(version.id) })),
        next: found.length > limit ? String(shown.at(-1)?.id) : null,
      } satisfies Frozen<Type.Static<typeof Page>>)
    },
  })
}

/** The namespaces of which the caller may see versions; all of them when none is named. */
function namespacesAsked(caller: Caller, namespace: string | undefined) {
  const seen = namespacesOf(caller)
  if (seen === null) return namespace === undefined ? {} : { namespaces: [namespace] }
  return { namespaces: seen.filter(name => namespace === undefined || name === namespace) }
}

function rollbackRoute(needs: PolicyVersionRoutesNeeds): Route {
  const { db, releases } = needs
  const isOwner = ownersIn(releases.directories)
  return declare({
    method: 'post',
    path: `${path}/:id/rollback`,
    roles: ['admin', 'person'],
    permission: 'propose_policies',
    attempt: 'roll policies back',
    summary:
      'Proposes to write what a namespace had at a version, and says what that changes; for owners.',
    params: Id,
    body: { schema: Ask, mostBytes: 65_536, optional: true },
    answers: {
      200: { description: 'What it comes to.', schema: Rollback },
      422: {
        description: 'What was written then does not compile with the rest.',
        type: 'application/problem+json',
        schema: BrokenPolicies,
      },
    },
    handle: async ({ params, body, caller }, response) => {
      const [version] = await pastVersions(db, { before: Number(params.id) + 1, limit: 1 })
      if (version?.id !== Number(params.id) || !sees(caller, version.namespace)) {
        throw new RequestFailure(404, 'There is no such version.', 'unknown_version')
      }
      const name = userIn(caller, version.namespace)
      if (!isOwner(version.namespace, name)) {
        throw new RequestFailure(403, 'Only owners of the namespace may go back.', 'not_an_owner')
      }
      const { preview = false, reason } = body
      const by = { name, email: emailOf(caller) }
      const asked = { version, reason, by, preview }
      const done = await rollBack(needs, asked, AbortSignal.timeout(longestMs))
      if (done.outcome === 'refused') throw refusal(done.why, version)
      if (done.outcome === 'broken') return answerBroken(response, done.problems)
      response.json(rollbackAnswer(version, done, caller))
    },
  })
}

function emailOf(caller: Caller): string | undefined {
  return ('person' in caller && caller.person?.email) || undefined
}

function rollbackAnswer(
  { id }: PastVersion,
  { files, plan, proposal }: Extract<RolledBack, { outcome: 'done' }>,
  caller: Caller,
) {
  return {
    version: id,
    files: files.map(({ path, text }) => ({
      path,
      change: text === null ? ('removed' as const) : ('written' as const),
    })),
    plan: visiblePlans(plan, caller),
    proposal: proposal satisfies Proposal | null,
  }
}

function refusal(why: RollBackRefusal, { id }: PastVersion): RequestFailure {
  const remedy = `Export it instead: GET /api/v1/policies/export?version=${id}.`
  const words: Readonly<Record<RollBackRefusal, string>> = {
    no_commit: `What was written for this version is in no commit. ${remedy}`,
    commit_gone: `The commit of this version is not here any more. ${remedy}`,
    no_files: `Policies are not written in files that the controller could change. ${remedy}`,
  }
  return new RequestFailure(409, words[why], why)
}
