import type { Octokit } from '@octokit/rest'
import type { Report } from '../forge/forge.ts'
import type { GithubPlace } from './github-place.ts'
import { checkName } from './report-check.ts'

/** Says what the check comes to as the status of a commit, unless that is what was said last. */
export async function reportStatus(
  { rest }: Octokit,
  place: GithubPlace,
  report: Report,
): Promise<void> {
  const { headSha, conclusion, title, detailsUrl } = report
  const context = checkName(report)
  const asked = { ...place, ref: headSha, per_page: 100 }
  const { data } = await rest.repos.listCommitStatusesForRef(asked)
  const last = data.find(status => status.context === context)
  const description = title.length <= 140 ? title : `${title.slice(0, 139)}…`
  const said =
    last?.state === conclusion &&
    last.description === description &&
    (last.target_url ?? undefined) === detailsUrl
  if (said) return
  await rest.repos.createCommitStatus({
    ...place,
    ...{ sha: headSha, state: conclusion, context, description },
    ...(detailsUrl !== undefined && { target_url: detailsUrl }),
  })
}
