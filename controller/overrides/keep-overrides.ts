import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { StoredOverrides } from './stored-overrides.ts'

export interface KeepOverridesNeeds {
  readonly overrides: StoredOverrides
  /** Puts in force what is to follow, given the overrides that stand. */
  readonly advance: (standing: ReadonlySet<string>) => Promise<unknown>
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** How often the clock is looked at: a timer would be late after the machine slept, or the clock was set. */
const lookMs = 500

/** Ends overrides when their time has come or somebody ended them, whatever the source says or does not say. */
export function keepOverrides({ overrides, advance, onFailure }: KeepOverridesNeeds): Service {
  let woken = new AbortController()
  const waits = backoff(lookMs, 5000)
  const look = async () => {
    await overrides.expire()
    await advance(new Set(overrides.standing().map(({ id }) => id)))
  }
  return {
    name: 'overrides',
    async run(signal) {
      const unsubscribe = overrides.subscribe(() => woken.abort())
      while (!signal.aborted) {
        woken = new AbortController()
        const failed = await look().then(
          () => false,
          error => {
            onFailure(error)
            return true
          },
        )
        if (!failed) waits.reset()
        await wait(failed ? waits.next() : lookMs, AbortSignal.any([signal, woken.signal]))
      }
      unsubscribe()
    },
  }
}
