import { run, type Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Fence } from '../store/fence.ts'
import { holdLease } from './hold-lease.ts'
import { type HeldLease, type LeaseNeeds, openLease } from './lease.ts'
import { whileAble } from './while-able.ts'

/** Leads while it holds the Lease. */
export interface Leadership extends Service {
  /** The right to write what only the leader writes, or null: this process does not lead. */
  readonly fence: Fence | null
}

export interface LeadershipNeeds extends Pick<LeaseNeeds, 'kube' | 'identity' | 'now'> {
  /** Namespace of the Lease. */
  readonly namespace: string
  /** What runs while this process leads; all of it is down before the Lease is given back. */
  readonly services: (fence: Fence) => readonly Service[]
  /** Rejects while what a leader writes to, besides the API server, does not answer. */
  readonly expectAble: () => Promise<unknown>
  /** Told when this process begins to lead, and when it stops. */
  readonly onChange: (fence: Fence | null) => void
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** How long the Lease holds, when a leader that cannot renew it stops, and how often it tries, ms. */
const lasts = { lease: 15_000, renew: 10_000, retry: 2000 }

/** Competes for the Lease `writ-controller`, and runs what a leader runs while it is held. */
export function leadership(needs: LeadershipNeeds): Leadership {
  const { namespace, services, expectAble, onChange, onFailure, now } = needs
  const address = { namespace, name: 'writ-controller' }
  const lease = whileAble(openLease({ ...needs, address, durationMs: lasts.lease }), expectAble)
  const holding = { lease, everyMs: lasts.retry, giveUpMs: lasts.renew, onFailure, now }
  let fence: Fence | null = null

  const lead = async (first: HeldLease, signal: AbortSignal): Promise<void> => {
    let held: HeldLease | null = first
    const keeper: Service = {
      name: 'lease',
      async run(signal) {
        held = await holdLease(holding, first, signal)
      },
    }
    fence = first.fence
    onChange(fence)
    try {
      await run([keeper, ...services(fence)], signal)
    } finally {
      fence = null
      onChange(null)
      if (held !== null) await lease.release(held).catch(onFailure)
    }
  }

  return {
    name: 'leadership',
    get fence() {
      return fence
    },
    async run(signal) {
      while (!signal.aborted) {
        const held = await lease.acquire().catch(onFailure)
        if (held) await lead(held, signal)
        else await wait(lasts.retry * (0.5 + Math.random() / 2), signal)
      }
    },
  }
}
