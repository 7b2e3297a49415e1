import type { Kysely, Selectable } from 'kysely'
import { ControllerFailure } from './failure.ts'
import type { Database } from './store/database.ts'
import type { ProxyNameRow } from './store/proxy-name-tables.ts'

/** Who calls itself by the name of a proxy: a pod of a namespace, or whoever has the token of the installation. */
export interface ProxyOwner {
  /** Null for the token of the installation. */
  readonly namespace: string | null
  readonly pod?: {
    readonly name: string
    readonly uid: string
    readonly serviceAccount: string
  }
}

export interface ProxyOwnersNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
}

/** Names that one pod may use: its journal has one, and each is kept for ever. */
const mostOfPod = 16
const mostRemembered = 10_000

/** Whose the names of proxies are: a name belongs to whoever used it first, for ever. */
export class ProxyOwners {
  readonly #needs: ProxyOwnersNeeds
  readonly #known = new Map<string, Selectable<ProxyNameRow>>()

  constructor(needs: ProxyOwnersNeeds) {
    this.#needs = needs
  }

  /**
   * Lets the owner go by the name of the proxy, which is its own from the first time on. Rejects with a
   * ControllerFailure: `foreign_proxy` for the name of another one, `too_many_proxies` for a pod with too many names.
   */
  async expect(proxy: string, owner: ProxyOwner): Promise<void> {
    const row =
      this.#known.get(proxy) ?? (await this.#row(proxy)) ?? (await this.#made(proxy, owner))
    this.#remember(row)
    if (isOf(row, owner)) return
    throw new ControllerFailure(
      'foreign_proxy',
      `another pod is the proxy ${proxy}; give every pod a data folder of its own`,
    )
  }

  #row(proxy: string): Promise<Selectable<ProxyNameRow> | undefined> {
    const query = this.#needs.db.selectFrom('proxy_names').selectAll()
    return query.where('proxy', '=', proxy).executeTakeFirst()
  }

  /** The row as it is then, whoever of several was first. */
  async #made(proxy: string, owner: ProxyOwner): Promise<Selectable<ProxyNameRow>> {
    const { db, now } = this.#needs
    if (owner.pod !== undefined) await this.#expectRoom(owner.pod)
    await db
      .insertInto('proxy_names')
      .values({
        proxy,
        namespace: owner.namespace,
        pod_uid: owner.pod?.uid ?? null,
        pod_name: owner.pod?.name ?? null,
        service_account: owner.pod?.serviceAccount ?? null,
        since: new Date(now()),
      })
      .onConflict(known => known.column('proxy').doNothing())
      .execute()
    const query = db.selectFrom('proxy_names').selectAll().where('proxy', '=', proxy)
    return query.executeTakeFirstOrThrow()
  }

  async #expectRoom({ name, uid }: NonNullable<ProxyOwner['pod']>): Promise<void> {
    const row = await this.#needs.db
      .selectFrom('proxy_names')
      .select(eb => eb.fn.countAll<number>().as('count'))
      .where('pod_uid', '=', uid)
      .executeTakeFirst()
    if (Number(row?.count ?? 0) < mostOfPod) return
    throw new ControllerFailure(
      'too_many_proxies',
      `pod ${name} goes by ${mostOfPod} names already`,
    )
  }

  /** Owners never change, so what is remembered stays true. */
  #remember(row: Selectable<ProxyNameRow>): void {
    this.#known.delete(row.proxy)
    this.#known.set(row.proxy, row)
    const [oldest] = this.#known.keys()
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest)
  }
}

function isOf(row: Selectable<ProxyNameRow>, { namespace, pod }: ProxyOwner): boolean {
  return row.namespace === namespace && row.pod_uid === (pod?.uid ?? null)
}
