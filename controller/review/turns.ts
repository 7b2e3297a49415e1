/** Takes a thing from everybody else, in whatever process; settles once it is taken, with what gives it back. Rejects when the signal aborts before. */
export type Claim<Key> = (key: Key, signal: AbortSignal) => Promise<() => Promise<void>>

/** Work on one thing at a time: what comes meanwhile waits, on other things it does not. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>()
  readonly #claim: Claim<Key> | undefined

  /** Those of this process alone take turns unless a claim keeps others away. */
  constructor(claim?: Claim<Key>) {
    this.#claim = claim
  }

  /** Does the work when nobody else is at the thing; settles as it does. Who is told to stop waits for nobody. */
  alone<T>(key: Key, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = () => this.#claimed(key, work, signal)
    const mine = before.then(turn, turn)
    this.#last.set(key, mine)
    return mine.finally(() => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    })
  }

  async #claimed<T>(key: Key, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const giveBack = await this.#claim?.(key, signal)
    try {
      return await work()
    } finally {
      await giveBack?.()
    }
  }
}
