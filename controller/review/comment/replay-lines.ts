import type { Replay, ReplayChange, ReplayExample } from '../../../schemas/replay.ts'
import { inert } from './inert.ts'

/** What recorded calls would come to, as lists of Markdown; at most `most` entries in each list. */
export function replayLines(replay: Replay, most: number): readonly string[] {
  const { calls, changedCalls, unjudged, from, to } = replay
  const span = from === undefined || to === undefined ? '' : ` from ${day(from)} to ${day(to)}`
  return [
    `${number(changedCalls)} of ${number(calls)} recorded calls${span} would be decided differently.`,
    '',
    ...bounded(replay.changed, most, changeLines),
    ...section('Approvals', loadLines(replay, most)),
    ...section('Money', moneyLines(replay, most)),
    ...(unjudged.count === 0 ? [] : ['', unjudgedLine(replay)]),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `**${title}**`, '', ...lines]
}

function bounded<T>(
  items: readonly T[],
  most: number,
  lines: (item: T) => readonly string[],
): readonly string[] {
  const more = items.length - most
  return [
    ...items.slice(0, most).flatMap(lines),
    ...(more > 0 ? [`- and ${number(more)} more, not shown here`] : []),
  ]
}

const verbs = { allow: 'allowed', deny: 'denied', require_approval: 'asked about' } as const

function changeLines(change: ReplayChange): readonly string[] {
  const { count, from, to, kind, name, server, policy, rule, reason, examples } = change
  const what = server === undefined ? inert(name) : `${inert(name)} at ${inert(server)}`
  const by = [policy, rule].filter(Boolean).join(' / ') || reason
  return [
    `- ${number(count)} × ${kind} ${what}: ${verbs[from]}, would be ${verbs[to]} by ${inert(by)}`,
    ...examples.slice(0, 3).map(exampleLine),
  ]
}

function exampleLine({ proxy, seq, time, agent, args }: ReplayExample): string {
  const record = proxy === undefined || seq === undefined ? '' : ` ${inert(`${proxy}:${seq}`)}`
  const when = time === undefined ? '' : ` on ${instant(time)}`
  const who = agent === undefined ? '' : ` by ${inert(agent)}`
  const shown = args === undefined ? '' : `: ${inert(args, 300)}`
  return `  - record${record}${when}${who}${shown}`
}

function loadLines({ approvals }: Replay, most: number): readonly string[] {
  const changed = approvals.filter(({ askedBefore, askedAfter }) => askedBefore !== askedAfter)
  return bounded(changed, most, ({ user, before, after }) => [
    `- ${inert(user)} was asked ${perDay(before)} and would be asked ${perDay(after)}`,
  ])
}

function perDay(questions: number): string {
  return `${questions.toFixed(questions < 10 ? 1 : 0)} times a day`
}

function moneyLines({ budgets, money }: Replay, most: number): readonly string[] {
  const stopped = budgets.filter(({ refusedCalls }) => refusedCalls > 0)
  return bounded(stopped, most, ({ namespace, budget, refusedCalls, unservedMicroUsd }) => {
    const first = money
      .filter(window => window.namespace === namespace && window.budget === budget)
      .flatMap(({ wouldStopAt }) => wouldStopAt ?? [])
      .sort()[0]
    const when = first === undefined ? '' : `, first on ${instant(first)}`
    return [
      `- the Budget ${inert(budget)} would have refused ${number(refusedCalls)} calls worth ${usd(unservedMicroUsd)}${when}`,
    ]
  })
}

function unjudgedLine({ unjudged: { count, reasons } }: Replay): string {
  const why = reasons.map(({ reason, count }) => `${number(count)} ${words[reason]}`).join(', ')
  return `${number(count)} recorded calls cannot be judged and are counted nowhere else: ${why}.`
}

const words: Readonly<Record<Replay['unjudged']['reasons'][number]['reason'], string>> = {
  redacted: 'hang on something that the record does not show',
  not_recorded: 'hang on a fact that records do not hold',
  session_unknown: 'hang on what their session had done before the first record',
  agent_unknown: 'are by agents that are gone',
  not_offered: 'went to what is not offered any more',
  no_table: 'are of namespaces without policies',
  undecided: 'have no recorded decision',
  malformed: 'have no readable record',
}

function usd(microUsd: number): string {
  return `${(microUsd / 1e6).toFixed(microUsd >= 10_000 ? 2 : 6)} USD`
}

function number(count: number): string {
  return count.toLocaleString('en')
}

function day(time: string): string {
  return isInstant(time) ? time.slice(0, 10) : 'an unknown day'
}

/** Times come from records: what is none is not shown. */
function instant(time: string): string {
  return isInstant(time) ? `${time.slice(0, 19)}Z` : 'an unknown day'
}

function isInstant(time: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time)
}
