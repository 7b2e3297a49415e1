import { setTimeout as after } from 'node:timers/promises'

/** What the promise comes to; rejects with a plain Error when that takes longer than `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, late: string): Promise<T> {
  const done = new AbortController()
  promise.catch(() => undefined)
  const timeout = after(Math.max(ms, 0), undefined, { signal: done.signal }).then(() => {
    throw new Error(late)
  })
  timeout.catch(() => undefined)
  return Promise.race([promise, timeout]).finally(() => done.abort())
}
