import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { StoredBudgets } from './stored-budgets.ts'

export interface KeepBudgetsNeeds {
  readonly budgets: StoredBudgets
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** How long after entries it looks: what comes together is looked at together. */
const gatherMs = 200

/** How often it looks at everything: leases get old without anybody saying so. */
const everyMs = 60_000

/** Looks after budgets: tells of soft limits, frees and writes off what is leased and was never settled. */
export function keepBudgets({ budgets, onFailure }: KeepBudgetsNeeds): Service {
  return {
    name: 'budget keeper',
    async run(signal) {
      const waits = backoff(200, everyMs)
      let all = 0
      while (!signal.aborted) {
        const woken = new AbortController()
        budgets.onWork(() => woken.abort())
        const failed = await attempt(budgets, performance.now() >= all).catch(error => {
          if (!signal.aborted) onFailure(error)
          return true
        })
        if (failed) {
          await wait(waits.next(), signal)
          continue
        }
        waits.reset()
        if (performance.now() >= all) all = performance.now() + everyMs
        await wait(all - performance.now(), AbortSignal.any([signal, woken.signal]))
        await wait(gatherMs, signal)
      }
    },
  }
}

async function attempt(budgets: StoredBudgets, all: boolean): Promise<boolean> {
  if (!all) await budgets.look()
  else {
    await budgets.lookAtAll()
    while (await budgets.writeOff());
  }
  return false
}
