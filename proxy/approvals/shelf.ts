/** Things of known size, no more of them than fit: the oldest make room. */
export class Shelf<Thing> {
  readonly #mostBytes: number
  readonly #drop: (thing: Thing) => void
  readonly #sizes = new Map<Thing, number>()
  #bytes = 0

  /** `drop` is called for what has to make room. */
  constructor(mostBytes: number, drop: (thing: Thing) => void) {
    this.#mostBytes = mostBytes
    this.#drop = drop
  }

  put(thing: Thing, bytes: number): void {
    this.take(thing)
    this.#sizes.set(thing, bytes)
    this.#bytes += bytes
    for (const oldest of this.#sizes.keys()) {
      if (this.#bytes <= this.#mostBytes) return
      this.take(oldest)
      this.#drop(oldest)
    }
  }

  take(thing: Thing): void {
    this.#bytes -= this.#sizes.get(thing) ?? 0
    this.#sizes.delete(thing)
  }
}
