import { randomBytes } from 'node:crypto'
import type { Account } from './account.ts'
import type { Caller } from './needs.ts'
import { Session, type SessionStart } from './session.ts'
import type { Offering } from './upstream/catalog.ts'

const mostPerKey = 64
const idleMs = 12 * 3_600_000
const breathMs = 15_000

const notices: { readonly [K in Offering]: string } = {
  tools: 'notifications/tools/list_changed',
  prompts: 'notifications/prompts/list_changed',
  resources: 'notifications/resources/list_changed',
  templates: 'notifications/resources/list_changed',
}

/** The methods that tell of changed lists. */
export function noticesOf(lists: readonly Offering[]): readonly string[] {
  return [...new Set(lists.map(list => notices[list]))]
}

/** The open sessions. Bounded for each key: the one idle longest makes room. */
export class Sessions {
  readonly #byId = new Map<string, Session>()
  readonly #onClose: (session: Session) => void
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout

  constructor(now: () => number, onClose: (session: Session) => void) {
    this.#now = now
    this.#onClose = onClose
    this.#timer = setInterval(() => this.#tick(), breathMs)
    this.#timer.unref()
  }

  get size(): number {
    return this.#byId.size
  }

  open(start: Omit<SessionStart, 'id' | 'now'>): Session {
    const mine = [...this.#byId.values()].filter(({ keyHash }) => keyHash === start.keyHash)
    mine.sort((a, b) => a.account.lastUsed - b.account.lastUsed)
    const [oldest] = mine
    if (mine.length >= mostPerKey && oldest !== undefined) this.close(oldest)
    const id = randomBytes(24).toString('base64url')
    const session = new Session({ ...start, id, now: this.#now() })
    this.#byId.set(id, session)
    return session
  }

  /** The session of that id, provided that it was opened with the same key. */
  find(id: string, keyHash: string, caller: Caller): Session | null {
    const session = this.#byId.get(id)
    if (session === undefined || session.keyHash !== keyHash) return null
    session.caller = caller
    session.account.lastUsed = this.#now()
    return session
  }

  /** What the open session of that id did so far; null unless it was opened with the same key. */
  accountOf(id: string, keyHash: string): Account | null {
    const session = this.#byId.get(id)
    return session?.keyHash === keyHash ? session.account : null
  }

  close(session: Session): void {
    if (!this.#byId.delete(session.id)) return
    session.close()
    this.#onClose(session)
  }

  /** Tells every session of a namespace which lists may look different now. */
  announce(namespace: string, lists: readonly Offering[]): void {
    for (const session of this.#byId.values()) {
      if (session.caller.namespace !== namespace) continue
      for (const method of noticesOf(lists)) session.announce(method)
    }
  }

  /** Closes the sessions whose key is good no more. */
  expel(good: (keyHash: string) => boolean): void {
    for (const session of [...this.#byId.values()]) if (!good(session.keyHash)) this.close(session)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.expel(() => false)
  }

  #tick(): void {
    const now = this.#now()
    for (const session of [...this.#byId.values()]) {
      const busy = session.inFlight.size > 0
      if (!busy && now - session.account.lastUsed > idleMs) this.close(session)
      else session.breathe()
    }
  }
}
