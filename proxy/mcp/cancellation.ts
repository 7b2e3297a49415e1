import type { HaltNotice } from '../../schemas/halt.ts'

/**
 * Tells one listener at a time that nobody waits any more. A call has one of these where others would
 * have an AbortController, which costs more than judging the call.
 */
export class Cancellation {
  #aborted = false
  #listener: (() => void) | null = null
  #halt: HaltNotice | null = null

  get aborted(): boolean {
    return this.#aborted
  }

  /** The halt that broke the call off; null when it was the client, or nobody yet. */
  get halt(): HaltNotice | null {
    return this.#halt
  }

  /** Calls the listener when it is aborted, in place of an earlier listener; null calls nobody. */
  listen(listener: (() => void) | null): void {
    this.#listener = listener
  }

  /** `halt` is what breaks the call off; without one it is the client that does. */
  abort(halt: HaltNotice | null = null): void {
    if (this.#aborted) return
    this.#halt = halt
    this.#aborted = true
    this.#listener?.()
  }
}
