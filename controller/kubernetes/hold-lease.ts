import { setTimeout as after } from 'node:timers/promises'
import { wait } from '../../lifecycle/wait.ts'
import type { HeldLease, Lease } from './lease.ts'

export interface HoldLeaseNeeds {
  readonly lease: Pick<Lease, 'renew'>
  /** How often it is renewed, ms. */
  readonly everyMs: number
  /** When a holder that cannot renew it gives up, ms after it last did. */
  readonly giveUpMs: number
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Renews a Lease until the signal aborts, and gives it as it is then; null as soon as it is lost. */
export async function holdLease(
  needs: HoldLeaseNeeds,
  first: HeldLease,
  signal: AbortSignal,
): Promise<HeldLease | null> {
  const { lease, everyMs, giveUpMs, now } = needs
  let held = first
  let renewedAt = now()
  for (;;) {
    await wait(everyMs, signal)
    if (signal.aborted) return held
    const began = now()
    const left = renewedAt + giveUpMs - began
    const renewed = await within(lease.renew(held), left).catch(failure => {
      needs.onFailure(failure)
      return 'failed' as const
    })
    if (renewed === null || (renewed === 'failed' && now() - renewedAt >= giveUpMs)) return null
    if (renewed === 'failed') continue
    held = renewed
    renewedAt = began
  }
}

/** Rejects when the promise takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const done = new AbortController()
  promise.catch(() => undefined)
  const late = after(Math.max(ms, 0), undefined, { signal: done.signal }).then(() => {
    throw new Error('the Lease was not renewed in time')
  })
  late.catch(() => undefined)
  return Promise.race([promise, late]).finally(() => done.abort())
}
