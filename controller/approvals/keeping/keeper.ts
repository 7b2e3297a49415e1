import { backoff } from '../../../lifecycle/backoff.ts'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'

export interface KeeperNeeds {
  readonly now: () => number
  /** Does some of what is due; true when there may be more. */
  readonly sweep: () => Promise<boolean>
  /** When the next thing is due (milliseconds since 1970), or null. */
  readonly nextSweep: () => Promise<number | null>
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** The service that does what nobody asks for: time passes, and rules change. */
export interface Keeper extends Service {
  /** Something may be due earlier than it was. */
  wake(): void
  /** Does the job soon, and again until it succeeds; another job of the same name takes its place. */
  later(name: string, job: () => Promise<void>): void
}

/** How long after it was woken it looks: what comes together is looked at together. */
const gatherMs = 100

/** How often the clock is read while it sleeps, in case that somebody moves it. The store is left alone. */
const clockMs = 2000

/** Sleeps until the next thing is due or until it is woken; a clock that is moved is noticed within two seconds. */
export function keeper({ now, sweep, nextSweep, onFailure }: KeeperNeeds): Keeper {
  const waits = backoff(50, 30_000)
  const jobs = new Map<string, () => Promise<void>>()
  let woken = new AbortController()

  /** Stops when what is left is held by somebody who is just answering it. */
  const catchUp = async (signal: AbortSignal): Promise<void> => {
    for (let more = true; more && !signal.aborted; ) {
      const next = await nextSweep()
      more = next !== null && next <= now() && (await sweep())
    }
  }

  const work = async (signal: AbortSignal): Promise<number | null> => {
    await catchUp(signal)
    // A job that fails is tried again with the next look, and keeps neither the others nor time from going on.
    const failures: unknown[] = []
    for (const [name, job] of jobs) {
      const done = await job().catch(error => failures.push(error))
      if (done === undefined && jobs.get(name) === job) jobs.delete(name)
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not all that changed was seen to')
    return nextSweep()
  }

  const attempt = async (signal: AbortSignal): Promise<number | null> => {
    try {
      const next = await work(signal)
      waits.reset()
      return next
    } catch (error) {
      if (!signal.aborted) onFailure(error)
      await wait(waits.next(), signal)
      return now()
    }
  }

  return {
    name: 'approval keeper',
    wake: () => woken.abort(),
    later(name, job) {
      jobs.set(name, job)
      woken.abort()
    },
    async run(signal) {
      while (!signal.aborted) {
        woken = new AbortController()
        const until = (await attempt(signal)) ?? Number.POSITIVE_INFINITY
        const either = AbortSignal.any([signal, woken.signal])
        while (!either.aborted && now() < until) {
          await wait(Math.min(clockMs, until - now()), either)
        }
        await wait(gatherMs, signal)
      }
    },
  }
}
