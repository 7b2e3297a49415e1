import { builtinRefusal } from '../../policy/decide/builtin.ts'
import { noTable } from '../../policy/decide/decide.ts'
import { Unknown } from '../../policy/decide/unknown.ts'
import { builtin } from '../../schemas/builtin-tool.ts'
import type { Decision } from '../../schemas/decision.ts'
import type { UnjudgedReason } from '../../schemas/replay.ts'
import { type Shown, shownOf } from './given.ts'
import { OpenCalls } from './open-calls.ts'
import { type Recorded, recordedOf } from './recorded.ts'
import { recordedFacts } from './recorded-facts.ts'
import { routeOf, shardOf, withoutArgs } from './route.ts'
import {
  countIn,
  noteIn,
  type SessionState,
  SessionStates,
  type Stretch,
} from './session-states.ts'
import type { Ask, Asked, Bill, BlockAnswer, ShardStart } from './shard-messages.ts'
import {
  addJudged,
  addUnjudged,
  askedBy,
  emptyTally,
  type ShardTally,
  type Told,
} from './shard-tally.ts'
import { type Side, sideOf } from './side.ts'
import { Stretches, wholeStretch } from './stretches.ts'
import { whatWasDecided } from './what-was-decided.ts'

/** Whether a line of an export is no entry: it proves others. */
function isStatement(block: Buffer, at: number): boolean {
  return block.subarray(at, at + statement.length).equals(statement)
}

const statement = Buffer.from('{"type":"writ.')

type Sides = ReadonlyMap<string, Side>

/** Judges the calls of the sessions that are its own, line by line in the order of time. */
export class Shard {
  readonly #start: ShardStart
  readonly #after: Sides
  readonly #before: Sides | null
  readonly #tally = emptyTally()
  readonly #stretches = new Stretches()
  readonly #sessions = new SessionStates()
  readonly #open = new OpenCalls()
  /** Requests for approval that were seen. */
  readonly #approvals = new Set<string>()
  #asks: Ask[] = []
  #bills: Bill[] = []
  #line = 0

  constructor(start: ShardStart) {
    this.#start = start
    this.#after = sidesOf(start.after)
    this.#before = start.before && sidesOf(start.before)
  }

  /** Takes the next block of whole lines. */
  take(block: Buffer): BlockAnswer {
    const first = this.#line
    let at = 0
    for (let end = block.indexOf(10); end >= 0; end = block.indexOf(10, at)) {
      this.#line++
      if (end > at && !isStatement(block, at)) this.#read(block.subarray(at, end))
      at = end + 1
    }
    const answer = { lines: this.#line - first, asks: this.#asks, bills: this.#bills }
    this.#asks = []
    this.#bills = []
    return answer
  }

  /** What was counted, and what the calls come to of which nobody knows how they ended. */
  end(): { readonly tally: ShardTally; readonly bills: readonly Bill[] } {
    const bills = this.#open.left(this.#line, this.#after)
    return { tally: this.#tally, bills }
  }

  #read(line: Buffer): void {
    const { shard, of, defaults } = this.#start
    const route = routeOf(line)
    if (route !== null) {
      const stretch = this.#stretches.note(route.proxy, route.seq, route.time)
      if (shardOf(route.session, of) !== shard) return
      const text = route.isOutcome ? withoutArgs(line) : line.toString()
      this.#take(recordedOf(text, defaults), stretch)
      return
    }
    const recorded = recordedOf(line.toString(), defaults)
    const stretch = recorded === null ? wholeStretch : this.#stretchOf(recorded)
    const name = Buffer.from(JSON.stringify(recorded?.entry.session ?? '').slice(1, -1))
    if (shardOf(name, of) === shard) this.#take(recorded, stretch)
  }

  #stretchOf({ entry, time, written }: Recorded): Stretch {
    if (written) return wholeStretch
    return this.#stretches.note(entry.proxy, entry.seq, () => time ?? 0)
  }

