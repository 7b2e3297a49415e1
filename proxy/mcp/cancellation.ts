/**
 * Tells one listener at a time that nobody waits any more. A call has one of these where others would
 * have an AbortController, which costs more than judging the call.
 */
export class Cancellation {
  #aborted = false
  #listener: (() => void) | null = null

  get aborted(): boolean {
    return this.#aborted
  }

  /** Calls the listener when it is aborted, in place of an earlier listener; null calls nobody. */
  listen(listener: (() => void) | null): void {
    this.#listener = listener
  }

  abort(): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#listener?.()
  }
}
