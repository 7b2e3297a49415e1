import { timeLeft } from '../../controller/api/pages/time-left.ts'
import type { ApprovalEvent, ApprovalRequest } from '../../schemas/approval.ts'
import { printable, type Sink } from '../terminal.ts'
import { stateText } from './request-row.ts'

/** A request as a card: what is asked, by whom, why it asks, who may answer, what was answered. */
export function requestCard(
  request: ApprovalRequest,
  events: readonly ApprovalEvent[],
  { now, sink }: { readonly now: number; readonly sink: Sink },
): string {
  const { id, state, expiresAt, requestedAt, rule, notifications, votes } = request
  const field = (name: string, text: string | undefined) =>
    text === undefined || text === '' ? [] : [`  ${sink.paint('dim', name.padEnd(10))}${text}`]
  const left = timeLeft(Date.parse(expiresAt) - now)
  const heading = (text: string) => ['', sink.paint('bold', text)]
  return [
    `${sink.paint('bold', id)}  ${stateText(state, sink)}`,
    ...field('call', lines(request.server ? `${request.tool} of ${request.server}` : request.tool)),
    ...field('agent', agentText(request)),
    ...field('namespace', printable(request.namespace)),
    ...field('asked', requestedAt),
    ...(state === 'pending' ? field('open for', `${left}, until ${expiresAt}`) : []),
    ...field('rule', printable([rule.policy, rule.rule].filter(Boolean).join(' / '))),
    ...field('at', printable([rule.file, rule.line].filter(Boolean).join(':'))),
    ...field('says', rule.message === undefined ? undefined : lines(rule.message)),
    ...field('ended', request.reason === undefined ? undefined : lines(request.reason)),
    ...heading('Arguments'),
    indented(printedArgs(request.args)),
    ...(request.justification === undefined
      ? []
      : [...heading('What the agent says'), indented(lines(request.justification))]),
    ...heading('Who is asked'),
    ...request.workflows.map(workflowText),
    ...(votes.length === 0 ? [] : [...heading('Answers'), ...votes.map(voteText)]),
    ...(notifications.length === 0 ? [] : [...heading('Told'), ...notifications.map(noticeText)]),
    ...heading('History'),
    ...events.map(event => indented(eventText(event))),
  ].join('\n')
}

/** Arguments as indented JSON; what could change the terminal is written as an escape. */
function printedArgs(args: unknown): string {
  return lines(JSON.stringify(args, null, 2) ?? 'none')
}

/** Text of several lines, each made harmless. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function agentText({ agent, apiKey, user, session }: ApprovalRequest): string {
  const owner = user === undefined ? '' : `, owned by ${user}`
  const within = session === undefined ? '' : `, session ${session}`
  return printable(`${agent} with the key ${apiKey}${owner}${within}`)
}

function workflowText(asked: ApprovalRequest['workflows'][number]): string {
  const { name, required, received, mayDecide, requireReason } = asked
  const who = mayDecide.length === 0 ? 'nobody' : mayDecide.join(', ')
  const reason = requireReason ? ', with a reason' : ''
  return `  ${printable(name) || 'owners'}: ${received} of ${required} approvals; may be given by ${printable(who)}${reason}`
}

function voteText({ user, decision, surface, identity, at, reason }: Vote): string {
  const why = reason === undefined ? '' : `: ${printable(reason)}`
  const word = decision === 'approve' ? 'approved' : 'denied'
  return `  ${printable(user)} ${word} at ${at} by ${surface} (${printable(identity)})${why}`
}

type Vote = ApprovalRequest['votes'][number]

function noticeText({ channel, state, attempts, error }: Notice): string {
  const why = error === undefined ? '' : `: ${printable(error)}`
  return `  ${printable(channel)} ${state} after ${attempts} tries${why}`
}

type Notice = ApprovalRequest['notifications'][number]

function eventText({ at, type, by, surface, detail }: ApprovalEvent): string {
  const who = by === undefined ? '' : ` by ${printable(by)}`
  const where = surface === undefined ? '' : ` (${surface})`
  const more = detail === undefined ? '' : `: ${printable(detail)}`
  return `${at}  ${type}${who}${where}${more}`
}
