import { Pool } from 'undici'

/** The sockets to providers: one pool for each origin, made when it is first needed. */
export class ProviderSockets {
  readonly #pools = new Map<string, Pool>()

  of(origin: string): Pool {
    const known = this.#pools.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, { connections: null, pipelining: 1, keepAliveTimeout: 30_000 })
    this.#pools.set(origin, pool)
    return pool
  }

  /** Lets answers under way end for so long, then cuts them off. */
  async stop(graceMs: number): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    const force = setTimeout(() => {
      for (const pool of pools) void pool.destroy()
    }, graceMs)
    await Promise.all(pools.map(pool => pool.close().catch(() => undefined)))
    clearTimeout(force)
  }
}
