import { once } from 'node:events'
import type { Service } from '../../lifecycle/run.ts'

/** A service that tells somebody something once, and then only waits to be stopped; when it cannot tell, everything ends. */
export function announce(tell: (signal: AbortSignal) => Promise<void>): Service {
  return {
    name: 'announcement',
    async run(signal) {
      await tell(signal).catch(error => {
        if (!signal.aborted) throw error
      })
      if (!signal.aborted) await once(signal, 'abort')
    },
  }
}
