import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Settling } from '../ledger/ledger.ts'
import type { Database } from '../store/database.ts'
import { countCalls } from './count-calls.ts'

/** Days for which it is kept which rules decided which calls, however long the entries themselves are. */
export const mostDays = 400

export interface KeepCoverageNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** Counts which rules decide which calls, as entries are stored; the service forgets what is older than it is asked about. */
export function keepCoverage(needs: KeepCoverageNeeds): Settling & { readonly service: Service } {
  return {
    async settle(db, entries) {
      await countCalls(db, entries)
      return () => undefined
    },
    service: {
      name: 'coverage',
      async run(signal) {
        while (!signal.aborted) {
          await forget(needs).catch(needs.onFailure)
          await wait(hourMs, signal)
        }
      },
    },
  }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

async function forget({ db, now }: KeepCoverageNeeds): Promise<void> {
  const first = new Date(now() - mostDays * dayMs).toISOString().slice(0, 10)
  await db.deleteFrom('coverage_days').where('day', '<', first).execute()
}
