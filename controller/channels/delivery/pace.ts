import { backoff } from '../../../lifecycle/backoff.ts'

/** How fast and how often is tried. */
export interface Pace {
  /** Notices under way at once. */
  readonly inFlight: number
  /** Of those, for one channel. */
  readonly perChannel: number
  /** A try is given up after this. */
  readonly timeoutMs: number
  /** Tries for one notice. */
  readonly attempts: number
  /** Wait before the second try; it doubles each time. */
  readonly firstMs: number
}

/** Eight tries over about an hour. */
export const usualPace: Pace = {
  inFlight: 32,
  perChannel: 4,
  timeoutMs: 15_000,
  attempts: 8,
  firstMs: 30_000,
}

const mostWaitMs = 3_600_000

/** Milliseconds to wait after so many tries in vain. */
export function waitAfter(
  attempts: number,
  { firstMs }: Pick<Pace, 'firstMs'>,
  random = Math.random,
): number {
  const waits = backoff(firstMs, mostWaitMs, random)
  for (let i = 1; i < attempts; i++) waits.next()
  return waits.next()
}

/** Which channels have room: one that failed last is tried one notice at a time, so that it holds nobody else up. */
export class Traffic {
  readonly #pace: Pace
  readonly #underWay = new Map<string, number>()
  readonly #failing = new Set<string>()

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Notices that may begin now. */
  free(): number {
    let taken = 0
    for (const count of this.#underWay.values()) taken += count
    return this.#pace.inFlight - taken
  }

  /** Notices for the channel that may begin now. */
  room(place: string): number {
    const most = this.#failing.has(place) ? 1 : this.#pace.perChannel
    return Math.max(0, most - (this.#underWay.get(place) ?? 0))
  }

  /** Channels without room. */
  full(): readonly string[] {
    return [...this.#underWay.keys()].filter(place => this.room(place) === 0)
  }

  begin(place: string): void {
    this.#underWay.set(place, (this.#underWay.get(place) ?? 0) + 1)
  }

  /** One that began is over; null when nothing was tried. */
  end(place: string, well: boolean | null): void {
    const left = (this.#underWay.get(place) ?? 1) - 1
    if (left === 0) this.#underWay.delete(place)
    else this.#underWay.set(place, left)
    if (well === true) this.#failing.delete(place)
    if (well === false) this.#failing.add(place)
  }
}
