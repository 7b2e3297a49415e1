import type { Notice, NoticeKind } from '../channel.ts'
import { oneLine } from '../printable.ts'
import { outcomeText, type QuestionText, questionText } from '../question-text.ts'

/** What a message says, twice: as text and as HTML. */
export interface MailText {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** A message about a request; with a link the reader may decide, without one it is news. */
export function mailText({ kind, request }: Notice, link: URL | null): MailText {
  const question = questionText(request)
  const lead = kind === 'resolved' ? outcomeText(request) : leads[kind]
  const close = closing(kind, link)
  return {
    subject: oneLine(`[Writ] ${subjects[kind]}: ${question.title}`, 180),
    text: textOf(question, lead, close, link),
    html: htmlOf(question, lead, close, link),
  }
}

const subjects: Readonly<Record<NoticeKind, string>> = {
  created: 'Question',
  reminder: 'Still open',
  escalation: 'Escalated',
  resolved: 'Closed',
}

const leads: Readonly<Record<Exclude<NoticeKind, 'resolved'>, string>> = {
  created: 'A call waits for an answer.',
  reminder: 'A call still waits for an answer.',
  escalation: 'A call waits for an answer, and nobody has given one so far.',
}

function closing(kind: NoticeKind, link: URL | null): string {
  if (kind === 'resolved') return 'Nothing is left to do.'
  return link === null
    ? 'You are told because your address is on the list of this channel; others decide.'
    : 'The link is yours alone and counts once. If nobody answers, the call is refused.'
}

function textOf(question: QuestionText, lead: string, close: string, link: URL | null): string {
  const facts = question.facts.map(({ name, text }) => `${name}: ${text}`)
  const look = link === null ? [] : ['', 'Look at it and decide:', link.href]
  return [
    lead,
    '',
    question.title,
    '',
    ...facts,
    '',
    question.whole ? 'Arguments:' : 'Arguments (not all of them fit here):',
    question.args,
    ...look,
    '',
    close,
    '',
  ].join('\n')
}

function htmlOf(question: QuestionText, lead: string, close: string, link: URL | null): string {
  const rows = question.facts
    .map(
      ({ name, text }) =>
        `<tr><th align="left" valign="top">${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`,
    )
    .join('\n')
  const look =
    link === null
      ? ''
      : `<p><a href="${escapeHtml(link.href)}"><strong>Look at it and decide</strong></a></p>`
  const label = question.whole ? 'Arguments' : 'Arguments (not all of them fit here)'
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(question.title)}</title></head>
<body>
<p>${escapeHtml(lead)}</p>
<h1 style="font-size:1.1em">${escapeHtml(question.title)}</h1>
<table cellpadding="4">
${rows}
</table>
<p>${label}</p>
<pre style="white-space:pre-wrap">${escapeHtml(question.args)}</pre>
${look}
<p>${escapeHtml(close)}</p>
</body></html>
`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character] ?? '')
}
