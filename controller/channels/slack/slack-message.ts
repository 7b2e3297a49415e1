import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { NoticeKind } from '../channel.ts'
import { cut } from '../printable.ts'
import { outcomeText, questionText } from '../question-text.ts'

/** A message in Slack's Block Kit; `text` is what a notification shows. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly object[]
}

/** The names by which an answer is found again in an interaction. */
export const slackActions = {
  approve: 'writ_approve',
  deny: 'writ_deny',
  reasonBlock: 'writ_reason',
  reason: 'reason',
} as const

/** Most characters in a text object of a block. */
const mostText = 3000

/**
 * A message about a request. Whatever an agent wrote stands in `plain_text`, where Slack reads no markup and
 * no mention. Buttons are there when they work and show all that they would approve.
 */
export function slackMessage(
  request: ApprovalRequest,
  kind: NoticeKind,
  buttons: boolean,
): SlackMessage {
  const question = questionText(request)
  const over = request.state !== 'pending'
  const lead = over ? outcomeText(request) : leads[kind]
  const facts = question.facts.map(({ name, text }) => `${name}: ${text}`).join('\n')
  const decidable = !over && buttons && question.whole
  return {
    text: escapeMrkdwn(`${lead} ${question.title}`),
    blocks: [
      { type: 'header', text: plain(question.title) },
      section(lead),
      section(facts),
      ...(question.args === '' ? [] : [section(question.args)]),
      ...(decidable ? answers(request) : []),
      ...(over || decidable ? [] : [section(elsewhere(request, question.whole))]),
    ],
  }
}

/** A message that tells something and asks nothing. */
export function slackNews(title: string, lines: readonly string[]): SlackMessage {
  return {
    text: escapeMrkdwn(title),
    blocks: [{ type: 'header', text: plain(title) }, section(lines.join('\n'))],
  }
}

const leads: Readonly<Record<NoticeKind, string>> = {
  created: 'A call waits for an answer.',
  reminder: 'A call still waits for an answer.',
  escalation: 'A call waits for an answer, and nobody has given one so far.',
  resolved: 'A call is decided.',
}

function answers(request: ApprovalRequest): readonly object[] {
  const needed = request.workflows.some(({ requireReason }) => requireReason)
  return [
    {
      type: 'input',
      block_id: slackActions.reasonBlock,
      optional: !needed,
      label: plain('Reason'),
      element: { type: 'plain_text_input', action_id: slackActions.reason, max_length: 1000 },
    },
    {
      type: 'actions',
      elements: [
        button(slackActions.approve, 'Approve', 'primary', request.id),
        button(slackActions.deny, 'Deny', 'danger', request.id),
      ],
    },
  ]
}

function button(id: string, label: string, style: 'primary' | 'danger', value: string) {
  return { type: 'button', action_id: id, text: plain(label), style, value }
}

function elsewhere({ id }: ApprovalRequest, whole: boolean): string {
  const why = whole ? '' : 'Not all of the call fits here. '
  return `${why}Look at it with: writ approvals show ${id}`
}

function section(text: string) {
  return { type: 'section', text: plain(cut(text, mostText)) }
}

function plain(text: string) {
  return { type: 'plain_text', text, emoji: false }
}

/** Text in which Slack reads no markup: by "Formatting text for app surfaces" these three characters are escaped. */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
