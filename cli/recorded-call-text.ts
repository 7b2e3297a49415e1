import type { CallExplanation } from '../schemas/call-explanation.ts'
import type { Explanation } from '../schemas/decision.ts'
import type { BudgetUnit } from '../schemas/rule-table.ts'
import { amountText } from './amount-text.ts'
import { policyText, verdictText } from './explanation-text.ts'
import { printable, type Sink } from './terminal.ts'

type Version = CallExplanation['decided']['version']

/** Why a recorded call was decided as it was, as people read it. */
export function recordedCallText(explained: CallExplanation, sink: Sink): readonly string[] {
  return [
    ...head(explained, sink),
    ...section(sink, 'approval', approval(explained)),
    ...section(sink, 'budgets', explained.budgets.map(budget)),
    ...trace(explained.decided.trace, sink),
    ...otherwise(explained, sink),
  ]
}

function head(explained: CallExplanation, sink: Sink): readonly string[] {
  const { attempt, outcome, decided, obstacle, others } = explained
  const { action, reason, policy, rule, at, message, workflows = [], commit } = attempt
  const place = at && `${at.file}:${at.line}:${at.column}`
  return [
    `${verdictText(action, sink)} (${reason}) ${sink.paint('dim', `${attempt.time} ${attempt.proxy}:${attempt.seq}`)}`,
    ...field('call', callText(attempt)),
    ...field('by', callerText(attempt)),
    ...field('policy', policy),
    ...field('rule', rule),
    ...field('at', place),
    ...field('says', message),
    ...field('asks', workflows.length === 0 ? undefined : workflows.map(named).join(', ')),
    ...field('commit', commit ?? decided.version.commit),
    ...field('version', versionText(decided.version)),
    ...field('record', agreements[decided.agreement]),
    ...field('unknown', unknownText(decided.unknown)),
    ...field('refused', obstacle === null ? undefined : (obstacle.text ?? obstacle.reason)),
    ...field('ended', outcome === null ? 'not on record' : outcome.status),
    ...field('others', others.length === 0 ? undefined : others.join(', ')),
  ]
}

function field(name: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [`  ${name.padEnd(8)} ${printable(value)}`]
}

const agreements: Readonly<Record<CallExplanation['decided']['agreement'], string>> = {
  equal: 'judged again by the table of then, it is decided the same',
  same_action: 'judged again by the table of then, the same is done, whatever is not known',
  not_known: 'it hangs on what is not known, so the record alone says what was decided',
  different:
    'judged again by the table of then, it is decided otherwise: something is not as it was',
  not_kept: 'the table of then is not kept any more, so the record alone says what was decided',
  no_table: 'no table had decided it',
}

const longestArgs = 200

function callText(attempt: CallExplanation['attempt']): string {
  const { kind, server, provider, args } = attempt
  const name = attempt.tool ?? attempt.model ?? attempt.uri ?? attempt.prompt ?? ''
  const place = server ?? provider
  const target = place === undefined ? name : `${place}/${name}`
  const given = kind === 'model' || args === undefined ? '' : ` ${JSON.stringify(args)}`
  return `${kind} ${target}${given.length <= longestArgs ? given : `${given.slice(0, longestArgs)}…`}`
}

function callerText({ namespace, agent, apiKey, user, session }: CallExplanation['attempt']) {
  return [
    `${agent ?? 'nobody'} of ${namespace}`,
    ...(apiKey === undefined ? [] : [`key ${apiKey}`]),
    ...(user === undefined ? [] : [`owner ${user}`]),
    ...(session === undefined ? [] : [`session ${session}`]),
  ].join(', ')
}

function versionText({ table, release, from, author, subject, review, overrides }: Version) {
  if (table === '') return ''
  const approvers = review?.approvers.map(({ user }) => user) ?? []
  return [
    ...(release === undefined ? [] : [String(release)]),
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(author === undefined ? [] : [`by ${author}`]),
    ...(subject === undefined ? [] : [JSON.stringify(subject)]),
    ...(approvers.length === 0 ? [] : [`approved by ${approvers.join(', ')}`]),
    ...(overrides === undefined ? [] : [`with ${overrides.join(', ')}`]),
    `table ${table}`,
  ].join(', ')
}

