import type {
  HaltStatus,
  NamespaceStatus,
  ProxyStatus,
  Status,
} from '../controller/status/status.ts'
import type { Override } from '../schemas/override.ts'
import type { Problem } from '../schemas/problem.ts'
import { haltedText, progressText } from './halt-text.ts'
import { overrideText } from './override-text.ts'
import { many, problemCounts, problemText } from './problem-text.ts'
import { printable, type Sink, type Style } from './terminal.ts'

/**
 * The status as people read it: the worst first, then what is in force, where, and what is recorded.
 * `lineOf` gives the line that a problem speaks of, when it is at hand.
 */
export function statusText(
  status: Status,
  lineOf: (problem: Problem) => string | undefined,
  sink: Sink,
): string {
  const { problems, namespaces, proxies, ledger, store, version } = status
  return [
    ...problems.list.map(problem => problemText(problem, lineOf(problem), sink)),
    ...(problems.list.length === 0 ? [] : ['']),
    row('policies', sourceText(status, sink)),
    ...controllerRows(status),
    ...namespaces.map(namespace => row('in force', namespaceText(namespace, sink))),
    ...status.halts.map(halt => row('halted', haltStatusText(halt, sink))),
    ...status.overrides.map(override => row('override', standingText(override, sink))),
    ...proxies.flatMap(proxy => proxyRows(proxy, sink)),
    row('records', `${recordsText(ledger)} (${store} store)`),
    ...checkpointRows(status, sink),
    row('version', version),
  ].join('\n')
}

function row(name: string, text: string): string {
  return `${name.padEnd(10)}${text}`
}

const states: Readonly<Record<Status['source']['state'], readonly [Style, string]>> = {
  starting: ['yellow', 'not looked at yet'],
  in_force: ['green', 'in force'],
  broken: ['red', 'not in force: the last good version stands'],
  unreadable: ['red', 'cannot be read: the last good version stands'],
}

function sourceText({ source, problems }: Status, sink: Sink): string {
  const [style, words] = states[source.state]
  const commit = source.commit === undefined ? '' : ` at ${source.commit.slice(0, 12)}`
  const files = source.files === undefined ? '' : `, ${many(source.files, 'file')}`
  const counts = problems.list.length === 0 ? '' : `, ${problemCounts(problems.list)}`
  const why = source.failure === undefined ? '' : `: ${printable(source.failure.message)}`
  return `${printable(source.path)}${commit} ${sink.paint(style, words)}${files}${counts}${why}`
}

/** Only where several controllers may share a store. */
function controllerRows({ controllers }: Status): string[] {
  if (controllers === undefined) return []
  const { leader, names } = controllers
  const others = names.map(printable).join(', ')
  return [
    row('leader', leader === null ? `none, of ${others}` : `${printable(leader)}, of ${others}`),
  ]
}

function namespaceText(namespace: NamespaceStatus, sink: Sink): string {
  const { digest, enforcedBy, connected, commit, publishedAt } = namespace
  const from = commit === undefined ? '' : `, commit ${commit.slice(0, 12)}`
  const style = enforcedBy === connected && connected > 0 ? 'green' : 'yellow'
  const enforced = sink.paint(style, `enforced by ${enforcedBy} of ${many(connected, 'proxy')}`)
  const when = sink.paint('dim', `since ${publishedAt}`)
  return `${namespace.namespace} ${digest.slice(0, 19)} ${enforced}${from} ${when}`
}

function standingText(override: Override, sink: Sink): string {
  const [what = '', until = '', by = '', why = ''] = overrideText(override).map(printable)
  const words = `${what} until ${until}, by ${by}: ${why}`
  return `${override.id} ${sink.paint('yellow', words)}`
}

function haltStatusText(halt: HaltStatus, sink: Sink): string {
  const { id, since, by, reason, progress } = halt
  const words = `${haltedText(halt)} since ${since}, by ${by}: ${reason}`
  return `${id} ${sink.paint('red', printable(words))}; ${progressText(progress)}`
}

function proxyRows(proxy: ProxyStatus, sink: Sink): string[] {
  const { id, connected, current, rejected, upstreams, journal, seenAt } = proxy
  const state = connected
    ? sink.paint(current ? 'green' : 'yellow', current ? 'current' : 'behind')
    : sink.paint('red', `not heard of since ${seenAt}`)
  const waiting = journal.lag === 0 ? '' : `, ${many(journal.lag, 'record')} waiting there`
  return [
    row('proxy', `${printable(id)} ${state}${waiting}`),
    ...rejected.map(({ namespace, error }) =>
      row('', sink.paint('red', `refused the table of ${namespace}: ${printable(error)}`)),
    ),
    ...upstreams.map(({ name, state, error }) => {
      const style = state === 'connected' ? 'green' : state === 'failed' ? 'red' : 'yellow'
      const why = error === undefined ? '' : `: ${printable(error)}`
      return row('  server', `${printable(name)} ${sink.paint(style, state)}${why}`)
    }),
  ]
}

/** Only what needs somebody: checkpoints that are not published although they are to be. */
function checkpointRows({ checkpoints: { newest, copies } }: Status, sink: Sink): string[] {
  if (copies === null) return []
  const { place, number, failure } = copies
  const behind = (newest?.number ?? 0) - number
  const state = failure === null ? '' : `, ${sink.paint('red', printable(failure))}`
  return [row('published', `checkpoint ${number} in ${printable(place)}, ${behind} behind${state}`)]
}

function recordsText({ records, missing, flaws = [], deleted = 0 }: Status['ledger']): string {
  const lost = missing === 0 ? 'no gap' : `${many(missing, 'entry')} missing`
  const gone = deleted === 0 ? '' : `, ${deleted.toLocaleString('en')} kept no longer`
  const broken = flaws.map(({ code, count }) => `, ${code} ${count} times`).join('')
  return `${records.toLocaleString('en')}, ${lost}${gone}${broken}`
}
