import type { Directory } from '../../schemas/directory.ts'
import type { Replay, ReplayChange } from '../../schemas/replay.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { BackTest } from './back-test.ts'
import { type Block, blocksOf } from './lines.ts'
import { LoadBook } from './load-book.ts'
import type { Defaults } from './recorded.ts'
import type { ShardAnswer } from './shard-messages.ts'
import {
  addTally,
  addUnjudged,
  type Counted,
  emptyTally,
  inOrder,
  type PlacedExample,
  type ShardTally,
} from './shard-tally.ts'
import { Threads } from './threads.ts'

/** Policies as they are compiled. */
export interface Policies {
  /** Canonical JSON of the rule table of each namespace. */
  readonly tables: ReadonlyMap<string, string>
  readonly directories: readonly Directory[]
}

export interface ReplayQuestion {
  /** Entries as JSON, or calls with `session`, `tool` and `args`, one a line, oldest first. */
  readonly lines: AsyncIterable<Uint8Array | string>
  readonly after: Policies
  /** What they are compared with; null for what was decided at the time. */
  readonly before: Policies | null
  /** Calls before this instant, ms since 1970, only say what their sessions did. */
  readonly since?: number
  /** Whether calls in namespaces without tables are let pass instead of counted. */
  readonly onlyKnown?: boolean
  /** What calls that were only written down do not say. */
  readonly defaults?: Defaults
}

export interface ReplayNeeds {
  readonly signal: AbortSignal
  /** Told how many lines have been read. */
  readonly onProgress?: (lines: number) => void
}

const threads = 2
const mostChanges = 1000

/**
 * What recorded calls would come to under other policies. Reads the lines once, in constant memory, with two threads.
 * Rejects when the lines cannot be read, a table is malformed, or the signal is aborted.
 */
export async function replay(question: ReplayQuestion, needs: ReplayNeeds): Promise<Replay> {
  const { after, before, since = null, onlyKnown = false } = question
  const { defaults = { namespace: 'default' } } = question
  const pool = new Threads(
    { after: [...after.tables], before: before && [...before.tables], since, onlyKnown, defaults },
    threads,
  )
  const sum = new Sum(question)
  try {
    let lines = 0
    let answering: Promise<readonly ShardAnswer[]> = Promise.resolve([])
    // The next block is read while the threads are busy with this one.
    for await (const block of blocksOf(question.lines)) {
      lines += sum.take(await answering)
      needs.onProgress?.(lines)
      answering = asked(pool, block, sum, needs)
    }
    lines += sum.take(await answering)
    needs.onProgress?.(lines)
    sum.take(await pool.ask('end', needs.signal))
    return sum.replay()
  } finally {
    await pool.close()
  }
}

function asked(
  pool: Threads,
  { bytes, tooLong }: Block,
  sum: Sum,
  { signal }: ReplayNeeds,
): Promise<readonly ShardAnswer[]> {
  sum.skipped(tooLong)
  const answering = pool.ask(bytes, signal)
  // Should reading the next block fail first, nobody listens.
  answering.catch(() => undefined)
  return answering
}

/** What the threads found, put together in the order of the lines. */
class Sum {
  readonly #tally: ShardTally = emptyTally()
  readonly #load: LoadBook
  readonly #backTest: BackTest

  constructor({ after, before }: ReplayQuestion) {
    this.#load = new LoadBook(directoriesOf(before ?? after), directoriesOf(after))
    this.#backTest = new BackTest(budgetsOf(after))
  }

  /** Takes what every thread made of a block, and returns how many lines it had. */
  take(answers: readonly ShardAnswer[]): number {
    const parts = answers.map(answer => (answer.kind === 'block' ? answer.answer : atEnd(answer)))
    for (const answer of answers) if (answer.kind === 'end') addTally(this.#tally, answer.tally)
    for (const ask of inLines(parts.map(({ asks }) => asks))) this.#load.take(ask)
    for (const bill of inLines(parts.map(({ bills }) => bills))) this.#backTest.take(bill)
    return parts[0]?.lines ?? 0
  }

  skipped(tooLong: number): void {
    for (let i = 0; i < tooLong; i++) {
      this.#tally.calls++
      addUnjudged(this.#tally, 'malformed', 0, null)
    }
  }

  replay(): Replay {
    const { calls, from, to, changedCalls, unjudged, changed } = this.#tally
    const timed = from <= to
    const reasons = [...unjudged].map(([reason, counted]) => ({ reason, ...shown(counted) }))
    return {
      ...(timed && { from: new Date(from).toISOString(), to: new Date(to).toISOString() }),
      calls,
      unjudged: {
        count: reasons.reduce((sum, { count }) => sum + count, 0),
        reasons: reasons.sort((a, b) => b.count - a.count),
      },
      changedCalls,
      changed: inOrder(changed.values())
        .slice(0, mostChanges)
        .map(({ change, agents, ...counted }): ReplayChange => {
          return { ...change, agents, ...shown(counted) }
        }),
      approvals: this.#load.loads(timed ? to - from : 0),
      budgets: this.#backTest.budgets(),
      money: this.#backTest.money(from),
    }
  }
}

function atEnd({ bills }: Extract<ShardAnswer, { kind: 'end' }>) {
  return { lines: 0, asks: [], bills }
}

/** One list in the order of the lines. */
function inLines<T extends { readonly line: number }>(
  lists: readonly (readonly T[])[],
): readonly T[] {
  return lists.flat().sort((a, b) => a.line - b.line)
}

function shown({ count, examples }: Counted) {
  return { count, examples: examples.map(([, example]: PlacedExample) => example) }
}

function directoriesOf({ directories }: Policies) {
  return new Map(directories.map(directory => [directory.namespace, directory]))
}

function budgetsOf({ tables }: Policies) {
  return [...tables].flatMap(([namespace, json]) => {
    const { budgets }: RuleTable = JSON.parse(json)
    return budgets.map(budget => [namespace, budget] as const)
  })
}
