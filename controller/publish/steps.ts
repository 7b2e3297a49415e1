import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import type { Database } from '../store/database.ts'
import type { ReleaseStepRow } from '../store/override-tables.ts'
import type { PastRelease } from './publication.ts'
import type { Publishable } from './releases.ts'

/** A table that takes the place of one in force at a time, whoever can be reached then. */
export interface Step {
  /** RFC 3339. */
  readonly at: string
  readonly table: Publishable
  readonly directory: Directory | null
}

/** The steps as a release names them. */
export function namedSteps(steps: readonly Step[]): TableRelease['next'] {
  if (steps.length === 0) return undefined
  return steps.map(({ at, table }) => ({ at, digest: table.digest }))
}

/** Keeps what follows the tables of namespaces, in place of what followed before. The lock of publishing is held. */
export async function keepSteps(
  db: Transaction<Database>,
  tables: ReadonlyMap<string, Publishable>,
): Promise<void> {
  if (tables.size === 0) return
  await db
    .deleteFrom('release_steps')
    .where('namespace', 'in', [...tables.keys()])
    .execute()
  const rows = [...tables].flatMap(([namespace, { next = [] }]) =>
    next.map(({ at, table, directory }) => ({
      namespace,
      at: new Date(at),
      digest: table.digest,
      overrides: JSON.stringify(table.overrides ?? []),
      directory: directory === null ? null : JSON.stringify(directory),
    })),
  )
  if (rows.length > 0) await db.insertInto('release_steps').values(rows).execute()
}

/** What is to follow by now: which overrides stand, and what time it is. */
export interface StepsAt {
  /** Ids of the overrides that stand. */
  readonly standing: ReadonlySet<string>
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Whether a release is to be followed by another: a time has come, or an override in it stands no more. */
export function isOutdated({ next = [], overrides = [] }: PastRelease, at: StepsAt): boolean {
  return (
    next.some(step => Date.parse(step.at) <= at.now) || overrides.some(id => !at.standing.has(id))
  )
}

/** What has to follow the releases in force by now, with what follows that. */
export async function dueSteps(
  db: Kysely<Database>,
  inForce: Iterable<PastRelease>,
  at: StepsAt,
): Promise<ReadonlyMap<string, Step>> {
  const due = new Map<string, Step>()
  for (const release of inForce) {
    if (!isOutdated(release, at)) continue
    const steps = await stepsOf(db, release.namespace)
    const index = dueIndex(steps, release, at)
    const step = steps[index]
    if (step === undefined) continue
    const table = { ...step.table, next: steps.slice(index + 1) }
    due.set(release.namespace, { ...step, table })
  }
  return due
}

/** The last step whose time has come; else the one that holds exactly those overrides that still stand. */
function dueIndex(
  steps: readonly Step[],
  { overrides = [] }: PastRelease,
  { standing, now }: StepsAt,
): number {
  const byTime = steps.findLastIndex(({ at }) => Date.parse(at) <= now)
  const left = overrides.filter(id => standing.has(id)).join()
  const isLeft = ({ table }: Step) => (table.overrides ?? []).join() === left
  return Math.max(byTime, steps.findIndex(isLeft))
}

async function stepsOf(db: Kysely<Database>, namespace: string): Promise<readonly Step[]> {
  const { rows } = await sql<Selectable<ReleaseStepRow> & { readonly body: string }>`
    select s.*, t.body from release_steps s join tables t on t.digest = s.digest
    where s.namespace = ${namespace} order by s.at`.execute(db)
  return rows.map(({ at, digest, body, overrides, directory }) => ({
    at: new Date(at).toISOString(),
    table: { digest, json: body, overrides: JSON.parse(overrides) },
    directory: directory === null ? null : JSON.parse(directory),
  }))
}
