import { type Kysely, sql, type Transaction } from 'kysely'
import type {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalEvent,
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
} from '../../schemas/approval.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { Directories } from '../publish/directories.ts'
import type { Database } from '../store/database.ts'
import { type Announcements, announcements } from './announcements.ts'
import type {
  Actor,
  Answer,
  Answered,
  ApprovalChange,
  ApprovalFilter,
  ApprovalPage,
  Approvals,
  Grant,
  Note,
  RefusalCode,
} from './approvals.ts'
import { ask } from './ask.ts'
import { changes } from './changes.ts'
import { claim } from './claim.ts'
import { type Decided, decide } from './decide.ts'
import { expire } from './expire.ts'
import { listGrants, reconsiderGrants, revoke } from './grants/end-grants.ts'
import { type InForceReader, inForceReader } from './in-force/in-force.ts'
import { settleClocks } from './keeping/freeze.ts'
import { openNamespaces, reconsider } from './keeping/reconsider.ts'
import { nextSweep, sweep } from './keeping/sweep.ts'
import { toolsReported } from './keeping/tool-schemas.ts'
import { listRequests } from './list-requests.ts'
import { newsOf, presented, votesOf } from './present.ts'
import { refusalText } from './refusal-text.ts'
import { refuse } from './refuse.ts'
import {
  eventOf,
  eventRow,
  moved,
  type RequestRow,
  type Transition,
  type TransitionNeeds,
  taken,
  transition,
} from './transition.ts'

export interface ApprovalsNeeds {
  readonly db: Kysely<Database>
  /** The PostgreSQL that other processes may share; none for the embedded database, which has one owner. */
  readonly databaseUrl?: string | undefined
  readonly directories: Directories
  readonly now: () => number
  /** Told when a listener throws. */
  readonly onFailure: (error: unknown) => void
}

const nobodyElse = async () => undefined

/** The state machine in the store. */
export class StoredApprovals implements Approvals {
  readonly #needs: ApprovalsNeeds
  readonly #moves: TransitionNeeds
  readonly #inForce: InForceReader
  /** Hears of what other processes do, while it runs; null when there are none. */
  readonly others: Announcements | null

  constructor(needs: ApprovalsNeeds) {
    const { db, databaseUrl, now, directories, onFailure } = needs
    const told = changes(onFailure)
    this.#needs = needs
    this.#inForce = inForceReader(directories)
    this.others =
      databaseUrl === undefined
        ? null
        : announcements({ db, databaseUrl, changes: told, onFailure })
    this.#moves = { db, now, changes: told, announce: this.others?.announce ?? nobodyElse }
  }

  ask(question: ApprovalQuestion): Promise<ApprovalNews> {
    return this.#move(transition => ask(transition, question, this.#inForce))
  }

  async news(ids: readonly string[]): Promise<readonly ApprovalNews[]> {
    const { db, directories } = this.#needs
    const rows = await this.#rows(ids)
    const votes = Map.groupBy(await votesOf(db, ids), vote => vote.request_id)
    return rows.map(row => newsOf(row, votes.get(row.id) ?? [], directories.of(row.namespace)))
  }

  async claim(id: string, asked: ApprovalClaim): Promise<ApprovalClaimAnswer | null> {
    const { db, directories } = this.#needs
    const { granted, row } = await this.#move(moving => claim(moving, id, asked, this.#inForce))
    if (row === null) return null
    return { granted, news: newsOf(row, await votesOf(db, [id]), directories.of(row.namespace)) }
  }

