import { type Kysely, sql } from 'kysely'
import type { BudgetRun } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'

/** Notes that a proxy started; saying it again, or after a later start, changes nothing. */
export async function startRun(
  db: Kysely<Database>,
  { proxy, run, firstSeq, start }: BudgetRun,
  at: Date,
): Promise<void> {
  await db
    .insertInto('budget_runs')
    .values({ proxy, run, first_seq: firstSeq, start, started_at: at })
    .onConflict(known => known.columns(['proxy', 'run']).doNothing())
    .execute()
}

/** Throws a ControllerFailure when the proxy has started anew since, or nobody told of this start. */
export async function expectRun(
  db: Kysely<Database>,
  { proxy, run }: Pick<BudgetRun, 'proxy' | 'run'>,
): Promise<void> {
  // One statement: a start that is told of meanwhile is not taken for an earlier one.
  const { rows } = await sql<{ newest: string | null; known: boolean }>`
    select (${newest(db, proxy)}) as newest,
      exists (select from budget_runs where proxy = ${proxy} and run = ${run}) as known`.execute(db)
  const [found] = rows
  if (found?.newest === run) return
  if (found?.known !== true) {
    throw new ControllerFailure('run_unknown', `no start ${run} of proxy ${proxy} was announced`)
  }
  throw new ControllerFailure('run_ended', `proxy ${proxy} has started anew since`)
}

/** The latest start of the proxy that was told of, or null. */
export async function newestRun(db: Kysely<Database>, proxy: string): Promise<string | null> {
  return (await newest(db, proxy).executeTakeFirst())?.run ?? null
}

function newest(db: Kysely<Database>, proxy: string) {
  return db
    .selectFrom('budget_runs')
    .select('run')
    .where('proxy', '=', proxy)
    .orderBy(sql`(first_seq, start, id)`, 'desc')
    .limit(1)
}
