import { Pool } from 'undici'
import { ProxyFailure } from '../failure.ts'

const mostPlaces = 1024

interface Place {
  readonly pool: Pool
  readonly path: string
}

/** The sockets to providers: one pool for each origin, made when it is first needed. */
export class ProviderSockets {
  readonly #pools = new Map<string, Pool>()
  readonly #places = new Map<string, Place>()
  #stopped = false

  /** Where an address leads. */
  at(url: string): Place {
    const known = this.#places.get(url)
    if (known !== undefined) return known
    const { origin, pathname } = new URL(url)
    const place = { pool: this.of(origin), path: pathname }
    // Tables come and go, and with them addresses.
    if (this.#places.size >= mostPlaces) this.#places.clear()
    this.#places.set(url, place)
    return place
  }

  of(origin: string): Pool {
    if (this.#stopped) throw new ProxyFailure('upstream_stopped', 'the proxy is stopping')
    const known = this.#pools.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, { connections: null, pipelining: 1, keepAliveTimeout: 30_000 })
    this.#pools.set(origin, pool)
    return pool
  }

  /** Lets answers under way end for so long, then cuts them off. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    this.#places.clear()
    const force = setTimeout(() => {
      for (const pool of pools) void pool.destroy()
    }, graceMs)
    await Promise.all(pools.map(pool => pool.close().catch(() => undefined)))
    clearTimeout(force)
  }
}
