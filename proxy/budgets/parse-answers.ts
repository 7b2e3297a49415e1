import type {
  BudgetLease,
  BudgetLeaseAnswer,
  BudgetLeaseRenewed,
  BudgetState,
} from '../../schemas/budget-lease.ts'
import { LeaseFailure } from './failure.ts'

/** The answer to a request for a lease. Throws a LeaseFailure for anything else. */
export function parseLeaseAnswer(value: unknown): BudgetLeaseAnswer {
  const { lease, state } = membersOf(value)
  return { lease: lease === null ? null : leaseOf(lease), state: stateOf(state) }
}

/** The answer to a renewal. Throws a LeaseFailure for anything else. */
export function parseRenewed(value: unknown): BudgetLeaseRenewed {
  const { leases } = membersOf(value)
  if (!Array.isArray(leases)) throw malformed()
  return {
    leases: leases.map(one => {
      const { id, ttlMs, state } = membersOf(one)
      return { id: textOf(id), ttlMs: amountOf(ttlMs), state: stateOf(state) }
    }),
  }
}

function leaseOf(value: unknown): BudgetLease {
  const { id, fence, amount, ttlMs } = membersOf(value)
  return {
    id: textOf(id),
    fence: amountOf(fence),
    amount: amountOf(amount),
    ttlMs: amountOf(ttlMs),
  }
}

function stateOf(value: unknown): BudgetState {
  const { limit, extended, spent, reserved, softLimit, resetsAt } = membersOf(value)
  return {
    limit: amountOf(limit),
    extended: amountOf(extended),
    spent: amountOf(spent),
    reserved: amountOf(reserved),
    ...(softLimit !== undefined && { softLimit: amountOf(softLimit) }),
    ...(resetsAt !== undefined && { resetsAt: textOf(resetsAt) }),
  }
}

function membersOf(value: unknown): { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null) throw malformed()
  return value as { readonly [name: string]: unknown }
}

function amountOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw malformed()
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= 64) return value
  throw malformed()
}

function malformed(): LeaseFailure {
  return new LeaseFailure('answer_malformed', 'the controller answered nonsense')
}
