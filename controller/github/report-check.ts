import { createHash } from 'node:crypto'
import type { Octokit } from '@octokit/rest'
import canonicalize from 'canonicalize'
import type { Annotation, Report } from '../forge/forge.ts'
import type { GithubPlace } from './github-place.ts'

/** What protected branches ask for: `writ/policy`, with what it is about where there are several. */
export function checkName({ of }: Pick<Report, 'of'>): string {
  return of === undefined ? 'writ/policy' : `writ/policy ${of}`
}

/** What GitHub takes in one request. */
const batch = 50

/** Beyond these the summary says how many there are. */
const mostAnnotations = 500

/**
 * Makes a check run about a commit, with its remarks at their lines, unless the newest one that this app made
 * says the same. Remarks can only be added to a run, so that whatever differs is a new run; it is concluded
 * when all of it is there.
 */
export async function reportCheck(
  { rest }: Octokit,
  place: GithubPlace,
  report: Report,
): Promise<void> {
  const externalId = createHash('sha256')
    .update(canonicalize(report) ?? '')
    .digest('hex')
  if (await isSaid(rest, place, report, externalId)) return
  const [first = [], ...others] = batches(report.annotations.slice(0, mostAnnotations))
  const output = { title: report.title.slice(0, 255), summary: summaryOf(report) }
  const { data: run } = await rest.checks.create({
    ...place,
    ...{ name: checkName(report), head_sha: report.headSha, external_id: externalId },
    ...(report.detailsUrl !== undefined && { details_url: report.detailsUrl }),
    status: 'in_progress',
    output: { ...output, annotations: first.map(annotationOf) },
  })
  const known = { ...place, check_run_id: run.id }
  for (const some of others) {
    await rest.checks.update({
      ...known,
      output: { ...output, annotations: some.map(annotationOf) },
    })
  }
  if (report.conclusion === 'pending') return
  await rest.checks.update({ ...known, status: 'completed', conclusion: report.conclusion })
}

/** Whether all of it was said: a run is cut short when the controller ends, and then stays without a conclusion. */
async function isSaid(
  rest: Octokit['rest'],
  place: GithubPlace,
  report: Report,
  externalId: string,
): Promise<boolean> {
  const { headSha, conclusion, annotations } = report
  const { data: app } = await rest.apps.getAuthenticated()
  const own = app === null ? {} : { app_id: app.id }
  const asked = { ...place, ref: headSha, check_name: checkName(report), ...own, per_page: 1 }
  const [last] = (await rest.checks.listForRef(asked)).data.check_runs
  return (
    last?.external_id === externalId &&
    last.conclusion === (conclusion === 'pending' ? null : conclusion) &&
    last.output.annotations_count === Math.min(annotations.length, mostAnnotations)
  )
}

function batches(annotations: readonly Annotation[]): readonly (readonly Annotation[])[] {
  const count = Math.ceil(annotations.length / batch)
  return Array.from({ length: count }, (_, at) => annotations.slice(at * batch, (at + 1) * batch))
}

function annotationOf({ path, line, column, level, title, message }: Annotation) {
  return {
    ...{ path, start_line: line, end_line: line, annotation_level: level },
    ...(column !== undefined && { start_column: column, end_column: column }),
    ...(title !== undefined && { title: title.slice(0, 255) }),
    message: message.slice(0, 16_000),
  }
}

function summaryOf({ summary, annotations }: Report): string {
  const more = annotations.length - mostAnnotations
  const rest = more > 0 ? `\n\n… and ${more} more remarks.` : ''
  return `${summary.slice(0, 60_000)}${rest}`
}
