import type { Service } from '../lifecycle/run.ts'
import { wait } from '../lifecycle/wait.ts'

/** Beats for every stream at once. */
export interface Heartbeat extends Service {
  /** Calls the listener with every beat; returns how to stop. */
  onBeat(listener: () => void): () => void
}

/** Proxies give a silent stream up after 30 s. */
const beatMs = 10_000

/** A beat every 10 s, by which a reader knows that the writer lives. */
export function heartbeat(): Heartbeat {
  const listeners = new Set<() => void>()
  return {
    name: 'heartbeat',
    onBeat(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async run(signal) {
      while (!signal.aborted) {
        await wait(beatMs, signal)
        for (const listener of listeners) listener()
      }
    },
  }
}
