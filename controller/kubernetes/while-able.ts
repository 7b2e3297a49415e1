import type { Lease } from './lease.ts'

/**
 * A Lease that is neither taken nor renewed by a process that could do nothing with it, so that another one leads.
 * `expectAble` rejects while what a leader writes to does not answer.
 */
export function whileAble(lease: Lease, expectAble: () => Promise<unknown>): Lease {
  return {
    ...lease,
    async acquire() {
      await expectAble()
      return lease.acquire()
    },
    async renew(held) {
      await expectAble()
      return lease.renew(held)
    },
  }
}
