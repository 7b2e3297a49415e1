import { ControllerFailure } from '../failure.ts'

/** Longest time that an answer about policies takes with the wait for a turn, ms. */
const longestMs = 60_000

/** Gives work up after a minute: rejects with a ControllerFailure `too_busy` then, for it waits for what others ask. */
export async function inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(longestMs)
  try {
    return await work(signal)
  } catch (cause) {
    if (!signal.aborted) throw cause
    throw new ControllerFailure('too_busy', 'too many ask about policies; try again soon', {
      cause,
    })
  }
}
