import type { Kysely } from 'kysely'
import type { Problem } from '../../schemas/problem.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Admission } from '../reconcile/reconcile.ts'
import type { Database } from '../store/database.ts'
import { filesDigest, standingDigest } from './content-digest.ts'
import { standingReader } from './standing.ts'

export interface AdmissionNeeds {
  readonly db: Kysely<Database>
  /** Names the repository, branch and folder that commits are from. */
  readonly source: string
  /** Whether the source, as it is in force, takes only what was approved. */
  readonly requireApproved: () => boolean
  readonly now: () => number
}

/**
 * A source that takes only what was approved is put in force with exactly the files that people approved, compared with
 * exactly what is in force; whoever merged or pushed them. Files that are in force already always stand.
 */
export function openAdmission({ db, source, requireApproved, now }: AdmissionNeeds): Admission {
  const standing = standingReader()
  return {
    async refusal({ files, answer }) {
      if (!requireApproved()) return null
      const content = filesDigest(files)
      if ((await contentOf(db, source)) === content) return null
      const inForce = await standing(db)
      const tables = (answer.tables ?? []).map(
        ([name, { json }]) => [name, JSON.parse(json) as RuleTable] as const,
      )
      const arrived = standingDigest({ ...answer, tables: new Map(tables) })
      if (arrived === inForce.digest) return null
      return (await isApproved(db, content, inForce.digest)) ? null : notReviewed
    },
    admitted: ({ commit, files }) =>
      noteAdmitted(db, source, { content: filesDigest(files), commit, at: new Date(now()) }),
  }
}

/** Notes which content of a source is in force, or is about to be. */
export async function noteAdmitted(
  db: Kysely<Database>,
  source: string,
  { content, commit, at }: { readonly content: string; readonly commit: string; readonly at: Date },
): Promise<void> {
  const row = { content, commit_id: commit, at }
  await db
    .insertInto('admitted_sources')
    .values({ source, ...row })
    .onConflict(known => known.column('source').doUpdateSet(row))
    .execute()
}

/** The content of a source that was admitted last, or null. */
export async function contentOf(db: Kysely<Database>, source: string): Promise<string | null> {
  const row = await db
    .selectFrom('admitted_sources')
    .select('content')
    .where('source', '=', source)
    .executeTakeFirst()
  return row?.content ?? null
}

async function isApproved(
  db: Kysely<Database>,
  content: string,
  inForce: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('reviews')
    .select('id')
    .where('content', '=', content)
    .where('in_force', '=', inForce)
    .where(eb =>
      eb.or([
        eb('state', '=', 'approved'),
        eb.and([eb('state', '=', 'merged'), eb('reason', 'is', null)]),
      ]),
    )
    .executeTakeFirst()
  return row !== undefined
}

/** Why a commit is not put in force. */
export const notReviewed: Problem = {
  severity: 'error',
  code: 'commit_not_reviewed',
  message: 'Nobody approved the policies of this commit as they are, so they are not put in force.',
  suggestion:
    'Open a change on top of it: what is approved there is compared with what is in force.',
  file: '.',
  line: 1,
  column: 1,
}
