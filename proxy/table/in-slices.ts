import { setImmediate as breathe } from 'node:timers/promises'

/** A slice ends after this long; calls are served before the next. */
const sliceMs = 2

/**
 * Runs a generator to its end and lets the event loop turn whenever a slice has lasted 2 ms, so that
 * long work does not hold up calls. `now` in milliseconds.
 */
export async function inSlices<T>(
  work: Generator<undefined, T>,
  now: () => number = performance.now.bind(performance),
): Promise<T> {
  for (;;) {
    const end = now() + sliceMs
    do {
      const step = work.next()
      if (step.done) return step.value
    } while (now() < end)
    await breathe()
  }
}
