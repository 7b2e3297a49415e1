import type { Caller } from './needs.ts'

/** What a session did so far; the only part of a session that policies see. */
export interface Account {
  readonly id: string
  readonly startedAt: number
  toolCalls: number
  /** Distinct names in the order of first use, at most 256; later names are not added. */
  readonly toolsUsed: string[]
  lastUsed: number
}

const mostTools = 256
const mostAccounts = 10_000
const mostLost = 4096
const idleMs = 12 * 3_600_000
const lostMs = 10 * 60_000

export function openAccount(id: string, now: number): Account {
  return { id, startedAt: now, toolCalls: 0, toolsUsed: [], lastUsed: now }
}

/** Counts a call that is about to be forwarded. */
export function count(account: Account, tool: string): void {
  account.toolCalls++
  const { toolsUsed } = account
  if (toolsUsed.length < mostTools && !toolsUsed.includes(tool)) toolsUsed.push(tool)
}

/** What is remembered of callers without a session: one account per key, and the calls whose answer was lost. */
export class KeyAccounts {
  readonly #byKey = new Map<string, Account>()
  readonly #lost = new Map<string, number>()
  readonly #keys = new WeakMap<Caller, string>()

  /** The account of a key; a new one begins after 12 idle hours. */
  of(caller: Caller, now: number): Account {
    const key = this.#keyOf(caller)
    const known = this.#byKey.get(key)
    if (known !== undefined && now - known.lastUsed < idleMs) {
      known.lastUsed = now
      return known
    }
    const account = openAccount(`${caller.agent.name}/${caller.apiKey}/${now}`, now)
    this.#byKey.delete(key)
    this.#byKey.set(key, account)
    dropOldest(this.#byKey, mostAccounts)
    return account
  }

  /** Remembers for ten minutes that the answer to a call was lost. */
  lose(caller: Caller, call: string, now: number): void {
    this.#lost.set(`${this.#keyOf(caller)} ${call}`, now)
    dropOldest(this.#lost, mostLost)
  }

  lost(caller: Caller, call: () => string, now: number): boolean {
    if (this.#lost.size === 0) return false
    const at = this.#lost.get(`${this.#keyOf(caller)} ${call()}`)
    return at !== undefined && now - at < lostMs
  }

  #keyOf(caller: Caller): string {
    let key = this.#keys.get(caller)
    if (key === undefined) {
      key = JSON.stringify([caller.namespace, caller.agent.name, caller.apiKey])
      this.#keys.set(caller, key)
    }
    return key
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
