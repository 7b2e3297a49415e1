const mostInFlight = 4096
const mostPerKey = 512

/** Counts what is under way, streams included; no key may take the room of the others. */
export class Crowd {
  readonly #most: number
  readonly #mostPerKey: number
  #inFlight = 0
  readonly #byKey = new Map<string, number>()

  constructor(most = mostInFlight, ofOneKey = mostPerKey) {
    this.#most = most
    this.#mostPerKey = ofOneKey
  }

  /** False when there is no room; else `leave` must be called once. */
  enter(key: string): boolean {
    const mine = this.#byKey.get(key) ?? 0
    if (this.#inFlight >= this.#most || mine >= this.#mostPerKey) return false
    this.#inFlight++
    this.#byKey.set(key, mine + 1)
    return true
  }

  leave(key: string): void {
    this.#inFlight--
    const left = (this.#byKey.get(key) ?? 1) - 1
    if (left === 0) this.#byKey.delete(key)
    else this.#byKey.set(key, left)
  }
}
