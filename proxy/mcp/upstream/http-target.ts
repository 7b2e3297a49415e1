import { type Dispatcher, Pool } from 'undici'

/** Sends requests to one place. */
export interface Sockets {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean
  /** Settles when what is under way has ended. */
  close(): Promise<void>
  destroy(): Promise<void>
}

/** Where an upstream listens, with the sockets to it that all its links share. */
export interface HttpTarget {
  readonly pool: Sockets
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

/** Headers with their names in lower case, as they are compared here. */
export function lowerCased(
  headers: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
