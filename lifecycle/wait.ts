import { setTimeout as after } from 'node:timers/promises'

/** Settles after `ms` or when the signal aborts, whichever is first; never rejects. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch(() => undefined)
}

/** Settles as the promise does, or when the signal aborts, whichever is first. */
export async function settledOrAborted(
  promise: Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const stop = () => resolve()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  await Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
