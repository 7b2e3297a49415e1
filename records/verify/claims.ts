import type { Checkpoint, PrunedRange } from '../../schemas/chain.ts'
import type { Link } from '../chain.ts'

/** What a checkpoint says of a chain. */
export interface Claim {
  readonly seq: number
  readonly link: Link
  readonly chainKey?: string
  /** Number and time of the checkpoint. */
  readonly checkpoint: number
  readonly time: string
}

/** A run that was deleted, and the checkpoint that says so. */
export type Pruned = PrunedRange & { readonly checkpoint: number }

/** Where a walk over deleted runs began and is to end. */
interface Jump {
  readonly proxy: string
  /** The link that the chain had, and the number of its last entry. */
  readonly link: Link
  readonly last: number
}

/** What checkpoints say of chains, by proxy. Grows with the checkpoints, not with the entries. */
export class Claims {
  readonly #heads = new Map<string, Claim[]>()
  /** Runs by the link that they begin with; entries without links all begin with that of the beginning. */
  readonly #pruned = new Map<string, Pruned[]>()

  /** Takes what a checkpoint says; false when it says of a chain what contradicts an earlier one. */
  take({ number: checkpoint, time, chains, pruned }: Checkpoint): boolean {
    let sound = true
    for (const { proxy, ...head } of chains) {
      const known = this.#heads.get(proxy) ?? []
      if ((known.at(-1)?.seq ?? 0) >= head.seq) sound = false
      else known.push({ ...head, checkpoint, time })
      this.#heads.set(proxy, known)
    }
    this.#takePruned(pruned, checkpoint)
    return sound
  }

  /** Takes only what a checkpoint says of deleted runs: what it says of chains is newer than the export. */
  takeLate({ number, pruned }: Checkpoint): void {
    this.#takePruned(pruned, number)
  }

  /** What is said of a chain, in the order of its entries. */
  of(proxy: string): readonly Claim[] {
    return this.#heads.get(proxy) ?? []
  }

  /** The newest of every chain. */
  *newest(): Generator<readonly [proxy: string, claim: Claim]> {
    for (const [proxy, claims] of this.#heads) {
      const claim = claims.at(-1)
      if (claim !== undefined) yield [proxy, claim]
    }
  }

  /** The deleted runs that lead from a chain's end to a link, one after the other; null when none do. */
  path({ proxy, link, last }: Jump, to: Link): readonly Pruned[] | null {
    const path: Pruned[] = []
    let at = link
    let seq = last
    while (at !== to) {
      const run = this.after({ proxy, link: at, last: seq })
      if (run === null) return null
      path.push(run)
      at = run.after
      seq = run.to
    }
    return path
  }

  /** The deleted run that follows the end of a chain. */
  after({ proxy, link, last }: Jump): Pruned | null {
    const runs = this.#pruned.get(`${proxy}\n${link}`) ?? []
    return runs.find(run => run.from > last && run.to >= run.from) ?? null
  }

  #takePruned(pruned: readonly PrunedRange[], checkpoint: number): void {
    for (const run of pruned) {
      const begin = `${run.proxy}\n${run.before}`
      const known = this.#pruned.get(begin) ?? []
      known.push({ ...run, checkpoint })
      this.#pruned.set(begin, known)
    }
  }
}
