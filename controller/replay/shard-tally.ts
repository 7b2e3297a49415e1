import { strictness } from '../../schemas/action.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { ReplayChange, ReplayExample, UnjudgedReason } from '../../schemas/replay.ts'
import type { Recorded } from './recorded.ts'

/** An example and where it stood among the lines. */
export type PlacedExample = readonly [line: number, example: ReplayExample]

/** What was counted of one kind, with the first of them. */
export interface Counted {
  count: number
  readonly examples: PlacedExample[]
}

export interface CountedChange extends Counted {
  readonly change: Omit<ReplayChange, 'count' | 'agents' | 'examples'>
  readonly agents: string[]
}

/** What one thread counted; two of them can be added up. */
export interface ShardTally {
  calls: number
  from: number
  to: number
  changedCalls: number
  readonly unjudged: Map<UnjudgedReason, Counted>
  readonly changed: Map<string, CountedChange>
}

const mostExamples = 3
const mostAgents = 5
/** Agents choose the names of tools, and each may be a change of its own. */
const mostChanges = 5000
const longestArgs = 512

export function emptyTally(): ShardTally {
  const [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return { calls: 0, from, to, changedCalls: 0, unjudged: new Map(), changed: new Map() }
}

/** Counts a call that cannot be judged. */
export function addUnjudged(
  { unjudged }: ShardTally,
  reason: UnjudgedReason,
  line: number,
  recorded: Recorded | null,
): void {
  const counted = unjudged.get(reason) ?? { count: 0, examples: [] }
  unjudged.set(reason, counted)
  counted.count++
  if (recorded !== null && counted.examples.length < mostExamples) {
    counted.examples.push([line, exampleOf(recorded)])
  }
}

/** How a call was decided: the parts that a change is told by. */
export type Told = Pick<Decision, 'action'> & { readonly asked: readonly string[] }

/** Counts a call that would be decided otherwise; others are let pass. */
export function addJudged(
  tally: ShardTally,
  before: Told,
  after: Decision,
  line: number,
  recorded: Recorded,
): void {
  const asks = askedBy(after)
  if (before.action === after.action && before.asked.join('\n') === asks.join('\n')) return
  tally.changedCalls++
  const change = changeOf(recorded.entry, before, after, asks)
  const key = JSON.stringify(change)
  const known = tally.changed.get(key)
  if (known === undefined && tally.changed.size >= mostChanges) return
  const counted = known ?? { change, count: 0, agents: [], examples: [] }
  tally.changed.set(key, counted)
  counted.count++
  const { agent } = recorded.entry
  addAgents(counted.agents, agent === undefined ? [] : [agent])
  if (counted.examples.length < mostExamples) counted.examples.push([line, exampleOf(recorded)])
}

/** The workflows that a decision asks, sorted; an empty name is that of the owners. */
export function askedBy(decision: Pick<Decision, 'action'> & { workflows?: readonly string[] }) {
  if (decision.action !== 'require_approval') return []
  const { workflows = [] } = decision
  return workflows.length === 0 ? [''] : [...workflows].sort()
}

function changeOf(
  entry: Recorded['entry'],
  before: Told,
  after: Decision,
  asks: readonly string[],
): CountedChange['change'] {
  const { namespace, kind, tool, model, uri, prompt, server, provider } = entry
  const { action, reason, policy, rule, at } = after
  const place = kind === 'model' ? provider : server
  return {
    ...{ namespace, from: before.action, to: action, kind },
    name: tool ?? model ?? uri ?? prompt ?? '',
    ...(place !== undefined && { server: place }),
    reason,
    ...(policy !== undefined && { policy }),
    ...(rule !== undefined && { rule }),
    ...(at !== undefined && { at }),
    ...(before.asked.length > 0 && { asked: before.asked }),
    ...(asks.length > 0 && { asks }),
  }
}

function exampleOf({ entry, time, written }: Recorded): ReplayExample {
  const { proxy, seq, agent, session, args } = entry
  return {
    ...(!written && { proxy }),
    ...(seq > 0 && { seq }),
    ...(time !== null && { time: new Date(time).toISOString() }),
    ...(agent !== undefined && { agent }),
    ...(session !== undefined && { session }),
    ...(args !== undefined && { args: shortened(shownText(args)) }),
  }
}

/** What is hidden of arguments is said to be. */
function shownText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${Object.keys(value).map(key => shownAt(value, key))}]`
  const members = Object.keys(value).map(key => `${JSON.stringify(key)}:${shownAt(value, key)}`)
  return `{${members}}`
}

function shownAt(holder: object, key: string): string {
  const { get, value } = Object.getOwnPropertyDescriptor(holder, key) ?? {}
  return get === undefined ? shownText(value) : '"[redacted]"'
}

function shortened(text: string): string {
  return text.length <= longestArgs ? text : `${text.slice(0, longestArgs - 1)}…`.toWellFormed()
}

function addAgents(to: string[], names: readonly string[]): void {
  for (const name of names) if (to.length < mostAgents && !to.includes(name)) to.push(name)
}

/** Adds the counts of one thread to those of another. */
export function addTally(sum: ShardTally, part: ShardTally): void {
  sum.calls += part.calls
  sum.changedCalls += part.changedCalls
  sum.from = Math.min(sum.from, part.from)
  sum.to = Math.max(sum.to, part.to)
  for (const [reason, counted] of part.unjudged) {
    const known = sum.unjudged.get(reason)
    sum.unjudged.set(reason, known === undefined ? counted : added(known, counted))
  }
  for (const [key, counted] of part.changed) {
    const known = sum.changed.get(key)
    if (known !== undefined) addAgents(known.agents, counted.agents)
    sum.changed.set(key, known === undefined ? counted : { ...known, ...added(known, counted) })
  }
}

function added(a: Counted, b: Counted): Counted {
  const examples = [...a.examples, ...b.examples].sort(([x], [y]) => x - y)
  return { count: a.count + b.count, examples: examples.slice(0, mostExamples) }
}

/** What is loosened first, then most frequent first. */
export function inOrder(changed: Iterable<CountedChange>): readonly CountedChange[] {
  const weight = ({ change }: CountedChange) => strictness(change.to) - strictness(change.from)
  return [...changed].sort(
    (a, b) =>
      weight(a) - weight(b) ||
      b.count - a.count ||
      (a.examples[0]?.[0] ?? 0) - (b.examples[0]?.[0] ?? 0),
  )
}
