import type { Transaction } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import type { Database } from '../store/database.ts'
import type { DirectoryText } from './directories.ts'
import {
  type PeopleChange,
  type PeopleChanges,
  peopleChanges,
  withChanges,
} from './people-changes.ts'

type Numbered = Pick<TableRelease, 'namespace' | 'sequence'>

/** What is published: releases, and directories that are not as they were. */
export interface PublishedPeople {
  readonly fresh: readonly Numbered[]
  /** The releases in force then, by namespace. */
  readonly inForce: ReadonlyMap<string, Numbered>
  readonly directories: readonly DirectoryText[]
  /** The directory that was in force; null for none. */
  readonly was: (namespace: string) => Directory | null
}

/**
 * Keeps beside every new release what changed besides rules, and beside one that stays in force what changes while it does.
 * The lock of publishing is held.
 */
export async function keepPeople(
  db: Transaction<Database>,
  { fresh, inForce, directories, was }: PublishedPeople,
  at: Date,
): Promise<void> {
  const changed = new Map(
    directories.map(({ namespace, body }) => [
      namespace,
      peopleChanges(was(namespace), JSON.parse(body) as Directory),
    ]),
  )
  for (const { namespace, sequence } of fresh) {
    await keep(db, sequence, withChanges(none, changed.get(namespace) ?? []))
    changed.delete(namespace)
  }
  for (const [namespace, changes] of changed) {
    const release = inForce.get(namespace)
    if (release !== undefined && changes.length > 0) await add(db, release.sequence, changes, at)
  }
}

const none: PeopleChanges = { count: 0, changes: [] }

async function add(
  db: Transaction<Database>,
  sequence: number,
  changes: readonly PeopleChange[],
  at: Date,
): Promise<void> {
  const since = at.toISOString()
  const row = await db
    .selectFrom('release_people')
    .select('changes')
    .where('sequence', '=', sequence)
    .executeTakeFirst()
  const before: PeopleChanges =
    row === undefined ? { ...none, from: since } : JSON.parse(row.changes)
  await keep(
    db,
    sequence,
    withChanges(
      before,
      changes.map(change => ({ ...change, since })),
    ),
  )
}

async function keep(
  db: Transaction<Database>,
  sequence: number,
  people: PeopleChanges,
): Promise<void> {
  const changes = JSON.stringify(people)
  await db
    .insertInto('release_people')
    .values({ sequence, changes })
    .onConflict(existing => existing.column('sequence').doUpdateSet({ changes }))
    .execute()
}
