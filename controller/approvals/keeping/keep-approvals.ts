import type { ProxyReport } from '../../../schemas/proxy-report.ts'
import type { Releases } from '../../publish/releases.ts'
import type { StoredApprovals } from '../stored-approvals.ts'
import { type Keeper, keeper } from './keeper.ts'

export interface KeepApprovalsNeeds {
  readonly approvals: StoredApprovals
  readonly releases: Releases
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** A keeper of approvals that also hears what proxies report. */
export interface ApprovalKeeper extends Keeper {
  /** A proxy sees other tools than before. */
  toolsChanged(report: ProxyReport): void
}

/** Requests after which the database is tidied. */
const tidyEvery = 1000

/**
 * Keeps time for approvals, and looks at them again when rules, people, keys or tools change. What changed
 * while nothing ran is found when it starts.
 */
export function keepApprovals(needs: KeepApprovalsNeeds): ApprovalKeeper {
  const { approvals, releases, now, onFailure } = needs
  const kept = keeper({
    now,
    sweep: () => approvals.sweep(),
    nextSweep: () => approvals.nextSweep(),
    onFailure,
  })
  const changed = (namespace: string) =>
    kept.later(`namespace ${namespace}`, () => approvals.reconsider(namespace))
  kept.later('start', async () => {
    for (const namespace of await approvals.openNamespaces()) changed(namespace)
  })
  let sinceTidy = 0
  const grown = () => {
    sinceTidy += 1
    if (sinceTidy < tidyEvery) return
    sinceTidy = 0
    kept.later('tidy', () => approvals.tidy())
  }
  return {
    ...kept,
    toolsChanged: report =>
      kept.later(`tools of ${report.proxy}`, () => approvals.toolsReported(report)),
    async run(signal) {
      const stops = [
        releases.subscribe(({ namespace }) => changed(namespace)),
        releases.directories.subscribe(({ namespace }) => changed(namespace)),
        approvals.subscribe(({ event: { type } }) => {
          if (type === 'created' || type === 'approved') kept.wake()
          if (type === 'created') grown()
        }),
      ]
      await kept.run(signal).finally(() => {
        for (const stop of stops) stop()
      })
    },
  }
}