  ended(id: string, call: string, outcome: string): Promise<void> {
    return this.#move(async ({ db, say }) => {
      const row = await db
        .updateTable('approval_requests')
        .set({ outcome })
        .where('id', '=', id)
        .where('state', '=', 'consumed')
        .where('consumed_call', '=', call)
        .where('outcome', 'is', null)
        .returningAll()
        .executeTakeFirst()
      if (row) say(row, row.state, { type: 'outcome', by: row.consumed_by ?? '', detail: outcome })
    })
  }

  async decide(id: string, answer: Answer, actor: Actor): Promise<Answered> {
    const needs = { actor, inForce: this.#inForce }
    return this.#answered(await this.#move(moving => decide(moving, id, answer, needs)))
  }

  async cancel(id: string, reason: string, actor: Actor): Promise<Answered> {
    const cancelled = await this.#move(async (moving): Promise<Decided> => {
      const row = await taken(moving.db, id, ['pending'])
      const attempt = { what: 'cancel', by: actor }
      if (row === null || (await expire(moving, row))) return refuse(moving, id, attempt)
      return {
        code: null,
        row: await moved(moving, row, { state: 'cancelled', reason, by: actor }),
      }
    })
    return this.#answered(cancelled)
  }

  async get(id: string): Promise<ApprovalRequest | null> {
    const { db, directories } = this.#needs
    const [request] = await presented(db, await this.#rows([id]), ns => directories.of(ns))
    return request ?? null
  }

  async list(filter: ApprovalFilter, after: string | null, limit: number): Promise<ApprovalPage> {
    const { db, directories } = this.#needs
    const { rows, next } = await listRequests(this.#needs, filter, after, limit)
    return { requests: await presented(db, rows, ns => directories.of(ns)), next }
  }

  async history(id: string): Promise<readonly ApprovalEvent[]> {
    const rows = await this.#needs.db
      .selectFrom('approval_events')
      .selectAll()
      .where('request_id', '=', id)
      .orderBy('id')
      .execute()
    return rows.map(eventOf)
  }

  attempted(id: string | null, detail: string, actor: Actor): Promise<void> {
    return this.#move(async ({ db, at, say }) => {
      const said = { type: 'attempt_refused', detail, by: actor } as const
      const [row] = id === null ? [] : await this.#rows([id], db)
      if (row) say(row, row.state, said)
      else
        await db
          .insertInto('approval_events')
          .values(eventRow(null, said, at))
          .execute()
    })
  }

  grants(namespace: string): Promise<readonly Grant[]> {
    return listGrants(this.#needs.db, namespace)
  }

  revoke(grantId: string, reason: string, actor: Actor): Promise<RefusalCode | null> {
    const needs = { actor, inForce: this.#inForce }
    return this.#move(moving => revoke(moving, grantId, reason, needs))
  }

  note(id: string, { type, by, detail }: Note): Promise<void> {
    return this.#move(async ({ db, say }) => {
      const [row] = await this.#rows([id], db)
      if (row) say(row, row.state, { type, by, detail })
    })
  }

  /** Does some of what time brings: expiry, escalations, reminders. True when there may be more. */
  sweep(): Promise<boolean> {
    return sweep(this.#moves, this.#inForce)
  }

  /** Lets the clocks of requests stand still whose calls are halted, and go on once they are not. */
  settleClocks(): Promise<void> {
    return settleClocks(this.#moves)
  }

  /** When time brings something next (milliseconds since 1970), or null. */
  nextSweep(): Promise<number | null> {
    return nextSweep(this.#needs.db)
  }

  /** Lets the database count its rows anew and reuse what is gone: the embedded one does neither by itself. */
  async tidy(): Promise<void> {
    for (const table of ['approval_requests', 'approval_votes', 'approval_events']) {
      await sql`vacuum (analyze) ${sql.table(table)}`.execute(this.#needs.db)
    }
  }

  /** Namespaces with an open request. */
  openNamespaces(): Promise<readonly string[]> {
    return openNamespaces(this.#needs.db)
  }

  /** Ends the open requests and the grants of a namespace that what is in force no longer supports. */
  async reconsider(namespace: string): Promise<void> {
    await reconsider(this.#moves, this.#inForce, namespace)
    await reconsiderGrants(this.#moves, this.#inForce, namespace)
  }

  /** Ends the open requests of a proxy for tools that it now sees with another schema. */
  toolsReported(report: ProxyReport): Promise<void> {
    return toolsReported(this.#moves, this.#inForce, report)
  }

  subscribe(listener: (change: ApprovalChange) => void): () => void {
    return this.#moves.changes.subscribe(listener)
  }

  #move<T>(work: (moving: Transition) => Promise<T>): Promise<T> {
    return transition(this.#moves, work)
  }

  async #answered({ code, row, votes }: Decided): Promise<Answered> {
    const { db, directories } = this.#needs
    const rows = row === null ? [] : [row]
    const [request = null] = await presented(db, rows, ns => directories.of(ns), votes)
    if (code === null && request !== null) return { outcome: 'counted', request }
    const refusal = code ?? 'unknown_request'
    return { outcome: 'refused', code: refusal, message: refusalText(refusal, request), request }
  }

  async #rows(
    ids: readonly string[],
    db: Kysely<Database> | Transaction<Database> = this.#needs.db,
  ): Promise<readonly RequestRow[]> {
    if (ids.length === 0) return []
    return db.selectFrom('approval_requests').selectAll().where('id', 'in', ids).execute()
  }
}
