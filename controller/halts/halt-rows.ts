import type { Selectable } from 'kysely'
import type { Halt, HaltEvent, HaltNotice } from '../../schemas/halt.ts'
import type { HaltEventRow, HaltRow } from '../store/halt-tables.ts'

/** A halt as it is stored. */
export type StoredHalt = Selectable<HaltRow>

/** A halt as people read it. */
export function haltOf(row: StoredHalt): Halt {
  return {
    id: row.id,
    state: row.lifted_at !== null ? 'lifted' : row.asked_at !== null ? 'lift_asked' : 'standing',
    ...scopeOf(row),
    reason: row.reason,
    by: row.by_name,
    identity: row.identity,
    at: row.at.toISOString(),
    ...(row.asked_at && {
      liftAsked: {
        by: row.asked_by ?? '',
        identity: row.asked_identity ?? '',
        reason: row.asked_reason ?? '',
        at: row.asked_at.toISOString(),
      },
    }),
    ...(row.lifted_at && {
      lifted: {
        by: row.lifted_by ?? '',
        identity: row.lifted_identity ?? '',
        reason: row.lifted_reason ?? '',
        at: row.lifted_at.toISOString(),
        reviewed: row.reviewed === true,
      },
    }),
  }
}

/** A halt as proxies get it. */
export function noticeOf(row: StoredHalt): HaltNotice {
  const { id, reason, by_name: by, at } = row
  return { id, ...scopeOf(row), reason, by, since: at.toISOString() }
}

function scopeOf({ what, namespace, agent }: StoredHalt) {
  return { what, ...(namespace !== null && { namespace }), ...(agent !== null && { agent }) }
}

/** An event as people read it. */
export function eventOf({
  type,
  halt_id,
  by_name,
  identity,
  detail,
  at,
}: Omit<Selectable<HaltEventRow>, 'id'>): HaltEvent {
  return {
    type,
    ...(halt_id !== null && { halt: halt_id }),
    ...(by_name && { by: by_name }),
    ...(identity !== null && { identity }),
    ...(detail !== null && { detail }),
    at: at.toISOString(),
  }
}
