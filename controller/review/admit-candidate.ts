import type { Kysely } from 'kysely'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Answer } from '../compile/compiler.ts'
import type { Database } from '../store/database.ts'
import { contentOf, noteAdmitted, notReviewed } from './admit-commit.ts'
import { changeDigest, filesDigest, type Standing, standingDigest } from './content-digest.ts'
import { standingReader } from './standing.ts'

export interface AdmitCandidateNeeds {
  readonly db: Kysely<Database>
  /** Names the repository, branch, folder and namespace of the source. */
  readonly place: string
  /** namespace/name of the PolicySource: only reviews by its own people count. */
  readonly sourceId: string
  readonly requireApproved: () => boolean
  /** The namespaces that its changes can be about. */
  readonly isSeen: (namespace: string) => boolean
  /** What would be in force with the files. */
  readonly candidate: (
    files: readonly SourceFile[],
    signal: AbortSignal,
    inForce: Standing,
  ) => Promise<Answer>
  readonly now: () => number
}

/** A commit that compiles. */
interface ArrivedCommit {
  readonly commit: string
  readonly files: readonly SourceFile[]
}

/** Lets a commit in, and notes that, or says why not. */
export type AdmitCandidate = (
  arrived: ArrivedCommit,
  signal: AbortSignal,
) => Promise<Problem | null>

/**
 * Where a source is one of several and others write beside it, what was approved is what would come of its files: exactly
 * that, from exactly what is in force. It is noted before it is put in force, object by object, so that whoever has to
 * finish that finds it admitted.
 */
export function admitCandidate(needs: AdmitCandidateNeeds): AdmitCandidate {
  const { db, place, requireApproved, now } = needs
  const standing = standingReader(needs.isSeen)
  return async ({ commit, files }, signal) => {
    const content = filesDigest(files)
    if (requireApproved() && (await contentOf(db, place)) !== content) {
      const inForce = await standing(db)
      const answer = await needs.candidate(files, signal, inForce)
      if (answer.tables === null) return answer.problems[0] ?? notReviewed
      const arrived = standingDigest(standingOf(answer))
      const isSame = arrived === inForce.digest
      const found = { content, candidate: arrived, inForce: inForce.digest }
      if (!isSame && !(await isApproved(needs, found))) return notReviewed
    }
    await noteAdmitted(db, place, { content, commit, at: new Date(now()) })
    return null
  }
}

function standingOf({ tables, directories }: Answer): Standing {
  const read = (tables ?? []).map(
    ([name, { json }]) => [name, JSON.parse(json) as RuleTable] as const,
  )
  return { tables: new Map(read), directories }
}

/** Whether the people of the source approved just this: the digest that they answered says so. */
async function isApproved(
  { db, sourceId }: AdmitCandidateNeeds,
  found: { readonly content: string; readonly candidate: string; readonly inForce: string },
): Promise<boolean> {
  const rows = await db
    .selectFrom('reviews')
    .select(['digest', 'repository_id', 'change_number', 'head_sha'])
    .where('source', '=', sourceId)
    .where('content', '=', found.content)
    .where('in_force', '=', found.inForce)
    .where(eb =>
      eb.or([
        eb('state', '=', 'approved'),
        eb.and([eb('state', '=', 'merged'), eb('reason', 'is', null)]),
      ]),
    )
    .execute()
  return rows.some(row => {
    const { repository_id: repository, change_number: change, head_sha: head } = row
    return row.digest === changeDigest({ repository, change, head, ...found })
  })
}
