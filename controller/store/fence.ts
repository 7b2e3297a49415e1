import { type Kysely, sql, type Transaction } from 'kysely'
import { ControllerFailure } from '../failure.ts'
import type { Database } from './database.ts'

/** The right to write what only the leader writes. */
export interface Fence {
  /** Grows with every change of the leader. */
  readonly term: number
  readonly holder: string
}

/** The part of a Lease (coordination.k8s.io/v1) that says whose term it is. */
export interface LeaseTerm {
  readonly holderIdentity: string
  readonly leaseTransitions: number
  /** When the Lease itself was made. */
  readonly creationTimestamp: Date
}

const mostTransitions = 1_000_000

/** The fence of who holds a Lease. It grows as well when the Lease is deleted and made anew, which begins to count at 0 again. */
export function fenceOf({ holderIdentity, leaseTransitions, creationTimestamp }: LeaseTerm): Fence {
  const made = Math.floor(creationTimestamp.getTime() / 1000)
  return { term: made * mostTransitions + leaseTransitions, holder: holderIdentity }
}

const name = 'leader'

/**
 * Raises the fence in the store to this one, inside the transaction that it guards; no other passes before that ends.
 * Throws a ControllerFailure `fenced` when a later leader, or another one of the same term, was here.
 */
export async function passFence(db: Transaction<Database>, fence: Fence, at: Date): Promise<void> {
  const { term, holder } = fence
  const passed = await sql`
    insert into fences (name, term, holder, raised_at) values (${name}, ${term}, ${holder}, ${at})
    on conflict (name) do update set term = ${term}, holder = ${holder}, raised_at = ${at}
    where fences.term < ${term} or (fences.term = ${term} and fences.holder = ${holder})
    returning term`.execute(db)
  if (passed.rows.length > 0) return
  throw new ControllerFailure('fenced', `${holder} is no longer the leader: another one wrote`)
}

/** Who led when something was written last; null when nobody ever led. */
export async function leaderOf(db: Kysely<Database>): Promise<string | null> {
  const query = db.selectFrom('fences').select('holder').where('name', '=', name)
  return (await query.executeTakeFirst())?.holder ?? null
}
