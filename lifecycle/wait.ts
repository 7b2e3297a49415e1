import { setTimeout as after } from 'node:timers/promises'

/** Settles after `ms` or when the signal aborts, whichever is first; never rejects. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch(() => undefined)
}
