import { type Kysely, sql } from 'kysely'
import type { AppliedSource } from '../../publish/publication.ts'
import type { Database } from '../../store/database.ts'
import { type Fence, passFence } from '../../store/fence.ts'
import type { AppliedObjectRow, AppliedSourceRow } from '../../store/source-tables.ts'
import type { Objects } from '../objects.ts'
import type { CommitOf } from '../reconcile/object-file.ts'

export interface ProvenanceNeeds {
  readonly db: Kysely<Database>
  readonly objects: Pick<Objects, 'of' | 'in' | 'namespaces'>
  readonly fence: Fence
  readonly now: () => number
}

/**
 * Which commit of which source wrote the objects, as who applied them knows: labels say it to people, and anybody
 * who may edit an object may edit those.
 */
export interface Provenance {
  /** Reads what is in the store, and forgets what is no longer in the cluster; the objects are listed. Nothing else counts before. */
  open(): Promise<void>
  readonly commitOf: CommitOf
  /** The sources that write a namespace, each with the commit that is applied, sorted. */
  sourcesOf(namespace: string): readonly AppliedSource[]
  /** A commit is about to be applied. */
  takes(source: AppliedSourceRow): Promise<void>
  /** A generation of an object was written. It is known at once, and in the store when this settles. */
  wrote(object: AppliedObjectRow): Promise<void>
}

/** Knows nothing until it is opened. */
export function openProvenance(needs: ProvenanceNeeds): Provenance {
  const written = new Map<string, AppliedObjectRow>()
  const sources = new Map<string, AppliedSourceRow>()
  const kept = keptRows(needs)
  let opening: Promise<void> | null = null
  const load = async () => {
    const rows = await kept.read()
    for (const row of rows.objects) written.set(row.uid, row)
    for (const row of rows.sources) sources.set(keyOf(row), row)
  }
  const isThere = ({ uid }: AppliedSourceRow) =>
    needs.objects.of('PolicySource').some(({ metadata }) => metadata.uid === uid)
  return {
    open() {
      opening ??= load().catch(error => {
        opening = null
        throw error
      })
      return opening
    },
    commitOf({ uid, generation }) {
      const known = written.get(uid)
      return known?.generation === generation ? known.commit_id : null
    },
    sourcesOf: namespace =>
      [...sources.values()]
        .filter(row => row.namespace === namespace && isThere(row))
        .map(({ source, commit_id: commit }) => ({ source, commit }))
        .sort((a, b) => (a.source < b.source ? -1 : 1)),
    takes(row) {
      sources.set(keyOf(row), row)
      return kept.putSource(row)
    },
    wrote(row) {
      written.set(row.uid, row)
      return kept.putObject(row)
    },
  }
}

/** The rows in the store, which only the leader writes. */
function keptRows({ db, objects, fence, now }: ProvenanceNeeds) {
  const fenced = (work: (db: Kysely<Database>) => Promise<unknown>): Promise<void> =>
    db.transaction().execute(async db => {
      await passFence(db, fence, new Date(now()))
      await work(db)
    })
  return {
    async read() {
      const live = objects.namespaces().flatMap(name => objects.in(name))
      const uids = live.map(({ metadata }) => metadata.uid)
      await fenced(async db => {
        await sql`delete from applied_objects where uid <> all(${uids}::text[])`.execute(db)
        await sql`delete from applied_sources where uid <> all(${uids}::text[])`.execute(db)
      })
      const rows = await db.selectFrom('applied_objects').selectAll().execute()
      return {
        objects: rows.map(row => ({ ...row, generation: Number(row.generation) })),
        sources: await db.selectFrom('applied_sources').selectAll().execute(),
      }
    },
    putSource: (row: AppliedSourceRow) =>
      fenced(db =>
        db
          .insertInto('applied_sources')
          .values(row)
          .onConflict(known => known.columns(['namespace', 'source']).doUpdateSet(row))
          .execute(),
      ),
    putObject: (row: AppliedObjectRow) =>
      fenced(db =>
        db
          .insertInto('applied_objects')
          .values(row)
          .onConflict(known => known.column('uid').doUpdateSet(row))
          .execute(),
      ),
  }
}

function keyOf({ namespace, source }: AppliedSourceRow): string {
  return `${namespace} ${source}`
}
