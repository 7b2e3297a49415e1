import { type Kysely, type Selectable, sql } from 'kysely'
import { storable } from '../approvals/transition.ts'
import type { ApprovalJudgementRow, Database } from '../store/database.ts'

/** What a judge answered, as it is stored. */
export type Judgement = Selectable<ApprovalJudgementRow>

/** What judges answered; the first answer about a request and a workflow is the only one. */
export class Judgements {
  readonly #db: Kysely<Database>
  readonly #now: () => number

  constructor(db: Kysely<Database>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  async of(request: string): Promise<readonly Judgement[]> {
    return this.#db
      .selectFrom('approval_judgements')
      .selectAll()
      .where('request_id', '=', request)
      .execute()
  }

  /** Keeps an answer, unless there is one. Whether it was the first. */
  async keep(judgement: Omit<Judgement, 'at' | 'settled_at'>): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('approval_judgements')
      .values({
        ...judgement,
        reasoning: storable(judgement.reasoning, 4096) ?? '',
        at: new Date(this.#now()),
        settled_at: null,
      })
      .onConflict(existing => existing.doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }

  /** Notes that the answer has taken effect. */
  async settle({ request_id, workflow }: Judgement): Promise<void> {
    await this.#db
      .updateTable('approval_judgements')
      .set({ settled_at: new Date(this.#now()) })
      .where('request_id', '=', request_id)
      .where('workflow', '=', workflow)
      .execute()
  }

  /** Open requests of a namespace that ask one of the workflows and have fewer settled answers than they need. */
  async open(namespace: string, workflows: readonly string[]): Promise<readonly string[]> {
    const { rows } = await sql<{ id: string }>`
      select r.id from approval_requests r
      where r.state = 'pending' and r.namespace = ${namespace} and exists (
        select 1 from unnest(r.workflows) w(name)
        where w.name = any (${[...workflows]}::text[]) and not exists (
          select 1 from approval_judgements j
          where j.request_id = r.id and j.workflow = w.name and j.settled_at is not null))
      order by r.requested_at`.execute(this.#db)
    return rows.map(({ id }) => id)
  }
}
