import { randomUUID } from 'node:crypto'
import type { Service } from '../../lifecycle/run.ts'
import type { Tables } from '../mcp/needs.ts'
import { Counters } from './counters.ts'
import { type LeaseOffice, nobodyLends } from './lease-office.ts'
import { leaseService } from './lease-service.ts'
import { LeasedBudgets } from './leased-budgets.ts'

export interface OpenBudgetsNeeds {
  readonly tables: Pick<Tables, 'current'>
  readonly office: LeaseOffice
  /** Whose entries the ledger will read, and how far they go. */
  readonly journal: {
    readonly proxy: string
    readonly start: number
    state(): { readonly seq: number }
  }
  readonly log: { warn(fields: object, message: string): void }
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Milliseconds by a clock that is never set. */
  readonly monotonic?: () => number
}

/** The budgets of one start of a proxy, and the service that keeps their leases. */
export interface OpenBudgets {
  readonly budgets: LeasedBudgets
  readonly service: Service
}

/** Opens the budgets of a proxy whose journal holds nothing yet of this start. */
export function openBudgets(needs: OpenBudgetsNeeds): OpenBudgets {
  const { tables, office, journal, log } = needs
  const { now = Date.now, monotonic = () => performance.now() } = needs
  const nextSeq = () => journal.state().seq + 1
  const { proxy, start } = journal
  const run = { proxy, run: randomUUID(), firstSeq: nextSeq(), start }
  const counters = new Counters({ office, ...run, newId: () => randomUUID(), monotonic })
  return {
    budgets: new LeasedBudgets({ tables, counters, nextSeq, now, monotonic }),
    service: leaseService({ counters, now, monotonic, log }),
  }
}

/** Budgets of which nothing can be spent: for a proxy without a controller. */
export function closedBudgets(tables: Pick<Tables, 'current'>): LeasedBudgets {
  const journal = { proxy: '', start: 1, state: () => ({ seq: 0 }) }
  const log = { warn: () => undefined }
  return openBudgets({ tables, office: nobodyLends, journal, log }).budgets
}
