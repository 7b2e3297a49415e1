import { backoff } from './backoff.ts'
import { wait } from './wait.ts'

/** Does the work again, with growing waits, until it does not fail; null when the signal aborts first. */
export async function untilDone<T>(
  work: () => Promise<T>,
  onFailure: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T | null> {
  const waits = backoff(100, 10_000)
  while (!signal.aborted) {
    try {
      return await work()
    } catch (error) {
      onFailure(error)
      await wait(waits.next(), signal)
    }
  }
  return null
}
