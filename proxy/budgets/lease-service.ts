import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Counters } from './counters.ts'

export interface LeaseServiceNeeds {
  readonly counters: Counters
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds by a clock that is never set. */
  readonly monotonic: () => number
  readonly log: { warn(fields: object, message: string): void }
  /** For how long calls in flight may end before the leases are given back. */
  readonly graceMs?: number
}

const lookMs = 250
const endingMs = 20

/** Tells the controller that the proxy has started, renews the leases, and gives them back at the end. */
export function leaseService(needs: LeaseServiceNeeds): Service {
  const { counters, now, monotonic, log, graceMs = 3000 } = needs
  return {
    name: 'budget leases',
    async run(signal) {
      await begin(needs, signal)
      const pause = backoff(lookMs, 10_000)
      while (!signal.aborted) {
        await wait(lookMs, signal)
        if (signal.aborted || monotonic() < counters.dueAt()) continue
        if (await renew(needs)) pause.reset()
        else await wait(pause.next(), signal)
      }
      counters.close()
      for (let waited = 0; counters.holding && waited < graceMs; waited += endingMs) {
        await wait(endingMs, never)
      }
      await counters.renew(now(), true).catch(error => {
        log.warn({ err: error }, 'leases not given back')
      })
    },
  }
}

const never = new AbortController().signal

async function begin({ counters, log }: LeaseServiceNeeds, signal: AbortSignal): Promise<void> {
  const pause = backoff(100, 10_000)
  let told = false
  while (!signal.aborted) {
    try {
      return await counters.begin()
    } catch (error) {
      if (!told)
        log.warn({ err: error }, 'start not told to the controller, budgets cannot be spent')
      told = true
      await wait(pause.next(), signal)
    }
  }
}

/** False when the controller did not answer. */
async function renew({ counters, now, log }: LeaseServiceNeeds): Promise<boolean> {
  try {
    await counters.renew(now())
    return true
  } catch (error) {
    log.warn({ err: error }, 'leases not renewed')
    return false
  }
}
