import { Pool } from 'undici'

/** Where an upstream listens, with the sockets to it that all its links share. */
export interface HttpTarget {
  readonly pool: Pool
  readonly path: string
  /** Headers of every request, credentials included. */
  readonly headers: Readonly<Record<string, string>>
}

/** Opens a pool for the address; sockets are made when they are needed. */
export function httpTarget(url: string, headers: Readonly<Record<string, string>>): HttpTarget {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, { connections: null, pipelining: 1, keepAliveTimeout: 30_000 })
  return { pool, path: pathname + search, headers }
}
