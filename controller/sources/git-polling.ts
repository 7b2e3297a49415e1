import type { Service } from '../../lifecycle/run.ts'
import { settledOrAborted, wait } from '../../lifecycle/wait.ts'
import type { Problem } from '../../schemas/problem.ts'
import { GitFailure } from '../git/failure.ts'
import type { GitProblem } from '../git/git-problem.ts'
import { refusalOf } from '../git/refusal.ts'
import type { GitRepository, PolicyCommit } from '../git/repository.ts'
import type { Snapshot } from './source.ts'

export interface GitPollingNeeds {
  readonly repository: GitRepository
  /** Its address, for problems. */
  readonly address: string
  /** Folder in the repository. */
  readonly path: string
  /** How long to wait after all went well; asked every time. */
  readonly intervalMs: () => number
  /** Told of every commit before it comes into force. */
  readonly onCommit: (commit: PolicyCommit) => Promise<void>
  /** Told when there is something else than before. */
  readonly onChange: () => void
}

/** After a failure a repository is asked again no later than this. */
const mostRetryMs = 30_000

/** Wakes that come in one go are one. */
const settleMs = 300

/** Fetches a repository again and again, and remembers what is good in it and why there is nothing newer. */
export class GitPolling implements Service {
  readonly name = 'git source'
  readonly #needs: GitPollingNeeds
  readonly #looked = Promise.withResolvers<void>()
  #good: Snapshot | null = null
  #handed = false
  #refused: GitProblem | null = null
  #woken = new AbortController()

  constructor(needs: GitPollingNeeds) {
    this.#needs = needs
  }

  /** Takes what was in force last, which is there before anybody is asked. */
  async restore(signal: AbortSignal): Promise<void> {
    const { repository, path } = this.#needs
    const commit = await repository.kept()
    if (commit === null) return
    const snapshot = await repository.snapshotAt(commit, path, signal).catch(ignoreFailure)
    if (snapshot === null || snapshot.problems.length > 0) return
    this.#good = snapshot
    this.#looked.resolve()
  }

  /** Looks now instead of when the interval is over. */
  look(): void {
    this.#woken.abort()
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#woken = new AbortController()
      await this.#poll(signal)
      const usual = this.#needs.intervalMs()
      const afterMs = this.#refused === null ? usual : Math.min(usual, mostRetryMs)
      await wait(afterMs, AbortSignal.any([signal, this.#woken.signal]))
      // Whoever wakes often, such as somebody who repeats a webhook, has it done once.
      if (this.#woken.signal.aborted) await wait(settleMs, signal)
    }
  }

  /** What is there, once it has been looked at. */
  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    signal.throwIfAborted()
    await settledOrAborted(this.#looked.promise, signal)
    signal.throwIfAborted()
    const good = this.#good
    const refused = this.#refused
    // What is refused stands on what is in force, so that is handed out first.
    if (good !== null && (refused === null || !this.#handed)) {
      this.#handed = true
      if (refused !== null) this.#needs.onChange()
      return good
    }
    const problems = refused === null ? [] : [this.#problem(refused, 'error')]
    return { files: [], problems, ...(good?.commit !== undefined && { commit: good.commit }) }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const before = { good: this.#good, refused: this.#refused?.code }
    try {
      const fetched = await this.#needs.repository.fetch(signal)
      this.#refused = 'problem' in fetched ? fetched.problem : null
      if (!('problem' in fetched)) await this.#take(fetched.commit, fetched.notes, signal)
    } catch (error) {
      if (signal.aborted) return
      this.#refused = problemOf(error)
    }
    this.#looked.resolve()
    if (this.#good !== before.good || this.#refused?.code !== before.refused) this.#needs.onChange()
  }

  async #take(commit: string, notes: readonly GitProblem[], signal: AbortSignal): Promise<void> {
    if (this.#good?.commit === commit) return
    const { repository, path, onCommit } = this.#needs
    await onCommit(await repository.commit(commit, signal))
    const snapshot = await repository.snapshotAt(commit, path, signal)
    const told = notes.map(note => this.#problem(note, 'warning'))
    this.#good = { ...snapshot, problems: [...told, ...snapshot.problems] }
  }

  #problem(problem: GitProblem, severity: Problem['severity']): Problem {
    return { severity, file: this.#needs.address, line: 1, column: 1, ...problem }
  }
}

function problemOf(error: unknown): GitProblem {
  if (error instanceof GitFailure) return refusalOf(error)
  return { code: 'repository_failed', message: 'What was fetched could not be put on record.' }
}

function ignoreFailure(error: unknown): null {
  if (error instanceof GitFailure) return null
  throw error
}
