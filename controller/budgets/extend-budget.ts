import { sql, type Transaction } from 'kysely'
import type { BudgetExtension } from '../../schemas/approval.ts'
import type { Database } from '../store/database.ts'

/**
 * Adds an approved amount to the limit of a counter, in the transaction that uses the approval up. False when the
 * counter is not there, or stands otherwise than when people were asked.
 */
export async function extendBudget(
  db: Transaction<Database>,
  namespace: string,
  { budget, counter, window, amount, extended }: BudgetExtension,
): Promise<boolean> {
  const { rows } = await sql`
    update budget_counters set extended = extended + ${amount}::bigint
    where namespace = ${namespace} and budget = ${budget} and counter = ${counter}
      and window_start = ${window} and extended = ${extended}::bigint
    returning extended`.execute(db)
  return rows.length === 1
}
