import { wait } from '../../lifecycle/wait.ts'
import { within } from '../../lifecycle/within.ts'
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
    const late = 'the Lease was not renewed in time'
    const renewed = await within(lease.renew(held), left, late).catch(failure => {
      needs.onFailure(failure)
      return 'failed' as const
    })
    if (renewed === null || (renewed === 'failed' && now() - renewedAt >= giveUpMs)) return null
    if (renewed === 'failed') continue
    held = renewed
    renewedAt = began
  }
}
