import Type from 'typebox'
import { CallExplanation } from '../../schemas/call-explanation.ts'
import { closed } from '../../schemas/field.ts'
import { type Explained, explainRecord } from '../explain/explain-record.ts'
import { callNameOf } from '../explain/read-call.ts'
import { type VersionAtNeeds, versionPattern } from '../explain/version-at.ts'
import type { PastVersion } from '../publish/past-versions.ts'
import { declare } from './declare.ts'
import { RequestFailure } from './problem-answer.ts'
import type { Route } from './route.ts'

const Params = Type.Object({
  call: Type.String({
    pattern: '^[\\w.:-]{1,160}$',
    description: 'Id of the call, or an entry of it as proxy:seq.',
  }),
})

const Query = closed(
  {
    at: Type.Optional(
      Type.String({
        pattern: versionPattern,
        description:
          'Another version: a commit, or the digest of a rule table; the first digits are enough.',
      }),
    ),
  },
  'By what else to judge it.',
)

/** Longest time that an explanation takes, ms: policies may have to be compiled. */
const longestMs = 60_000

/** Why recorded calls were decided as they were. */
export function explanationRoutes(needs: VersionAtNeeds): readonly Route[] {
  return [
    declare({
      method: 'get',
      path: '/api/v1/audit/calls/:call/explanation',
      roles: ['admin'],
      permission: 'view_audit',
      summary:
        'Why a recorded call was decided as it was, and what another version would have said.',
      params: Params,
      query: Query,
      answers: { 200: { description: 'The explanation.', schema: CallExplanation } },
      handle: async ({ params, query }, response) => {
        const asked = { name: callNameOf(params.call), at: query.at, namespaces: null }
        const found = await explainRecord(needs, asked, AbortSignal.timeout(longestMs))
        if (found.outcome === 'explained') {
          response.json(found.explanation)
          return
        }
        throw refusal(found, query.at ?? '')
      },
    }),
  ]
}

function refusal(found: Exclude<Explained, { outcome: 'explained' }>, at: string): RequestFailure {
  if (found.outcome === 'no_record') {
    return new RequestFailure(404, 'There is no such record.', 'unknown_record')
  }
  const { why, namespace, deciding, newest } = found
  const known = [
    ...(deciding === null ? [] : [`The call was decided by ${named(deciding)}.`]),
    ...(newest === null ? [] : [`In force now is ${named(newest)}.`]),
  ].join(' ')
  const words = {
    unknown: `${at} was never in force in the namespace ${namespace}, and its files are not here.`,
    ambiguous: `More than one version begins with ${at}: give more digits.`,
    not_kept: `${at} was in force, but its rule table is not kept any more.`,
    broken: `${at} was never in force in the namespace ${namespace}: its policies do not compile.`,
    no_table: `${at} was never in force, and has no policies for the namespace ${namespace}.`,
  }
  const status = why === 'unknown' || why === 'ambiguous' ? 404 : 409
  return new RequestFailure(status, `${words[why]} ${known}`.trim(), codes[why])
}

const codes = {
  unknown: 'unknown_version',
  ambiguous: 'ambiguous_version',
  not_kept: 'table_gone',
  broken: 'broken_version',
  no_table: 'no_policies',
} as const

function named({ digest, commit }: PastVersion): string {
  const table = digest.slice(0, 'sha256:'.length + 12)
  return commit === undefined ? `the table ${table}` : `commit ${commit.id.slice(0, 12)} (${table})`
}
