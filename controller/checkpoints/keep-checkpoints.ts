import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { StoredCheckpoints } from './stored-checkpoints.ts'

export interface KeepCheckpointsNeeds {
  readonly checkpoints: StoredCheckpoints
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How old the newest gets at most while there is something new. */
  readonly everyMs: number
  /** How many entries wait at most. */
  readonly everyEntries: number
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

const lookEveryMs = 5000

/** Makes checkpoints when they are due. */
export function keepCheckpoints(needs: KeepCheckpointsNeeds): Service {
  const { everyMs, onFailure } = needs
  const pause = Math.min(lookEveryMs, everyMs)
  return {
    name: 'checkpoints',
    async run(signal) {
      const waits = backoff(pause, 60_000)
      while (!signal.aborted) {
        const failed = await makeDue(needs).then(
          () => false,
          error => {
            onFailure(error)
            return true
          },
        )
        if (!failed) waits.reset()
        await wait(failed ? waits.next() : pause, signal)
      }
    },
  }
}

/** A run that was deleted waits for nothing: until it is in a checkpoint nobody vouches for what is missing. */
async function makeDue(needs: KeepCheckpointsNeeds): Promise<void> {
  const { checkpoints, now, everyMs, everyEntries } = needs
  const { entries, pruned } = await checkpoints.waiting()
  if (entries + pruned === 0) return
  const newest = await checkpoints.newest()
  const age = newest === null ? Number.POSITIVE_INFINITY : now() - newest.time.getTime()
  // A clock that was set back must not put it off.
  if (pruned > 0 || entries >= everyEntries || age >= everyMs || age < 0) await checkpoints.make()
}
