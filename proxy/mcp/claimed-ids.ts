import type { Id } from './rpc.ts'

/** Remembers the newest ids that were claimed, so many of them and no more. */
export class ClaimedIds {
  readonly #most: number
  readonly #known = new Set<Id>()
  /** The ids in the order of their claims; the oldest at `#oldest` once it is full. */
  readonly #order: Id[] = []
  #oldest = 0

  constructor(most: number) {
    this.#most = most
  }

  /** False when the id is remembered already. */
  claim(id: Id): boolean {
    if (this.#known.has(id)) return false
    this.#known.add(id)
    const oldest = this.#order[this.#oldest]
    if (this.#order.length < this.#most || oldest === undefined) {
      this.#order.push(id)
      return true
    }
    this.#known.delete(oldest)
    this.#order[this.#oldest] = id
    this.#oldest = (this.#oldest + 1) % this.#most
    return true
  }
}
