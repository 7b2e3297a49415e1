import type {
  BudgetLeaseAnswer,
  BudgetLeaseRenewal,
  BudgetLeaseRenewed,
  BudgetLeaseRequest,
  BudgetRun,
} from '../../schemas/budget-lease.ts'
import { LeaseFailure } from './failure.ts'

/** Where leases are had. Everything rejects with a LeaseFailure when nobody answers. */
export interface LeaseOffice {
  /** Says that the proxy has started; before any lease is asked for. */
  begin(run: BudgetRun): Promise<void>
  lease(request: BudgetLeaseRequest): Promise<BudgetLeaseAnswer>
  renew(renewal: BudgetLeaseRenewal): Promise<BudgetLeaseRenewed>
}

/** For a proxy without a controller: what a budget concerns is refused. */
export const nobodyLends: LeaseOffice = {
  begin: () => Promise.reject(without()),
  lease: () => Promise.reject(without()),
  renew: () => Promise.reject(without()),
}

function without(): LeaseFailure {
  return new LeaseFailure('controller_away', 'this proxy has no controller')
}
