import { type Kysely, sql, type Transaction } from 'kysely'
import type { BudgetRun } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'

/** Of a start that was not announced: its entries may be any, so it frees nothing. */
export const unknownSeq = Number.MAX_SAFE_INTEGER

/** Notes that a proxy started; saying it again changes nothing. */
export async function startRun(
  db: Kysely<Database>,
  { proxy, run, firstSeq }: BudgetRun,
  at: Date,
): Promise<void> {
  await db
    .insertInto('budget_runs')
    .values({ proxy, run, first_seq: firstSeq, started_at: at })
    .onConflict(known =>
      known.columns(['proxy', 'run']).doUpdateSet({
        first_seq: sql`least(budget_runs.first_seq, excluded.first_seq)`,
      }),
    )
    .execute()
}

/**
 * Throws a ControllerFailure when the proxy has started anew since. A start that nobody told of, as after a database
 * was lost, is taken for the newest.
 */
export async function expectRun(
  db: Transaction<Database>,
  { proxy, run }: Pick<BudgetRun, 'proxy' | 'run'>,
  at: Date,
): Promise<void> {
  const newest = await newestRun(db, proxy)
  if (newest === run) return
  const known = await db
    .selectFrom('budget_runs')
    .select('id')
    .where('proxy', '=', proxy)
    .where('run', '=', run)
    .executeTakeFirst()
  if (known === undefined) return startRun(db, { proxy, run, firstSeq: unknownSeq }, at)
  throw new ControllerFailure('run_ended', `proxy ${proxy} has started anew since`)
}

/** The start of the proxy that was told of last, or null. */
export async function newestRun(db: Kysely<Database>, proxy: string): Promise<string | null> {
  const row = await db
    .selectFrom('budget_runs')
    .select('run')
    .where('proxy', '=', proxy)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.run ?? null
}
