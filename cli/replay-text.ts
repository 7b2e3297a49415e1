import type {
  Replay,
  ReplayBudget,
  ReplayChange,
  ReplayExample,
  ReplayMoney,
  UnjudgedReason,
} from '../schemas/replay.ts'
import { amountText, usdText } from './amount-text.ts'
import { columnsText } from './columns-text.ts'
import { printable, type Sink } from './terminal.ts'

const mostChanges = 20
const mostWindows = 5
const mostPeople = 20
const longestArgs = 100

/** What recorded calls would come to, as people read it: one line each. */
export function replayText(replay: Replay, sink: Sink): readonly string[] {
  return [
    ...summary(replay),
    ...section(sink, 'decided otherwise', changes(replay, sink)),
    ...section(sink, 'not judged', unjudged(replay)),
    ...section(sink, questionsTitle(replay), questions(replay)),
    ...section(sink, 'budgets', budgets(replay)),
  ]
}

function summary({ calls, from, to, changedCalls, unjudged }: Replay): readonly string[] {
  const when = from === undefined || to === undefined ? '' : ` from ${from} to ${to}`
  const same = calls - changedCalls - unjudged.count
  return [
    `${many(calls, 'call')}${when}: ${number(same)} decided as before, ${number(changedCalls)} otherwise, ${number(unjudged.count)} cannot be judged`,
  ]
}

function section(sink: Sink, title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', sink.paint('bold', title), ...lines]
}

function changes({ changed }: Replay, sink: Sink): readonly string[] {
  const shown = changed.slice(0, mostChanges)
  const more = changed.length - shown.length
  return [
    ...shown.flatMap(change => changeLines(change, sink)),
    ...(more > 0 ? [`  and ${number(more)} more kinds; -o json has them all`] : []),
  ]
}

function changeLines(change: ReplayChange, sink: Sink): readonly string[] {
  const { count, name, server, from, to, asked, asks, examples } = change
  const target = server === undefined ? name : `${name} on ${server}`
  const way = `${answer(from, asked)} -> ${answer(to, asks)}`
  const [first] = examples
  return [
    `  ${number(count).padStart(6)}  ${printable(`${target}: ${way}`)}  ${sink.paint('dim', printable(because(change)))}`,
    ...(first === undefined
      ? []
      : [sink.paint('dim', `          ${printable(exampleText(first))}`)]),
  ]
}

function answer(action: string, asked: readonly string[] = []): string {
  const whom = asked.map(name => (name === '' ? 'the owners' : name))
  return whom.length === 0 ? action : `${action} (${whom.join(', ')})`
}

function because({ reason, policy, rule, at }: ReplayChange): string {
  const by = [policy, rule].filter(name => name !== undefined).join('/')
  const place = at === undefined ? '' : ` ${at.file}:${at.line}:${at.column}`
  return `${reason === 'rule' ? by : [reason, by].filter(word => word !== '').join(' ')}${place}`
}

function exampleText({ proxy, seq, time, agent, session, args = '' }: ReplayExample): string {
  const number = seq === undefined ? '' : `${proxy ?? session ?? ''}:${seq}`
  const shown = args.length > longestArgs ? `${args.slice(0, longestArgs)}…` : args
  return [number, time, agent, shown].filter(Boolean).join('  ')
}

const reasons: Readonly<Record<UnjudgedReason, string>> = {
  redacted: 'the decision hangs on what the record does not show',
  not_recorded: 'the decision hangs on a fact that records do not hold',
  session_unknown: 'the decision hangs on what a session did before the record begins',
  agent_unknown: 'the decision hangs on an agent that these policies do not know',
  not_offered: 'what was called is offered by nobody, or by somebody else',
  no_table: 'there are no policies for its namespace',
  undecided: 'nobody wrote down what was decided: compare with other policies by --from',
  malformed: 'the line is no record',
}

function unjudged({ unjudged }: Replay): readonly string[] {
  return unjudged.reasons.map(
    ({ reason, count }) => `  ${number(count).padStart(6)}  ${reasons[reason]} (${reason})`,
  )
}

function questionsTitle({ approvals: [first], from }: Replay): string {
  const days = first?.days ?? 1
  if (from === undefined) return 'questions to people, in all'
  return `questions to people a day, over ${days === 1 ? 'a day' : `${days} days`}`
}

function questions({ approvals, from }: Replay): readonly string[] {
  const rows = approvals
    .slice(0, mostPeople)
    .map(({ user, before, after, askedBefore, askedAfter }) => {
      const inAll = `${number(askedBefore)} -> ${number(askedAfter)}`
      const row = [`  ${printable(user)}`, `${before} -> ${after}`, `(${inAll} in all)`]
      return from === undefined ? [...row.slice(0, 1), inAll] : row
    })
  return columnsText(rows)
}

function budgets({ budgets, money }: Replay): readonly string[] {
  return budgets.flatMap(budget => {
    const mine = money.filter(
      row => row.budget === budget.budget && row.namespace === budget.namespace,
    )
    return [budgetLine(budget), ...mine.slice(0, mostWindows).map(windowLine)]
  })
}

function budgetLine(tested: ReplayBudget): string {
  const { namespace, budget, unit, limit, windows, stopped, spent, untested } = tested
  const { refusedCalls, unservedMicroUsd, onExceeded } = tested
  const what = onExceeded === 'deny' ? 'refused' : 'held for approval'
  const stops =
    stopped === 0
      ? 'would not have stopped'
      : `would have stopped in ${number(stopped)} of ${number(windows)} windows: ${many(refusedCalls, 'call')} ${what}${unserved(unservedMicroUsd)}`
  const unknown = untested === 0 ? '' : `; ${many(untested, 'call')} of unknown amount`
  return `  ${printable(`${namespace}/${budget}`)}: limit ${amountText(unit, limit)}, charged ${amountText(unit, spent)}, ${stops}${unknown}`
}

function windowLine(row: ReplayMoney): string {
  const { counter, window, unit, spent, wouldStopAt, refusedCalls, unservedMicroUsd } = row
  const whose = [counter, window].filter(Boolean).join(' ') || 'in all'
  const since = wouldStopAt === undefined ? '' : ` from ${wouldStopAt} on`
  const partial = row.partial ? ', begun before the record' : ''
  return `    ${printable(whose)}: charged ${amountText(unit, spent)}, then ${many(refusedCalls, 'call')} not${since}${unserved(unservedMicroUsd)}${partial}`
}

/** What the calls cost that were not served. */
function unserved(microUsd: number): string {
  return microUsd === 0 ? '' : `, ${usdText(microUsd)} unserved`
}

function many(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`
}

function number(value: number): string {
  return value.toLocaleString('en')
}
