import { type Backoff, backoff } from '../../../lifecycle/backoff.ts'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'

/** Keys that have something to be done about; a key that is added many times is worked on once. */
export interface WorkQueue extends Service {
  add(key: string): void
  /** Whether nothing is to be done now. */
  readonly isEmpty: boolean
}

export interface WorkQueueNeeds {
  /** Looks at the world as it is now; a rejection is tried again, with growing waits for this key alone. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>
  readonly onFailure: (error: unknown, key: string) => void
  /** How long a key waits for more changes of the same go, ms. */
  readonly settleMs: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A queue that is empty; one key is worked on at a time. */
export function workQueue(needs: WorkQueueNeeds): WorkQueue {
  const { work, onFailure, settleMs, now } = needs
  const due = new Map<string, number>()
  const waits = new Map<string, Backoff>()
  let woken = new AbortController()

  const put = (key: string, at: number) => {
    due.set(key, Math.min(at, due.get(key) ?? at))
    woken.abort()
  }

  const attempt = async (key: string, signal: AbortSignal): Promise<void> => {
    due.delete(key)
    try {
      await work(key, signal)
      waits.delete(key)
    } catch (error) {
      if (signal.aborted) return
      onFailure(error, key)
      const again = waits.get(key) ?? backoff(100, 30_000)
      waits.set(key, again)
      put(key, now() + again.next())
    }
  }

  return {
    name: 'work queue',
    add: key => put(key, now() + settleMs),
    get isEmpty() {
      return due.size === 0
    },
    async run(signal) {
      while (!signal.aborted) {
        woken = new AbortController()
        const next = nextOf(due)
        const waitMs = next === null ? 3_600_000 : next.at - now()
        if (next === null || waitMs > 0) await wait(waitMs, AbortSignal.any([signal, woken.signal]))
        else await attempt(next.key, signal)
      }
    },
  }
}

/** The key that is due soonest; of several the one that was added first. */
function nextOf(due: ReadonlyMap<string, number>) {
  let next: { readonly key: string; readonly at: number } | null = null
  for (const [key, at] of due) if (next === null || at < next.at) next = { key, at }
  return next
}
