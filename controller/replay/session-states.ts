import { notedFacts } from './noted-facts.ts'
import type { Recorded } from './recorded.ts'
import { ToolsTold } from './tools-told.ts'

/** What a session did so far, as conditions see it. */
export interface SessionState {
  toolCalls: number
  modelCalls: number
  spentMicroUsd: number
  /** Distinct names in the order of first use. */
  readonly toolsUsed: string[]
  /** What its entries say of these names; null until one of them does. */
  told: ToolsTold | null
  /** False when it may have done more than is on record. */
  known: boolean
  /** When it was last heard of, ms since 1970. */
  lastTime: number
  /** When it was put behind all others. */
  movedAt: number
  /** Which unbroken stretch of the record of its proxy it was last heard of in. */
  stretch: number
}

/** Entries of a proxy that follow each other without a gap. */
export interface Stretch {
  /** Counts the gaps before it. */
  readonly number: number
  /** Whether it begins with the first entry that the proxy ever wrote. */
  readonly whole: boolean
  /** Time of its first entry, ms since 1970. */
  readonly began: number
}

const mostSessions = 100_000
const mostTools = 256
/** A proxy forgets sessions that are idle for so long. */
const idleMs = 12 * 3_600_000
const moveMs = 600_000

/** What sessions did, rebuilt from their entries in the order of time. What cannot be rebuilt is known to be unknown. */
export class SessionStates {
  readonly #states = new Map<string, SessionState>()
  #forgottenAt = Number.NEGATIVE_INFINITY

  /** The session of an entry as it was before it. */
  of({ entry, time, written }: Recorded, stretch: Stretch): SessionState {
    const key = `${entry.proxy}\n${entry.session ?? ''}`
    const at = time ?? 0
    let state = this.#states.get(key)
    if (state === undefined || at - state.lastTime >= idleMs) {
      state = freshState(written || this.#isFresh(at, stretch), stretch)
    }
    if (state.stretch !== stretch.number)
      Object.assign(state, { known: false, stretch: stretch.number })
    // Those idle longest come first, as nearly as forgetting needs it.
    if (at - state.movedAt > moveMs) this.#moveToEnd(key, state, at)
    state.lastTime = at
    return state
  }

  #moveToEnd(key: string, state: SessionState, at: number): void {
    state.movedAt = at
    this.#states.delete(key)
    this.#states.set(key, state)
    this.#makeRoom()
  }

  /** A session is new when its proxy was heard for long enough and never spoke of it. */
  #isFresh(at: number, { whole, began }: Stretch): boolean {
    return at - this.#forgottenAt >= idleMs && (whole || at - began >= idleMs)
  }

  #makeRoom(): void {
    if (this.#states.size <= mostSessions) return
    const [[key, state] = ['', null]] = this.#states
    this.#states.delete(key)
    this.#forgottenAt = Math.max(this.#forgottenAt, state?.lastTime ?? 0)
  }
}

function freshState(known: boolean, { number }: Stretch): SessionState {
  const nothing = { toolCalls: 0, modelCalls: 0, spentMicroUsd: 0, lastTime: 0 }
  const movedAt = Number.NEGATIVE_INFINITY
  return { ...nothing, movedAt, toolsUsed: [], told: null, known, stretch: number }
}

/** Notes what an entry says that its session had done when its call was judged. */
export function noteIn(state: SessionState, { entry }: Recorded): void {
  const facts = entry.phase === 'attempt' ? notedFacts(entry) : null
  if (facts?.newTools === undefined) return
  // A session may begin anew under the same name.
  if (state.told?.startedAt !== facts.startedAt) state.told = new ToolsTold(facts.startedAt)
  state.told.take(facts)
}

/** Counts what an entry says that its session did, as its proxy counted it. */
export function countIn(state: SessionState, recorded: Recorded): void {
  const { entry, written } = recorded
  if (entry.phase === 'outcome') state.spentMicroUsd += costOf(entry.costMicroUsd)
  if (!(written || isCounted(recorded))) return
  if (entry.kind === 'model') state.modelCalls++
  if (entry.kind === 'tool') countTool(state, entry.tool ?? '')
}

function countTool(state: SessionState, tool: string): void {
  state.toolCalls++
  const { toolsUsed } = state
  if (toolsUsed.length < mostTools && !toolsUsed.includes(tool)) toolsUsed.push(tool)
}

const unpaid: ReadonlySet<string> = new Set([
  'budget_exceeded',
  'budget_unavailable',
  'price_unknown',
])

const made: ReadonlySet<string | undefined> = new Set([
  'succeeded',
  'failed',
  'cancelled',
  'unknown',
])

/** What is allowed counts once its attempt is written, what people release once it has been made. */
function isCounted({ entry }: Recorded): boolean {
  const { phase, kind, action, reason, server, status, endpoint = '' } = entry
  if (server === 'builtin' || endpoint.endsWith('/count_tokens')) return false
  if (phase === 'outcome') return action === 'require_approval' && made.has(status)
  if (kind === 'tool' && unpaid.has(reason)) return true
  // A model whose client has gone is not asked, and nothing was set aside for it.
  return action === 'allow' && (kind !== 'model' || entry.charges !== undefined)
}

function costOf(micro: unknown): number {
  return typeof micro === 'number' && Number.isSafeInteger(micro) ? micro : 0
}
