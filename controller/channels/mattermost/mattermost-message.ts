import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { NoticeKind } from '../channel.ts'
import { fenced } from '../fenced.ts'
import { outcomeText, type QuestionText, questionText } from '../question-text.ts'
import type { MattermostContext } from './mattermost-context.ts'

/** A message in Mattermost's form: a line, and an attachment with a text and buttons. */
export interface MattermostMessage {
  readonly text: string
  readonly attachments: readonly object[]
}

/** Where a button posts to, and what it takes along. */
export interface MattermostButtons {
  readonly url: URL
  context(decision: 'approve' | 'deny'): MattermostContext
}

/**
 * A message about a request, with buttons when there are any and they show all that they would approve.
 * Whatever an agent or a person wrote stands in a block of code, where nothing is markup or a mention.
 */
export function mattermostMessage(
  request: ApprovalRequest,
  kind: NoticeKind,
  buttons: MattermostButtons | null,
): MattermostMessage {
  const question = questionText(request)
  const over = request.state !== 'pending'
  const lead = leads[over ? 'resolved' : kind]
  const needsReason = request.workflows.some(({ requireReason }) => requireReason)
  const shown = over || needsReason || !question.whole ? null : buttons
  const code = fenced(codeOf(question, over ? outcomeText(request) : null))
  return {
    text: lead,
    attachments: [
      {
        fallback: lead,
        color: over ? '#888888' : '#d9822b',
        text: over || shown !== null ? code : `${code}\n${elsewhere(request, question)}`,
        ...(shown !== null && { actions: actions(shown) }),
      },
    ],
  }
}

/** A message that tells something and asks nothing; what a person or an agent named stands in a block of code. */
export function mattermostNews(
  lead: string,
  title: string,
  lines: readonly string[],
): MattermostMessage {
  const text = fenced([title, '', ...lines].join('\n'))
  return { text: lead, attachments: [{ fallback: lead, color: '#d9822b', text }] }
}

const leads: Readonly<Record<NoticeKind, string>> = {
  created: 'A call waits for an answer.',
  reminder: 'A call still waits for an answer.',
  escalation: 'A call waits for an answer, and nobody has given one so far.',
  resolved: 'A call is decided.',
}

function codeOf({ title, facts, args }: QuestionText, outcome: string | null): string {
  return [
    title,
    '',
    ...(outcome === null ? [] : [outcome, '']),
    ...facts.map(({ name, text }) => `${name}: ${text}`),
    ...(args === '' ? [] : ['', args]),
  ].join('\n')
}

/** Ids of actions may hold letters and digits only. */
function actions({ url, context }: MattermostButtons): readonly object[] {
  const button = (decision: 'approve' | 'deny', name: string, style: string) => ({
    id: decision,
    type: 'button',
    name,
    style,
    integration: { url: url.href, context: context(decision) },
  })
  return [button('approve', 'Approve', 'good'), button('deny', 'Deny', 'danger')]
}

function elsewhere({ id }: ApprovalRequest, { whole }: QuestionText): string {
  const why = whole ? '' : 'Not all of the call fits here. '
  return `${why}Look at it with \`writ approvals show ${id}\`.`
}
