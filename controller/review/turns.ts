/** Work on one thing at a time: what comes meanwhile waits, on other things it does not. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>()

  /** Does the work when nobody else is at the thing; settles as it does. */
  alone<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#last.set(key, mine)
    return mine.finally(() => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    })
  }
}
