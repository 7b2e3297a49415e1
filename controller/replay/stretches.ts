import type { Stretch } from './session-states.ts'

const mostProxies = 65_536

interface Followed {
  stretch: Stretch
  lastSeq: number
}

/** Follows the numbers of every proxy, so that what is missing from a record is noticed. */
export class Stretches {
  readonly #followed = new Map<string, Followed>()

  /** The stretch that an entry is in; `time` is asked, ms since 1970, when a new one begins with it. */
  note(proxy: string, seq: number, time: () => number): Stretch {
    const known = this.#followed.get(proxy)
    if (known === undefined) return this.#begin(proxy, seq, time())
    const follows = seq === known.lastSeq + 1
    known.lastSeq = seq
    if (!follows) {
      known.stretch = { number: known.stretch.number + 1, whole: false, began: time() }
    }
    return known.stretch
  }

  #begin(proxy: string, seq: number, began: number): Stretch {
    const stretch = { number: 0, whole: seq === 1, began }
    const [oldest] = this.#followed.keys()
    if (this.#followed.size >= mostProxies && oldest !== undefined) this.#followed.delete(oldest)
    this.#followed.set(proxy, { stretch, lastSeq: seq })
    return stretch
  }
}

/** Of calls that were only written down all that there are. */
export const wholeStretch: Stretch = { number: 0, whole: true, began: 0 }
