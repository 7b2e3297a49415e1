import type { Problem } from '../../schemas/problem.ts'
import { ControllerFailure } from '../failure.ts'
import type { Reconciled } from '../reconcile/reconcile.ts'

/** The source as it was found last. */
export interface SourceState {
  readonly path: string
  /**
   * `in_force`: what is written is what runs; `broken`: it does not compile and the last good tables stand; `unreadable`: it could not be read or
   * published, likewise; `starting`: nobody has looked yet.
   */
  readonly state: 'starting' | 'in_force' | 'broken' | 'unreadable'
  readonly commit?: string
  readonly files?: number
  /** When it was looked at last. */
  readonly lookedAt?: string
  /** Why it is unreadable. */
  readonly failure?: { readonly code: string; readonly message: string }
}

/** Remembers how the source was found. */
export class SourceMemory {
  readonly #now: () => number
  #state: SourceState
  #problems: readonly Problem[] = []

  constructor(path: string, now: () => number) {
    this.#now = now
    this.#state = { path, state: 'starting' }
  }

  get state(): SourceState {
    return this.#state
  }

  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** Returns whether people should be told: something is different from last time. */
  found({ commit, files, problems, inForce }: Reconciled): boolean {
    const state = inForce ? 'in_force' : 'broken'
    const news =
      state !== this.#state.state || JSON.stringify(problems) !== JSON.stringify(this.#problems)
    this.#problems = problems
    this.#state = {
      path: this.#state.path,
      state,
      files,
      lookedAt: this.#time(),
      ...(commit !== null && { commit }),
    }
    return news
  }

  /** Returns whether this failure is another than last time. */
  failed(error: unknown): boolean {
    const failure =
      error instanceof ControllerFailure
        ? { code: error.code, message: error.message }
        : { code: 'store_failed', message: 'see the log of the controller' }
    const news = this.#state.failure?.code !== failure.code
    this.#state = { ...this.#state, state: 'unreadable', failure, lookedAt: this.#time() }
    return news
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}
