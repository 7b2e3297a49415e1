import type { LoadedTable } from '../../policy/decide/load.ts'
import type { TableAgent } from '../../schemas/rule-table.ts'
import type { TableRelease } from '../../schemas/table-release.ts'

/** Who presents a key: the agent, its namespace, and the name of the key. */
export interface Caller {
  readonly namespace: string
  readonly agent: TableAgent
  readonly apiKey: string
  readonly session?: string
  readonly table?: string
}

/** The tables in force, read synchronously by the data path. */
export interface Tables {
  /** Whose key has this SHA-256 (hex), or null when it is unknown, expired or claimed twice. `now` in ms since 1970. */
  caller(sha256OfKey: string, now: number): Caller | null
  /** The table of a namespace, or null when it never had one. */
  current(namespace: string): LoadedTable | null
  /** Calls the listener after every swap; returns how to stop. */
  subscribe(listener: (namespace: string) => void): () => void
}

/** A table that passed every check, and the release that put it in force, be it by itself or in its time. */
export interface InForce {
  readonly release: TableRelease
  readonly table: LoadedTable
  readonly keys: KeyIndex
}

/** SHA-256 of a key to its owner; null where two agents claim the same key. */
export type KeyIndex = ReadonlyMap<string, KeyOwner | null>

export interface KeyOwner {
  readonly caller: Caller
  /** Milliseconds since 1970; never when Infinity. */
  readonly expires: number
}

/** The tables in force and how they are replaced. */
export class TablesInForce implements Tables {
  #byNamespace: ReadonlyMap<string, InForce> = new Map()
  readonly #listeners = new Set<(namespace: string) => void>()

  caller(sha256OfKey: string, now: number): Caller | null {
    let found: KeyOwner | null = null
    for (const { keys } of this.#byNamespace.values()) {
      const owner = keys.get(sha256OfKey)
      if (owner === undefined) continue
      if (owner === null || found !== null) return null
      found = owner
    }
    return found !== null && now < found.expires ? found.caller : null
  }

  current(namespace: string): LoadedTable | null {
    return this.#byNamespace.get(namespace)?.table ?? null
  }

  release(namespace: string): TableRelease | null {
    return this.#byNamespace.get(namespace)?.release ?? null
  }

  /** Every release in force. */
  releases(): readonly TableRelease[] {
    return [...this.#byNamespace.values()].map(({ release }) => release)
  }

  subscribe(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes the table of a namespace out of force: nobody in it may do anything any more. */
  drop(namespace: string): void {
    const left = new Map(this.#byNamespace)
    if (!left.delete(namespace)) return
    this.#byNamespace = left
    for (const listener of this.#listeners) listener(namespace)
  }

  /** Puts a table in force, whole; calls that were judged already keep the old one. */
  swap(next: InForce): void {
    const { namespace } = next.release
    this.#byNamespace = new Map(this.#byNamespace).set(namespace, next)
    for (const listener of this.#listeners) listener(namespace)
  }
}
