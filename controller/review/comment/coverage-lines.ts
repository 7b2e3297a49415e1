import type { SilentWhy } from '../../../schemas/coverage.ts'
import type {
  AskedMore,
  ChangeCoverage,
  ChangedUse,
  NamedRule,
} from '../../coverage/change-coverage.ts'
import { inert } from './inert.ts'

/** What the calls on record say about a change, as lists of Markdown, folded; at most `most` entries in each list. */
export function coverageLines(coverage: ChangeCoverage, most: number): readonly string[] {
  const { uses, idle, dropped, people } = coverage
  const details = [
    ...section('Used without a rule that names it', uses.map(useLine), most),
    ...section('New rules that no recorded call would have met', idle.map(idleLine), most),
    ...section('Rules that go and had decided calls', dropped.map(droppedLine), most),
    ...section('Who would be asked more', people.map(personLine), most),
  ]
  return [
    ...summaryLines(coverage),
    ...(details.length === 0
      ? []
      : ['', '<details><summary>Details</summary>', '', ...details, '', '</details>']),
  ]
}

function summaryLines(coverage: ChangeCoverage): readonly string[] {
  const { days, recordedSince, unruledBefore, unruledAfter, idle, dropped } = coverage
  const { unchanging, uncountedNames, otherNamespaces } = coverage
  if (recordedSince === null) {
    return [`No call of the last ${number(days)} days is on record where this changes something.`]
  }
  return [
    `Calls of the last ${number(days)} days, counted since ${recordedSince.slice(0, 10)}:`,
    '',
    `- ${things(unruledAfter)} used without a rule that names ${unruledAfter === 1 ? 'it' : 'them'} once this is in force; ${number(unruledBefore)} now`,
    ...some(
      idle.length,
      'new rule no recorded call would have met',
      'new rules no recorded call would have met',
    ),
    ...some(
      unchanging,
      'new rule would have decided no recorded call differently',
      'new rules would have decided no recorded call differently',
    ),
    ...some(dropped.length, 'rule goes that had decided calls', 'rules go that had decided calls'),
    ...some(
      uncountedNames,
      'call is of a name beyond those that are counted apart',
      'calls are of names beyond those that are counted apart',
    ),
    ...some(
      otherNamespaces,
      'other namespace changes and was not looked at',
      'other namespaces change and were not looked at',
    ),
  ]
}

function things(count: number): string {
  return count === 1 ? '1 thing is' : `${number(count)} things are`
}

function some(count: number, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`- ${number(count)} ${count === 1 ? one : many}`]
}

function section(title: string, lines: readonly string[], most: number): readonly string[] {
  if (lines.length === 0) return []
  const more = lines.length - most
  return [
    `**${title}** (${number(lines.length)})`,
    '',
    ...lines.slice(0, most),
    ...(more > 0 ? [`- and ${number(more)} more, not shown here`] : []),
    '',
  ]
}

const changes: Readonly<Record<ChangedUse['change'], string>> = {
  named: 'a rule of this change names it',
  unnamed: 'named until now',
  none: 'as before',
}

function useLine({
  namespace,
  kind,
  server,
  name,
  calls,
  lastAt,
  agents,
  moreAgents,
  change,
}: ChangedUse) {
  const what = server === undefined ? inert(name) : `${inert(name)} at ${inert(server)}`
  const callers = agents.slice(0, 3).map(agent => inert(agent))
  const others = moreAgents || agents.length > callers.length ? ' and others' : ''
  const by = callers.length === 0 ? '' : `, by ${callers.join(', ')}${others}`
  return `- ${kind} ${what} in ${inert(namespace)}: ${callsText(calls)}, last on ${lastAt.slice(0, 10)}${by}; ${changes[change]}`
}

const whys: Readonly<Partial<Record<SilentWhy, string>>> = {
  never_called: 'nothing that it is about was called',
  other_callers: 'what it is about was called only by others',
  disabled: 'its entry is disabled',
  earlier_entry: 'another entry of the policy speaks first',
  earlier_rule: 'an earlier rule of its entry always holds',
}

function idleLine({ why, ...rule }: ChangeCoverage['idle'][number]): string {
  return `- ${ruleText(rule)}: ${whys[why] ?? 'no call fits'}`
}

function droppedLine({ calls, lastAt, ...rule }: ChangeCoverage['dropped'][number]): string {
  return `- ${ruleText(rule)}: ${callsText(calls)}, last on ${lastAt.slice(0, 10)}`
}

function ruleText({ namespace, policy, rule, kind, match }: NamedRule): string {
  return `${inert(`${policy} / ${rule}`)} about ${kind} ${inert(match)} in ${inert(namespace)}`
}

function personLine({ user, after, asked, answered, medianMs, p95Ms }: AskedMore): string {
  const waits =
    medianMs === undefined || p95Ms === undefined
      ? ''
      : `, half of them within ${lengthText(medianMs)}, 95 of 100 within ${lengthText(p95Ms)}`
  const was =
    asked === 0
      ? 'was asked nothing'
      : `answered ${number(answered)} of ${number(asked)} questions${waits}`
  return `- ${inert(user)} ${was}, and would be asked ${after.toFixed(after < 10 ? 1 : 0)} times a day`
}

function lengthText(ms: number): string {
  const minutes = ms / 60_000
  if (minutes < 1) return `${(ms / 1000).toFixed(0)} s`
  if (minutes < 120) return `${minutes.toFixed(0)} min`
  return minutes < 2880 ? `${(minutes / 60).toFixed(0)} h` : `${(minutes / 1440).toFixed(0)} days`
}

function callsText(calls: number): string {
  return calls === 1 ? '1 call' : `${number(calls)} calls`
}

function number(count: number): string {
  return count.toLocaleString('en')
}
