import type { SignedInAs } from '../schemas/sign-in.ts'
import { ApiFailure, type Asker, asker } from './api/ask.ts'
import { type Live, openLive } from './api/live.ts'

/** Who is signed in: somebody, nobody, or not known yet. */
export type Who = SignedInAs | 'nobody' | 'unknown'

/** Says that somebody signed in here; the cookie itself no script can see. */
const marker = 'writ.signed-in'

/** What the pages share: who is signed in, how to ask, what happens. */
export class Session {
  readonly api: Asker
  readonly #listeners = new Set<() => void>()
  #who: Who = 'unknown'
  #live: Live | null = null

  constructor() {
    this.api = asker({
      csrfToken: () => (typeof this.#who === 'object' ? this.#who.csrfToken : undefined),
      onSignedOut: () => this.#become('nobody'),
    })
  }

  get who(): Who {
    return this.#who
  }

  /** What happens; only while somebody is signed in. */
  get live(): Live {
    this.#live ??= openLive()
    return this.#live
  }

  /** Calls the listener when somebody else is signed in; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks who is signed in, unless nobody was on this device. */
  async look(): Promise<void> {
    if (localStorage.getItem(marker) === null) return this.#become('nobody')
    try {
      this.#become(await this.api.get<SignedInAs>('/api/v1/auth/session'))
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 401) throw error
    }
  }

  /** Signs in; rejects with an ApiFailure that says why not. */
  async signIn(username: string, password: string): Promise<void> {
    await this.api.send('POST', '/api/v1/auth/session', { username, password })
    await this.signedIn()
  }

  /** Somebody was signed in just now. */
  async signedIn(): Promise<void> {
    localStorage.setItem(marker, 'yes')
    await this.look()
  }

  async signOut(): Promise<void> {
    await this.api.send('DELETE', '/api/v1/auth/session')
    this.#become('nobody')
  }

  #become(who: Who): void {
    this.#who = who
    if (who === 'nobody') {
      localStorage.removeItem(marker)
      this.#live?.close()
      this.#live = null
    }
    for (const listener of this.#listeners) listener()
  }
}
