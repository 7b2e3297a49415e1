import { type Kysely, sql } from 'kysely'

/** Makes what controllers on one store take turns at changes by. */
export async function reviewTurnTables(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table review_turns (
      change_number bigint primary key,
      holder text not null,
      held_until timestamptz not null
    )`.execute(db)
}

/** The tables of turns. */
export interface ReviewTurnTables {
  readonly review_turns: ReviewTurnRow
}

/** Who is at the changes of a number, of whatever source. */
interface ReviewTurnRow {
  readonly change_number: number
  /** Names one process, for as long as it runs. */
  readonly holder: string
  /** By the clock of the database; free from then on. */
  readonly held_until: Date
}
