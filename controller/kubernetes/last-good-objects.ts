import { createHash } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import { type Fence, passFence } from '../store/fence.ts'
import type { KubernetesObjectRow } from '../store/kubernetes-tables.ts'

/** A version of an object that compiled. */
export interface GoodObject {
  readonly namespace: string
  readonly plural: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** The YAML that was compiled. */
  readonly text: string
}

/** What names an object. */
export type ObjectName = Pick<GoodObject, 'namespace' | 'plural' | 'name'>

export interface LastGoodObjectsNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
}

/** Rows of one statement: PostgreSQL takes 65,535 parameters. */
const atOnce = 1000

/** The newest good version of every object, kept across restarts; what is deleted is forgotten. */
export class LastGoodObjects {
  readonly #needs: LastGoodObjectsNeeds

  constructor(needs: LastGoodObjectsNeeds) {
    this.#needs = needs
  }

  /** All that are kept, or those of one namespace. */
  async read(namespace?: string): Promise<readonly KubernetesObjectRow[]> {
    const all = this.#needs.db.selectFrom('kubernetes_objects').selectAll()
    const asked = namespace === undefined ? all : all.where('namespace', '=', namespace)
    return asked.orderBy('namespace').orderBy('plural').orderBy('name').execute()
  }

  /**
   * Keeps good versions and forgets objects that are gone, both or neither. An older generation of the same object never
   * replaces a newer one. Throws a ControllerFailure `fenced` when the fence is not that of the leader.
   */
  async keep(
    good: readonly GoodObject[],
    gone: readonly ObjectName[],
    fence: Fence,
  ): Promise<void> {
    if (good.length === 0 && gone.length === 0) return
    const { db, now } = this.#needs
    await db.transaction().execute(async db => {
      await passFence(db, fence, new Date(now()))
      for (const some of chunks(good)) await keep(db, some)
      for (const some of chunks(gone)) await forget(db, some)
    })
  }
}

async function keep(db: Transaction<Database>, good: readonly GoodObject[]): Promise<void> {
  await db
    .insertInto('kubernetes_objects')
    .values(good.map(object => ({ ...object, digest: digestOf(object.text) })))
    .onConflict(existing =>
      existing
        .columns(['namespace', 'plural', 'name'])
        .doUpdateSet(({ ref }) => ({
          uid: ref('excluded.uid'),
          generation: ref('excluded.generation'),
          text: ref('excluded.text'),
          digest: ref('excluded.digest'),
        }))
        .where(({ eb, or }) =>
          or([
            eb('kubernetes_objects.uid', '!=', eb.ref('excluded.uid')),
            eb('kubernetes_objects.generation', '<=', eb.ref('excluded.generation')),
          ]),
        ),
    )
    .execute()
}

async function forget(db: Transaction<Database>, gone: readonly ObjectName[]): Promise<void> {
  const names = gone.map(({ namespace, plural, name }) => sql`(${namespace}, ${plural}, ${name})`)
  await sql`
    delete from kubernetes_objects
    where (namespace, plural, name) in (${sql.join(names)})`.execute(db)
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += atOnce) yield all.slice(at, at + atOnce)
}
