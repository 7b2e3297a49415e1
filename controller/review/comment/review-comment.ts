import type { Problem } from '../../../schemas/problem.ts'
import { digestInCommand } from '../../chatops/command.ts'
import { conflictText } from './conflict-text.ts'
import { coverageLines } from './coverage-lines.ts'
import { inert } from './inert.ts'
import { planLines } from './plan-lines.ts'
import { replayLines } from './replay-lines.ts'
import type { ReviewedState, ReviewView } from './review-view.ts'
import { stateLine } from './state-line.ts'

/** Most characters of a comment. */
const mostText = 60_000

/** Entries of each list; fewer are tried until the comment is short enough. */
const sizes = [60, 30, 15, 7, 3, 1, 0]

/**
 * The comment about a change, in Markdown: at most 60,000 characters, in which whatever comes from the repository
 * or from records is a code span. It is the same for the same view, so that it is written once.
 */
export function reviewComment(view: ReviewView): string {
  for (const size of sizes) {
    const comment = written(view, size)
    if (comment.length <= mostText) return comment
  }
  return [...head(view), 'There is too much to be shown here.'].join('\n').slice(0, mostText)
}

function written(view: ReviewView, most: number): string {
  const { problems, plan, replay, coverage } = view
  const lines = [
    ...head(view),
    ...titled('Problems', problemLines(problems, most)),
    ...titled('Plan', plan === null ? [] : planLines(plan, most)),
    ...titled(
      'Replay',
      typeof replay === 'string' ? [replay] : replay === null ? [] : replayLines(replay, most),
    ),
    ...titled('Coverage', coverage === null ? [] : coverageLines(coverage, most)),
    footer,
  ]
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`
}

function head({ state, headSha }: ReviewView): readonly string[] {
  const answers = 'digest' in state ? answerLines(state) : []
  const conflict = state.kind === 'conflict' ? [conflictText(state.files), ''] : []
  return [
    `### Policy review: ${stateLine(state)}`,
    '',
    `Commit ${inert(headSha, 64)}.`,
    '',
    ...conflict,
    ...answers,
  ]
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`#### ${title}`, '', ...lines, '']
}

function answerLines(state: ReviewedState): readonly string[] {
  const { digest, kind, barred, votes } = state
  const given = votes.map(
    ({ user, decision, teams }) =>
      `- ${inert(user)} ${decision === 'approve' ? 'approved' : 'denied'}${teams.length === 0 ? '' : ` as a member of ${inert(teams.join(', '))}`}`,
  )
  const ask = kind === 'open' && barred === null ? howTo(digest) : []
  return [
    `Digest \`${digestInCommand(digest)}\`, of \`${digest}\`.`,
    '',
    ...(barred === null ? [whoLine(state)] : [`Nobody can approve it: ${barred}`]),
    '',
    ...given,
    '',
    ...ask,
    '',
  ]
}

function whoLine({ bench: { required, users, workflow } }: ReviewedState): string {
  const people = users.slice(0, 30).map(user => inert(user))
  const more = users.length > people.length ? ` and ${users.length - people.length} more` : ''
  const from = workflow === null ? 'the owners' : `the workflow ${inert(workflow)}`
  const named = people.length === 0 ? 'which names nobody' : `${people.join(', ')}${more}`
  return `It needs ${required === 1 ? 'one approval' : `${required} approvals`} by people of ${from}: ${named}. Whoever had a hand in it does not count.`
}

function howTo(digest: string): readonly string[] {
  const digits = digestInCommand(digest)
  return [
    'To approve, write this line as a comment of its own, with nothing else in it:',
    '',
    '```',
    `/approve ${digits}`,
    '```',
    '',
    `To deny, write \`/deny ${digits}\` in the same way. A new commit, or another state of what is in force, makes all answers void.`,
  ]
}

function problemLines(problems: readonly Problem[], most: number): readonly string[] {
  const more = problems.length - most
  return [
    ...problems.slice(0, most).map(problemLine),
    ...(more > 0 ? [`- and ${more} more, not shown here`] : []),
  ]
}

function problemLine({ severity, file, line, message, suggestion, code }: Problem): string {
  const hint = suggestion === undefined ? '' : ` ${inert(suggestion, 300)}`
  return `- ${severity} at ${inert(`${file}:${line}`)}: ${inert(message, 500)}${hint} (\`${code}\`)`
}

const footer =
  '<sub>Written by Writ, which edits this comment when something changes. What is shown as code comes from the repository or from records. What is in force decides who may answer, never what this change says.</sub>'