  #take(recorded: Recorded | null, stretch: Stretch): void {
    if (recorded === null) {
      this.#tally.calls++
      addUnjudged(this.#tally, 'malformed', this.#line, null)
      return
    }
    const state = this.#sessions.of(recorded, stretch)
    noteIn(state, recorded)
    if (recorded.phase === 'outcome') this.#ended(recorded)
    else if (!this.#isEarly(recorded)) this.#asked(recorded, state)
    countIn(state, recorded)
  }

  #isEarly({ time }: Recorded): boolean {
    const { since } = this.#start
    return since !== null && time !== null && time < since
  }

  #asked(recorded: Recorded, state: SessionState): void {
    const { namespace, approval } = recorded.entry
    const side = this.#after.get(namespace) ?? null
    const compared = this.#before?.get(namespace) ?? null
    if (side === null && compared === null && this.#start.onlyKnown) return
    const again = approval !== undefined && this.#approvals.has(approval)
    if (approval !== undefined) this.#remember(approval)
    const call = { recorded, state, shown: shownOf(recorded.entry) }
    const after = side === null ? new Unknown('no_table') : judge(side, call)
    const before = this.#beforeOf(call, compared)
    if (!again) this.#count(recorded, before, after)
    const judged = after instanceof Unknown || before instanceof Unknown ? null : after
    if (judged !== null) this.#noteAsk(recorded, before as Told, judged, side)
    this.#bills.push(...this.#open.begin(recorded, judged, again, this.#line, this.#after))
  }

  #count(recorded: Recorded, before: Told | Unknown, after: Decision | Unknown): void {
    const { time } = recorded
    this.#tally.calls++
    if (time !== null) {
      this.#tally.from = Math.min(this.#tally.from, time)
      this.#tally.to = Math.max(this.#tally.to, time)
    }
    const unknown = after instanceof Unknown ? after : before
    if (unknown instanceof Unknown) {
      addUnjudged(this.#tally, unknown.why as UnjudgedReason, this.#line, recorded)
    } else addJudged(this.#tally, unknown, after as Decision, this.#line, recorded)
  }

  #beforeOf(call: ReadCall, compared: Side | null): Told | Unknown {
    if (this.#before === null) return whatWasDecided(call.recorded)
    if (compared === null) return new Unknown('no_table')
    const decision = judge(compared, call)
    if (decision instanceof Unknown) return decision
    return { action: decision.action, asked: askedBy(decision) }
  }

  #noteAsk(recorded: Recorded, before: Told, after: Decision, side: Side | null): void {
    const { approval = null, namespace, user = '', agent = '' } = recorded.entry
    // Without a request on record nobody was asked, whatever the rules said.
    const wasAsked = before.asked.length > 0 && (this.#before !== null || approval !== null)
    const asks = askedBy(after)
    if (!wasAsked && asks.length === 0) return
    const owner = side?.agents.get(agent)?.user ?? user
    this.#asks.push({
      ...{ line: this.#line, approval, namespace },
      before: wasAsked ? askedOf(before.asked, user === '' ? owner : user) : null,
      after: asks.length > 0 ? askedOf(asks, owner) : null,
    })
  }

  #remember(approval: string): void {
    this.#approvals.add(approval)
    const [oldest] = this.#approvals
    if (this.#approvals.size > mostApprovals && oldest !== undefined) {
      this.#approvals.delete(oldest)
    }
  }

  #ended(recorded: Recorded): void {
    this.#bills.push(...this.#open.end(recorded, this.#line, this.#after))
  }
}

const mostApprovals = 100_000

function askedOf(workflows: readonly string[], user: string): Asked {
  return { workflows, user }
}

function sidesOf(tables: ShardStart['after']): Sides {
  return new Map(tables.map(([namespace, json]) => [namespace, sideOf(json)]))
}

/** A call on record, ready to be judged by any policies. */
interface ReadCall {
  readonly recorded: Recorded
  readonly state: SessionState
  readonly shown: Shown
}

function judge(side: Side, { recorded, state, shown }: ReadCall): Decision | Unknown {
  const shadowed = recordedFacts(side, recorded, state, shown)
  if (shadowed instanceof Unknown) return shadowed
  if (recorded.entry.server !== builtin) return side.judge.decide(shadowed)
  const refusal = builtinRefusal(side.table, shadowed.facts)
  if (shadowed.reader.met !== null) return shadowed.reader.met
  return refusal ?? { ...noTable, action: 'allow', reason: 'unmatched' }
}
