import type { Selectable } from 'kysely'
import type { Override, OverrideEvent } from '../../schemas/override.ts'
import type { OverrideEventRow, OverrideRow } from '../store/override-tables.ts'
import type { DocumentName } from './documents.ts'
import type { Overriding } from './overlay.ts'
import type { OverrideActor, WantedOverride } from './stored-overrides.ts'

/** What an override is called among files. */
function fileNameOf(id: string): string {
  return `overrides/${id}.yaml`
}

/** The row of an override that is applied at a time. */
export function rowOf(
  { id, text, namespace, documents, reason, expiresAt }: WantedOverride,
  { user, identity }: OverrideActor,
  at: number,
): Selectable<OverrideRow> {
  return {
    ...{ id, text, namespace, reason, identity, created_by: user },
    documents: JSON.stringify(documents),
    created_at: new Date(at),
    expires_at: new Date(expiresAt),
    ended_at: null,
    ended_by: null,
    change: null,
  }
}

/** What is in it. */
export function documentsOf({ documents }: Selectable<OverrideRow>): readonly DocumentName[] {
  return JSON.parse(documents)
}

/** An override as it is compiled. */
export function overridingOf(row: Selectable<OverrideRow>): Overriding {
  const { id, text, namespace, expires_at } = row
  return {
    id,
    file: { path: fileNameOf(id), text, namespace, commit: id },
    documents: documentsOf(row),
    expiresAt: expires_at.getTime(),
  }
}

/** An override as people see it at a time. */
export function overrideOf(row: Selectable<OverrideRow>, now: number): Override {
  const { id, reason, created_by, identity, created_at, expires_at, ended_at, ended_by } = row
  const hasExpired = ended_by === null && (ended_at !== null || expires_at.getTime() <= now)
  const endedAt = ended_at ?? (hasExpired ? expires_at : null)
  return {
    id,
    state: ended_by !== null ? 'ended' : hasExpired ? 'expired' : 'in_force',
    documents: documentsOf(row),
    reason,
    by: created_by,
    identity,
    appliedAt: created_at.toISOString(),
    expiresAt: expires_at.toISOString(),
    ...(endedAt !== null && { endedAt: endedAt.toISOString() }),
    ...(ended_by !== null && { endedBy: ended_by }),
    ...(row.change !== null && { change: JSON.parse(row.change) }),
  }
}

/** An event as people see it. */
export function eventOf(row: Omit<Selectable<OverrideEventRow>, 'id'>): OverrideEvent {
  const { type, override_id, by_name, identity, detail, at } = row
  return {
    type,
    ...(override_id !== null && { override: override_id }),
    ...(by_name !== null && by_name !== '' && { by: by_name }),
    ...(identity !== null && { identity }),
    ...(detail !== null && { detail }),
    at: at.toISOString(),
  }
}
