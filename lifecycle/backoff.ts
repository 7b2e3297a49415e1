/** Waits that double from `firstMs` to `mostMs`, each shortened by up to half at random so that many do not return at once. */
export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number
  reset(): void
}

/** A backoff at its beginning; `random` gives numbers in [0, 1). */
export function backoff(firstMs: number, mostMs: number, random = Math.random): Backoff {
  let wait = firstMs
  return {
    next() {
      const jittered = wait * (1 - random() / 2)
      wait = Math.min(wait * 2, mostMs)
      return jittered
    },
    reset() {
      wait = firstMs
    },
  }
}
