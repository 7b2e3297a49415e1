import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Outcome } from './reconcile.ts'

/** The service that reconciles, and how to wake it. */
export interface Reconciling extends Service {
  /** Something changed: look now. */
  wake(): void
}

export interface KeepReconcilingNeeds {
  readonly reconcile: (signal: AbortSignal) => Promise<Outcome>
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** Reconciles again and again: when an outcome says so, when woken, and with growing waits after a failure. */
export function keepReconciling({ reconcile, onFailure }: KeepReconcilingNeeds): Reconciling {
  const waits = backoff(50, 30_000)
  let woken = new AbortController()

  const attempt = async (signal: AbortSignal): Promise<number> => {
    try {
      const { afterMs } = await reconcile(signal)
      waits.reset()
      return afterMs
    } catch (error) {
      if (signal.aborted) return 0
      onFailure(error)
      return waits.next()
    }
  }

  return {
    name: 'reconcile',
    wake: () => woken.abort(),
    async run(signal) {
      while (!signal.aborted) {
        woken = new AbortController()
        const afterMs = await attempt(signal)
        await wait(afterMs, AbortSignal.any([signal, woken.signal]))
      }
    },
  }
}
