import { timeLeft } from '../../controller/api/pages/time-left.ts'
import { stateText, targetOf } from '../approvals/request-row.ts'
import { printable, type Sink } from '../terminal.ts'
import type { Question } from './question.ts'

/** A question as `-o json` prints it. */
export function questionRow({ metadata, spec, status }: Question) {
  const { name, namespace } = metadata
  const { agent, server = null, tool, args, workflow, requestedAt, expiresAt } = spec
  const { state, reason = null, votes = [], workflows = [], decisions } = status
  return {
    ...{ name, namespace, state, agent, server, tool, args, workflow, requestedAt, expiresAt },
    ...{ reason, votes, workflows, decisions },
  }
}

/** A question as one line: name, state, who, what, how many approvals, how long still. */
export function questionText(question: Question, now: number, sink: Sink): string {
  const { metadata, spec, status } = question
  const time =
    status.state === 'pending'
      ? `${timeLeft(Date.parse(spec.expiresAt) - now)} left`
      : (status.resolvedAt ?? '')
  return [
    sink.paint('bold', metadata.name),
    stateText(status.state, sink),
    `${metadata.namespace}/${printable(spec.agent)}`,
    sink.paint('bold', targetOf(spec)),
    `${printable(spec.workflow)} ${countsText(question)}`,
    sink.paint('dim', time),
  ].join('  ')
}

function countsText({ status: { workflows = [] } }: Question): string {
  return workflows.map(({ required, received }) => `${received}/${required}`).join(',')
}

/** A question as a card: what is asked, by whom, why it asks, who may answer, what was answered. */
export function questionCard(question: Question, now: number, sink: Sink): string {
  const { metadata, spec, status } = question
  const { rule, justification } = spec
  const { votes = [], workflows = [], decisions } = status
  const refused = decisions.filter(({ outcome }) => outcome !== undefined && outcome !== 'counted')
  const field = (name: string, text: string) =>
    text === '' ? [] : [`  ${sink.paint('dim', name.padEnd(10))}${text}`]
  const part = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', sink.paint('bold', title), ...lines.map(line => `  ${line}`)]
  return [
    questionText(question, now, sink),
    ...field('agent', `${printable(spec.agent)} with the key ${printable(spec.apiKey)}`),
    ...field('owner', printable(spec.owner ?? '')),
    ...field('asked', spec.requestedAt),
    ...field('open until', status.state === 'pending' ? spec.expiresAt : ''),
    ...field('rule', printable([rule.policy, rule.rule].filter(Boolean).join(' / '))),
    ...field('at', printable([rule.file, rule.line].filter(Boolean).join(':'))),
    ...field('says', printable(rule.message ?? '')),
    ...field('ended', printable(status.reason ?? '')),
    ...field('namespace', metadata.namespace ?? ''),
    ...part('Arguments', linesOf(spec.args)),
    ...part('What the agent says', linesOf(justification ?? '')),
    ...part('Who is asked', workflows.map(workflowText)),
    ...part('Answers', votes.map(voteText)),
    ...part('Not counted', refused.map(refusalText)),
  ].join('\n')
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n').map(printable)
}

type Status = Question['status']

function workflowText(asked: NonNullable<Status['workflows']>[number]): string {
  const { name, required, received, mayDecide, requireReason } = asked
  const who = mayDecide.length === 0 ? 'nobody' : mayDecide.join(', ')
  const reason = requireReason ? ', with a reason' : ''
  return `${printable(name) || 'owners'}: ${received} of ${required} approvals; may be given by ${printable(who)}${reason}`
}

function voteText({ user, decision, surface, at, reason }: NonNullable<Status['votes']>[number]) {
  const why = reason === undefined ? '' : `: ${printable(reason)}`
  const word = decision === 'approve' ? 'approved' : 'denied'
  return `${printable(user)} ${word} at ${at} by ${printable(surface)}${why}`
}

function refusalText({ by, decision, message = '' }: Status['decisions'][number]): string {
  return `${printable(by)} (${decision}): ${printable(message)}`
}
