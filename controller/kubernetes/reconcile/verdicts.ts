import type { Problem } from '../../../schemas/problem.ts'
import type { Overriding } from '../../overrides/overlay.ts'

/** What the compiler made of a version of an object. */
export interface Verdict {
  readonly uid: string
  readonly generation: number
  readonly accepted: boolean
  /** Errors when it was refused; warnings when it was not. */
  readonly problems: readonly Problem[]
  /** The YAML that problems have places in. */
  readonly text: string
  /** Which generation of the object is in force; null when none is. */
  readonly inForce: number | null
  /** What stands in its place for a while. */
  readonly override?: Pick<Overriding, 'id' | 'expiresAt'>
}

/** The newest verdicts, by the path of the object. */
export class Verdicts {
  readonly #byNamespace = new Map<string, ReadonlyMap<string, Verdict>>()
  readonly #listeners = new Set<(namespace: string) => void>()

  of(namespace: string): ReadonlyMap<string, Verdict> {
    return this.#byNamespace.get(namespace) ?? none
  }

  /** Every problem of every object, by path. */
  problems(): readonly Problem[] {
    return [...this.#byNamespace.values()].flatMap(verdicts =>
      [...verdicts.values()].flatMap(({ problems }) => problems),
    )
  }

  /** The namespaces in which something was refused for such a problem. */
  refusedFor(code: string): readonly string[] {
    return [...this.#byNamespace].flatMap(([namespace, verdicts]) => {
      const isOne = [...verdicts.values()].some(
        ({ accepted, problems }) => !accepted && problems.some(problem => problem.code === code),
      )
      return isOne ? [namespace] : []
    })
  }

  /** Whether every object is accepted in its newest version. */
  get allAccepted(): boolean {
    return [...this.#byNamespace.values()].every(verdicts =>
      [...verdicts.values()].every(({ accepted }) => accepted),
    )
  }

  /** Takes what was found in a namespace, and tells the listeners. */
  put(namespace: string, verdicts: ReadonlyMap<string, Verdict>): void {
    if (verdicts.size === 0) this.#byNamespace.delete(namespace)
    else this.#byNamespace.set(namespace, verdicts)
    for (const listener of this.#listeners) listener(namespace)
  }

  /** Calls the listener with every namespace that was looked at; returns how to stop. */
  subscribe(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

const none: ReadonlyMap<string, Verdict> = new Map()
