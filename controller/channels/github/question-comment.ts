import type { ApprovalRequest, ApprovalVote } from '../../../schemas/approval.ts'
import { digestInCommand } from '../../chatops/command.ts'
import type { NoticeKind } from '../channel.ts'
import { fenced } from '../fenced.ts'
import { oneLine } from '../printable.ts'
import { outcomeText, questionText } from '../question-text.ts'

/** The word under which the comment with the question of a request is found again. */
export function questionMarker({ id }: Pick<ApprovalRequest, 'id'>): string {
  return `writ:question:${id}`
}

/**
 * The comment about a request: the question with the lines that answer it, or how it ended. Whatever an
 * agent wrote stands in a block of code, where nothing is markup, a mention or a reference. Lines that
 * answer are there when the comment shows all that they would approve.
 */
export function questionComment(request: ApprovalRequest): string {
  const question = questionText(request)
  const over = request.state !== 'pending'
  const text = [
    question.title,
    '',
    ...question.facts.map(({ name, text }) => `${name}: ${text}`),
    `Digest: ${request.digest}`,
    ...(question.args === '' ? [] : ['', question.args]),
  ].join('\n')
  const rest = over ? endOf(request) : answersTo(request, question.whole)
  return [over ? `**${leads.resolved}**` : `**${leads.created}**`, fenced(text), ...rest].join(
    '\n\n',
  )
}

/** A comment that says once more that a question waits. */
export function reminderComment(request: ApprovalRequest, kind: NoticeKind): string {
  return `${leads[kind]} It is the question ${code(request.id)} above, open until ${request.expiresAt}.`
}

const leads: Readonly<Record<NoticeKind, string>> = {
  created: 'A call waits for an answer.',
  reminder: 'A call still waits for an answer.',
  escalation: 'A call waits for an answer, and nobody has given one so far.',
  resolved: 'A call is decided.',
}

function answersTo(request: ApprovalRequest, whole: boolean): readonly string[] {
  const { id, digest, workflows } = request
  const elsewhere = `Look at it, and answer, with ${code(`writ approvals show ${id}`)}.`
  if (!whole) return [`Not all of the call fits here. ${elsewhere}`]
  if (workflows.some(({ requireReason }) => requireReason)) {
    return [`An answer needs a reason, which a comment cannot carry. ${elsewhere}`]
  }
  const digits = digestInCommand(digest)
  return [
    'To answer, write a new comment that is one of these lines and nothing else:',
    fenced(`/approve ${id} ${digits}`),
    fenced(`/deny ${id} ${digits}`),
  ]
}

function endOf(request: ApprovalRequest): readonly string[] {
  const votes = request.votes.map(vote => `- ${voteText(vote)}`)
  return [code(outcomeText(request)), ...(votes.length === 0 ? [] : [votes.join('\n')])]
}

function voteText({ user, decision, surface, identity, at }: ApprovalVote): string {
  return code(oneLine(`${user}: ${decision}, by ${surface} (${identity}), ${at}`, 500))
}

/** Text as code in a line: no mention, no markup, no end before its own. */
function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}
