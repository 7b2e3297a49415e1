import type { Coverage, SilentRule, SilentWhy, Unruled, UnruledWhy } from '../schemas/coverage.ts'
import { columnsText } from './columns-text.ts'
import { printable, type Sink, type Terminal } from './terminal.ts'

/** Prints the report for people. */
export function printCoverage(report: Coverage, { out, err }: Terminal): void {
  for (const line of spanLines(report)) err.line(err.paint('dim', line))
  const { unruled, silent, approvals } = report
  section(out, 'Used without a rule that names it', unruled, unruled.items.map(unruledCells), [2])
  section(out, 'Rules that decided nothing', silent, silent.items.map(silentCells))
  const { workflows, people } = approvals
  const ofWorkflows = { count: workflows.length, items: workflows }
  section(out, 'Questions by workflow', ofWorkflows, workflows.map(workflowCells))
  const ofPeople = { count: people.length, items: people }
  section(out, 'Questions by person', ofPeople, people.map(personCells))
  if (!approvals.complete) err.line('only the newest questions are counted')
}

function spanLines({ since, until, namespaces, otherNamespaces }: Coverage): readonly string[] {
  return [
    `from ${day(since)} to ${day(until)}`,
    ...namespaces.map(({ namespace, recordedSince, observedSince, ...counts }) => {
      const { calls, uncountedNames, rules, firedRules } = counts
      const from = recordedSince === undefined ? 'no call is on record' : callsText(calls)
      return [
        `${printable(namespace)}: ${from}`,
        ...(recordedSince !== undefined && recordedSince > since
          ? [`counted since ${day(recordedSince)} only`]
          : []),
        `${count(firedRules)} of ${count(rules)} rules decided one`,
        ...(observedSince === undefined
          ? []
          : [`policies in observe mode since ${day(observedSince)}`]),
        ...(uncountedNames === 0 ? [] : [`${count(uncountedNames)} of too many names`]),
      ].join(', ')
    }),
    ...(otherNamespaces === 0
      ? []
      : [`${count(otherNamespaces)} other namespaces were not looked at: name one`]),
  ]
}

interface Listed {
  readonly count: number
  readonly items: readonly unknown[]
}

function section(
  out: Sink,
  title: string,
  { count: all, items }: Listed,
  cells: readonly (readonly string[])[],
  right: readonly number[] = [],
): void {
  out.line(out.paint('bold', `${title} (${count(all)})`))
  for (const line of columnsText(cells, right)) out.line(`  ${line}`)
  if (all > items.length) out.line(`  and ${count(all - items.length)} more`)
}

const unruledWords: Readonly<Record<UnruledWhy, string>> = {
  unnamed: 'no entry matches it',
  catch_all: 'only entries for everything match it',
  default_decided: 'a default decided it',
}

function unruledCells(item: Unruled): readonly string[] {
  const { namespace, kind, server, name, why, calls, defaultCalls, lastAt, agents } = item
  const [most] = item.decisions
  const some = why === 'default_decided' ? `${count(defaultCalls)} of ` : ''
  return [
    most?.action ?? '',
    printable(`${namespace} ${kind} ${server === undefined ? name : `${server}/${name}`}`).slice(
      0,
      100,
    ),
    `${some}${callsText(calls)}`,
    `last ${lastAt.slice(0, 16)}Z`,
    printable(`by ${agents.join(', ') || 'nobody known'}${item.moreAgents ? ' and more' : ''}`),
    unruledWords[why],
  ]
}

const silentWords: Readonly<Record<SilentWhy, string>> = {
  never_called: 'nothing that it is about was called',
  other_callers: 'only others called what it is about',
  disabled: 'its entry is disabled',
  earlier_entry: 'an earlier entry speaks',
  earlier_rule: 'an earlier rule came first',
  outweighed: 'something stricter decided',
  condition_false: 'its condition never held',
  condition_error: 'its condition could not be evaluated',
}

function silentCells(item: SilentRule): readonly string[] {
  const { namespace, policy, rule, action, mode, kind, match, since, why, calls, by, at } = item
  const instead = by === undefined ? '' : `: ${by}`
  return [
    printable(`${namespace} ${policy} / ${rule}${mode === 'observe' ? ' (observe)' : ''}`),
    `${action} ${kind} ${printable(match)}`,
    `since ${day(since)}`,
    printable(`${silentWords[why]}${instead}${calls === 0 ? '' : `, ${callsText(calls)}`}`),
    at === undefined ? '' : printable(`${at.file}:${at.line}:${at.column}`),
  ]
}

function workflowCells(load: Coverage['approvals']['workflows'][number]): readonly string[] {
  const { namespace, workflow, asked, approved, denied, expired, unanswered, pending } = load
  return [
    printable(`${namespace} ${workflow || '(owners)'}`),
    `${count(asked)} asked`,
    `${count(approved)} approved`,
    `${count(denied)} denied`,
    `${count(expired)} expired, ${count(unanswered)} without an answer`,
    `${count(pending)} open`,
    waitText(load),
  ]
}

function personCells(load: Coverage['approvals']['people'][number]): readonly string[] {
  const { namespace, user, asked, answered, unanswered, workflows } = load
  return [
    printable(`${namespace} ${user}`),
    `${count(asked)} asked`,
    answered === 0 ? 'never answered' : `${count(answered)} answered`,
    `${count(unanswered)} left to expire`,
    waitText(load),
    printable(workflows.map(name => name || '(owners)').join(', ')),
  ]
}

function waitText({ medianMs, p95Ms }: { readonly medianMs?: number; readonly p95Ms?: number }) {
  if (medianMs === undefined || p95Ms === undefined) return ''
  return `median ${length(medianMs)}, p95 ${length(p95Ms)}`
}

/** A length of time in the largest unit of which it has at least one. */
function length(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${(ms / size).toFixed(unit === 'ms' ? 0 : 1)}${unit}`
}

function day(instant: string): string {
  return instant.slice(0, 10)
}

function callsText(calls: number): string {
  return calls === 1 ? '1 call' : `${count(calls)} calls`
}

function count(number: number): string {
  return number.toLocaleString('en')
}
