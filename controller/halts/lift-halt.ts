import type { Transaction } from 'kysely'
import type { Halt } from '../../schemas/halt.ts'
import type { Database } from '../store/database.ts'
import { actorIn, type HaltActor, noteHalt } from './halt-actor.ts'
import type { StoredHalt } from './halt-rows.ts'

/** Somebody who may lift a halt. */
export interface Lifter extends HaltActor {
  /** The name under which a person counts once. */
  readonly person: string
  /** Whether somebody else could confirm: then somebody else has to. */
  readonly needsOther: boolean
  /** Whether the person who asked may still lift it. */
  readonly mayStill: (person: string) => boolean
}

/** Why a halt is not lifted. */
export type LiftRefusal = 'unknown_halt' | 'lifted_already' | 'asked_by_you'

/** What an attempt to lift comes to: a question, a lift by one person or by two, or nothing. */
export type LiftStep = LiftRefusal | 'ask' | 'lift' | 'lift_together'

/** What became of lifting: it was asked for, or done. */
export type Lifting =
  | { readonly outcome: 'asked' | 'lifted'; readonly halt: Halt }
  | { readonly outcome: 'refused'; readonly why: LiftRefusal }

/** What follows when somebody wants a halt lifted. A question of who may not lift any more does not count. */
export function liftStep(row: StoredHalt | null, by: Lifter): LiftStep {
  if (row === null) return 'unknown_halt'
  if (row.lifted_at !== null) return 'lifted_already'
  const isAsked = row.asked_person !== null && by.mayStill(row.asked_person)
  if (isAsked && !isSame(row, by)) return 'lift_together'
  if (!by.needsOther) return 'lift'
  return isAsked ? 'asked_by_you' : 'ask'
}

/** Whoever counts as the same person, or shows the same proof, is the same. */
function isSame(row: StoredHalt, { person, user, identity }: Lifter): boolean {
  return (
    row.asked_person === person ||
    row.asked_identity === identity ||
    (user !== '' && row.asked_by === user)
  )
}

/** The step that was taken, as its caller reads it. */
export function liftingOf(step: LiftStep, halt: Halt | null): Lifting {
  switch (step) {
    case 'unknown_halt':
    case 'lifted_already':
    case 'asked_by_you':
      return { outcome: 'refused', why: step }
    case 'ask':
    case 'lift':
    case 'lift_together':
      if (halt === null) return { outcome: 'refused', why: 'unknown_halt' }
      return { outcome: step === 'ask' ? 'asked' : 'lifted', halt }
  }
}

interface Attempt {
  readonly by: Lifter
  readonly at: Date
}

/** Writes down that somebody asks; in place of an earlier question. */
export async function askToLift(
  db: Transaction<Database>,
  id: string,
  reason: string,
  { by, at }: Attempt,
): Promise<StoredHalt> {
  const { person, user, identity } = by
  const row = await db
    .updateTable('halts')
    .set({
      ...{ asked_person: person, asked_by: user || identity, asked_identity: identity },
      ...{ asked_reason: reason, asked_at: at },
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  await noteHalt(db, { halt_id: id, type: 'lift_asked', ...actorIn(by), detail: reason, at })
  return row
}

/** Lifts a halt; `changed` is the number of that change. */
export async function liftNow(
  db: Transaction<Database>,
  id: string,
  reason: string,
  { by, at, reviewed, changed }: Attempt & { readonly reviewed: boolean; readonly changed: number },
): Promise<StoredHalt> {
  const { user, identity } = by
  const row = await db
    .updateTable('halts')
    .set({
      ...{ lifted_by: user || identity, lifted_identity: identity, lifted_reason: reason },
      ...{ lifted_at: at, reviewed, changed },
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  const detail = reviewed ? reason : `unreviewed: ${reason}`
  await noteHalt(db, { halt_id: id, type: 'lifted', ...actorIn(by), detail, at })
  return row
}