const whys: Readonly<Record<string, string>> = {
  redacted: 'a part of the call that the record does not show',
  not_recorded: 'a part of the call that was not recorded',
  session_unknown: 'what the session had done, part of which is not on record',
  agent_unknown: 'the agent, which those policies do not have',
  not_offered: 'what was called, which nobody offers there, or somebody else',
}

function unknownText(why: string | null): string | undefined {
  return why === null ? undefined : `${why}: ${whys[why] ?? 'not on record'}`
}

function named(workflow: string): string {
  return workflow === '' ? 'the owners' : workflow
}

function approval({ approval: asked }: CallExplanation): readonly string[] {
  if (asked === null) return []
  const { id, state, stateThen, workflows, requestedAt, expiresAt, resolvedAt, grant } = asked
  const now = state === undefined || state === stateThen ? '' : `, now ${state}`
  return [
    `${id}: ${stateThen ?? 'not kept'}${now}; asked ${workflows.map(named).join(', ')}`,
    ...times({ requestedAt, expiresAt, resolvedAt }),
    ...(grant === undefined ? [] : [`by the standing grant ${grant}`]),
    ...asked.votes.map(vote),
  ]
}

function times(of: Readonly<Record<string, string | undefined>>): readonly string[] {
  const words: Readonly<Record<string, string>> = {
    requestedAt: 'asked',
    expiresAt: 'to be answered by',
    resolvedAt: 'decided',
  }
  const said = Object.entries(of).flatMap(([name, at]) => (at ? [`${words[name]} ${at}`] : []))
  return said.length === 0 ? [] : [said.join(', ')]
}

function vote({
  user,
  decision,
  surface,
  at,
  reason,
}: NonNullable<CallExplanation['approval']>['votes'][number]) {
  const why = reason === undefined ? '' : `: ${reason}`
  return `${user} ${decision === 'approve' ? 'approved' : 'denied'} through ${surface} at ${at}${why}`
}

function budget(of: CallExplanation['budgets'][number]): string {
  const amount = (value: number | null) =>
    value === null ? 'not known' : amountText(of.unit as BudgetUnit, value)
  const whose = of.counter === '' ? '' : ` of ${of.counter}`
  const since = of.window === null ? '' : ` from ${of.window}`
  return [
    `${of.budget}${whose}${since}: limit ${amount(of.limit)}`,
    ...(of.extended === 0 ? [] : [`extended by ${amount(of.extended)}`]),
    `spent ${amount(of.spent)}`,
    `in flight ${amount(of.reserved)}`,
    ...(of.held === null ? [] : [`set aside ${amount(of.held)}`]),
    ...(of.charged === null ? [] : [`charged ${amount(of.charged)}`]),
    ...(of.softLimitPassed ? ['soft limit passed'] : []),
    ...(of.refused ? ['did not pay'] : []),
  ].join(', ')
}

function section(sink: Sink, title: string, lines: readonly string[]): readonly string[] {
  const shown = lines.map(line => `  ${printable(line)}`)
  return lines.length === 0 ? [] : ['', sink.paint('bold', title), ...shown]
}

function trace(policies: CallExplanation['decided']['trace'], sink: Sink): readonly string[] {
  return policies.flatMap(policy => [
    '',
    ...policyText(policy as Explanation['trace'][number], sink),
  ])
}

function changeText(changes: boolean | null): string {
  if (changes === null) return ''
  return changes ? ', which is not what was decided' : ', as was decided'
}

function otherwise({ at }: CallExplanation, sink: Sink): readonly string[] {
  if (at === undefined) return []
  const { version, decision, unknown, changes } = at
  const said =
    decision === null
      ? 'nobody can say what it would decide'
      : `${verdictText(decision.action, sink)} (${decision.reason})${changeText(changes)}`
  const by = version.commit ?? version.table
  const place = decision?.at && `${decision.at.file}:${decision.at.line}:${decision.at.column}`
  return [
    '',
    `${sink.paint('bold', `by ${printable(by)}`)}: ${said}`,
    ...field('policy', decision?.policy),
    ...field('rule', decision?.rule),
    ...field('at', place),
    ...field('says', decision?.message),
    ...field('asks', decision?.workflows?.map(named).join(', ')),
    ...field('version', versionText(version)),
    ...field('never', version.compiled ? 'never in force: compiled from its files' : undefined),
    ...field('unknown', unknownText(unknown)),
    ...trace(at.trace, sink),
  ]
}
