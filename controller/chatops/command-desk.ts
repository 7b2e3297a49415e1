import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { waitAfter } from '../channels/delivery/pace.ts'
import type { ForgeEvent, ForgeEvents } from '../forge/forge-event.ts'
import type { CommentPlace } from './chat-commands.ts'
import type { ForgePlace } from './forge-places.ts'

export interface DeskNeeds {
  readonly events: Pick<ForgeEvents, 'subscribe'>
  readonly places: () => readonly ForgePlace[]
  /** Does what a comment asks for; settles when that is done, rejects when it has to be tried again. */
  readonly handle: (place: CommentPlace, signal: AbortSignal) => Promise<void>
  /** Comments that a process left behind. */
  readonly abandoned: () => Promise<readonly CommentPlace[]>
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
  readonly pace?: DeskPace
}

/** How fast and how often comments are looked at. */
export interface DeskPace {
  readonly inFlight: number
  readonly attempts: number
  /** Wait before the second try; it doubles each time. */
  readonly firstMs: number
  /** One comment is given up for now after this. */
  readonly timeoutMs: number
  /** How often what was left behind is looked for. */
  readonly lookMs: number
}

const usualPace: DeskPace = {
  ...{ inFlight: 8, attempts: 10, firstMs: 2000 },
  ...{ timeoutMs: 60_000, lookMs: 60_000 },
}

/** Comments that wait at the most: more is a flood, and what is dropped is found by the next look. */
const mostWaiting = 10_000

/** Takes comments as they are told of and has each handled until it is. */
export interface CommandDesk extends Service {
  /** Takes a comment to be looked at; false when too many wait. The same comment waits once. */
  take(place: CommentPlace): boolean
}

/** Several at once, each on its own: one that hangs or fails holds no other up. */
export function commandDesk(needs: DeskNeeds): CommandDesk {
  const work = new Work(needs)
  return {
    name: 'commands',
    take: place => work.take(place),
    async run(signal) {
      const stop = needs.events.subscribe(event => work.hear(event))
      await work.run(signal).finally(stop)
    },
  }
}

interface Waiting {
  readonly place: CommentPlace
  readonly tries: number
  /** Milliseconds since 1970. */
  readonly dueAt: number
}

class Work {
  readonly #needs: DeskNeeds
  readonly #pace: DeskPace
  readonly #waiting = new Map<string, Waiting>()
  readonly #underWay = new Map<string, Promise<void>>()
  #wake = Promise.withResolvers<void>()

  constructor(needs: DeskNeeds) {
    this.#needs = needs
    this.#pace = needs.pace ?? usualPace
  }

  hear({ kind, repository, commentId, deliveryId }: ForgeEvent): void {
    if (kind !== 'comment' || commentId === undefined) return
    const name = repository.toLowerCase()
    const places = this.#needs.places().filter(place => place.repository.toLowerCase() === name)
    for (const origin of new Set(places.map(place => place.origin))) {
      this.take({ origin, repository, commentId, deliveryId })
    }
  }

  take(place: CommentPlace): boolean {
    const key = keyOf(place)
    if (this.#waiting.has(key) || this.#underWay.has(key)) return true
    if (this.#waiting.size >= mostWaiting) {
      this.#needs.log.warn({ waiting: mostWaiting }, 'comment not looked at, too many wait')
      return false
    }
    this.#waiting.set(key, { place, tries: 0, dueAt: this.#needs.now() })
    this.#wake.resolve()
    return true
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true })
    const looking = this.#lookBehind(signal)
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers()
      this.#begin(signal)
      await this.#sleep()
    }
    await Promise.all([looking, ...this.#underWay.values()])
  }

  /** What was begun by a process that ended is taken up by the next. */
  async #lookBehind(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const left = await this.#needs.abandoned().catch(error => {
        this.#needs.log.warn({ err: error }, 'comments left behind not looked for')
        return []
      })
      for (const place of left) this.take(place)
      await wait(this.#pace.lookMs, signal)
    }
  }

  #begin(signal: AbortSignal): void {
    const now = this.#needs.now()
    for (const [key, one] of this.#waiting) {
      if (this.#underWay.size >= this.#pace.inFlight) return
      if (one.dueAt > now || this.#underWay.has(key)) continue
      this.#waiting.delete(key)
      const done = this.#handle(key, one, signal).finally(() => {
        this.#underWay.delete(key)
        this.#wake.resolve()
      })
      this.#underWay.set(key, done)
    }
  }

  async #handle(key: string, { place, tries }: Waiting, signal: AbortSignal): Promise<void> {
    const { log, now, handle } = this.#needs
    const { timeoutMs, attempts } = this.#pace
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      await handle(place, limit)
    } catch (error) {
      if (signal.aborted) return
      const isLast = tries + 1 >= attempts
      const said = isLast ? 'comment given up' : 'comment not looked at, to be tried again'
      log.warn({ err: error, repository: place.repository, comment: place.commentId }, said)
      if (isLast) return
      const dueAt = now() + waitAfter(tries + 1, this.#pace)
      this.#waiting.set(key, { place, tries: tries + 1, dueAt })
    }
  }

  /** Until something comes, ends, or is due again. */
  async #sleep(): Promise<void> {
    const { inFlight, lookMs } = this.#pace
    const room = this.#underWay.size < inFlight
    const due = [...this.#waiting.values()].map(({ dueAt }) => dueAt - this.#needs.now())
    const ms = room ? Math.min(lookMs, ...due) : lookMs
    const timer = setTimeout(() => this.#wake.resolve(), Math.max(1, ms))
    await this.#wake.promise
    clearTimeout(timer)
  }
}

function keyOf({ origin, commentId }: CommentPlace): string {
  return `${origin} ${commentId}`
}
