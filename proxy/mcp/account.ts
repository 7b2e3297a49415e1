import { hash } from 'node:crypto'
import { redactText } from '../../records/redact/redact.ts'
import type { Caller } from './needs.ts'

/** What a session did so far; the only part of a session that policies see. */
export interface Account {
  readonly id: string
  readonly startedAt: number
  toolCalls: number
  modelCalls: number
  /** Micro-USD that its calls cost as far as is known. */
  spentMicroUsd: number
  /** Distinct names in the order of first use, at most 256; later names are not added. */
  readonly toolsUsed: string[]
  /** How many of these names its entries have. */
  toolsTold: number
  lastUsed: number
}

const mostTools = 256
const mostAccounts = 10_000
const mostNamed = 256
const mostLost = 4096
const longestId = 256
const idleMs = 12 * 3_600_000
const lostMs = 10 * 60_000

export function openAccount(id: string, now: number): Account {
  return {
    id,
    startedAt: now,
    toolCalls: 0,
    modelCalls: 0,
    spentMicroUsd: 0,
    toolsUsed: [],
    toolsTold: 0,
    lastUsed: now,
  }
}

/** Counts a call that is about to be forwarded. */
export function count(account: Account, tool: string): void {
  account.toolCalls++
  const { toolsUsed } = account
  if (toolsUsed.length < mostTools && !toolsUsed.includes(tool)) toolsUsed.push(tool)
}

/**
 * What is remembered of callers without a session at the proxy: one account per key, one for each session that they name,
 * and the calls whose answer was lost.
 */
export class KeyAccounts {
  readonly #byKey = new Map<string, Account>()
  readonly #named = new Map<string, Map<string, Account>>()
  readonly #lost = new Map<string, number>()
  readonly #keys = new WeakMap<Caller, string>()

  /** The account of a session that a caller names, else that of its key; a new one begins after 12 idle hours. */
  of(caller: Caller, now: number, session: string | null = null): Account {
    const key = this.#keyOf(caller)
    const named = caller.session ?? session
    if (named !== null) return this.#ofSession(key, caller, named, now)
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

  /** No key may crowd out the sessions of another. */
  #ofSession(key: string, { agent }: Caller, session: string, now: number): Account {
    const mine = this.#named.get(key) ?? new Map<string, Account>()
    const known = mine.get(session)
    const fresh = known === undefined || now - known.lastUsed >= idleMs
    const account = fresh ? openAccount(sessionId(agent.name, session), now) : known
    account.lastUsed = now
    mine.delete(session)
    mine.set(session, account)
    dropOldest(mine, mostNamed)
    this.#named.delete(key)
    this.#named.set(key, mine)
    dropOldest(this.#named, mostAccounts)
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

/** Agents choose the names of their sessions, and none may name another's; a name that looks like a credential is kept nowhere. */
function sessionId(agent: string, session: string): string {
  const id = `${agent}/${session}`
  const fit = id.length <= longestId && redactText(session) === session
  return fit ? id : `sha256:${hash('sha256', id)}`
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
