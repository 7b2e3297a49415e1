import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { ChangeRequest, Forge } from '../forge/forge.ts'

export interface KeepReviewsNeeds {
  readonly forge: Pick<Forge, 'openChanges' | 'change'>
  /** Branch whose changes are reviewed. */
  readonly branch: string
  /** Changes whose review is going on, as the store knows. */
  readonly liveChanges: () => Promise<readonly number[]>
  /** Looks at one change, open or not; false when it has to be looked at again. */
  readonly look: (change: ChangeRequest, signal: AbortSignal) => Promise<boolean>
  /** Does what is to be done once in every round, and names what all changes depend on. */
  readonly moment: (signal: AbortSignal) => Promise<string>
  /** How often everything is looked at, told or not. */
  readonly everyMs: number
  /** Told of every failure; the next look comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** Looks at changes: those that somebody tells of at once, and all of them every now and then. */
export interface KeepingReviews extends Service {
  /** A change may be another one. */
  changed(number: number): void
  /** Something changed that every change depends on. */
  allChanged(): void
}

/** How long one change, or one round, may take. */
const mostMs = 180_000

/** Keeps the reviews of a branch up to date, one change after the other. */
export function keepReviews(needs: KeepReviewsNeeds): KeepingReviews {
  const round = new Round(needs)
  return {
    name: 'reviews of changes',
    changed: number => round.tell(number),
    allChanged: () => round.tellAll(),
    run: signal => round.run(signal),
  }
}

class Round {
  readonly #needs: KeepReviewsNeeds
  readonly #waiting = new Set<number>()
  /** How every open change was when it was looked at last. */
  readonly #seen = new Map<number, string>()
  readonly #waits = backoff(1000, 60_000)
  #all = true
  #woken = new AbortController()

  constructor(needs: KeepReviewsNeeds) {
    this.#needs = needs
  }

  tell(number: number): void {
    this.#waiting.add(number)
    this.#seen.delete(number)
    this.#woken.abort()
  }

  tellAll(): void {
    this.#all = true
    this.#woken.abort()
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#woken = new AbortController()
      const isSound = (await this.#collect(signal)) && (await this.#lookAtAll(signal))
      if (isSound) this.#waits.reset()
      const ms = isSound ? this.#needs.everyMs : this.#waits.next()
      await wait(ms, AbortSignal.any([signal, this.#woken.signal]))
    }
  }

  /** Finds changes that are not as they were, or as what they depend on was; false when that failed. */
  async #collect(signal: AbortSignal): Promise<boolean> {
    if (this.#waiting.size > 0 && !this.#all) return true
    return this.#tried(signal, async limit => {
      const moment = await this.#needs.moment(limit)
      const open = await this.#needs.forge.openChanges(this.#needs.branch, limit)
      for (const change of open) this.#compare(change, moment)
      const known = new Set(open.map(({ number }) => number))
      const gone = (number: number) => !known.has(number)
      for (const number of (await this.#needs.liveChanges()).filter(gone)) this.#waiting.add(number)
      for (const number of [...this.#seen.keys()].filter(gone)) this.#seen.delete(number)
      this.#all = false
    })
  }

  #compare({ number, headSha, updatedAt }: ChangeRequest, moment: string): void {
    const key = `${moment} ${headSha} ${updatedAt}`
    if (this.#seen.get(number) !== key) this.#waiting.add(number)
    this.#seen.set(number, key)
  }

  async #lookAtAll(signal: AbortSignal): Promise<boolean> {
    const now = [...this.#waiting]
    this.#waiting.clear()
    let isSound = true
    for (const number of now) {
      if (signal.aborted) return false
      const isDone = await this.#tried(signal, async limit => {
        const change = await this.#needs.forge.change(number, limit)
        if (!(await this.#needs.look(change, limit)))
          throw new Error('the change moved meanwhile, or could not be had')
      })
      if (!isDone) this.#waiting.add(number)
      isSound &&= isDone
    }
    return isSound
  }

  async #tried(signal: AbortSignal, work: (limit: AbortSignal) => Promise<void>): Promise<boolean> {
    try {
      await work(AbortSignal.any([signal, AbortSignal.timeout(mostMs)]))
      return true
    } catch (error) {
      if (!signal.aborted) this.#needs.onFailure(error)
      return false
    }
  }
}
