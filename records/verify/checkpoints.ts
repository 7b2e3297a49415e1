import type { Checkpoint } from '../../schemas/chain.ts'
import type { Digest } from '../chain.ts'
import { isSignedBy, keyIdOf, statementDigest } from '../statement.ts'
import { Claims } from './claims.ts'
import type { FlawCode, Flaws } from './flaws.ts'
import type { Published } from './published.ts'

/** A checkpoint by number and time. */
export interface CheckpointAt {
  readonly number: number
  readonly time: string
}

/** What is to be said of the checkpoints of an export. */
export interface CheckpointsReport {
  readonly first: CheckpointAt | null
  readonly last: CheckpointAt | null
  /** Names of the keys that signed, in their order. */
  readonly keys: readonly string[]
  /** The newest that is as it was published; null when none was compared. */
  readonly anchor: CheckpointAt | null
  /** Published copies older than the first of the export, and newer than the export. */
  readonly notCompared: { readonly older: number; readonly newer: number }
}

/** The checkpoints of an export: their chain, their keys, and what they say. */
export class Checkpoints {
  readonly claims = new Claims()
  readonly #flaws: Flaws
  readonly #published: Published
  #key: string | null
  readonly #keys: string[] = []
  #first: CheckpointAt | null = null
  #last: (CheckpointAt & { readonly digest: Digest }) | null = null
  #anchor: CheckpointAt | null = null

  /** `key` is the public key that signed the first, as the export says. */
  constructor(key: string | null, published: Published, flaws: Flaws) {
    this.#key = key
    this.#published = published
    this.#flaws = flaws
    if (key !== null) this.#keys.push(keyIdOf(key))
  }

  /** The public key that signs what comes next. */
  get key(): string | null {
    return this.#key
  }

  /** Takes the next one; `late` for those that come behind the chains. */
  take(checkpoint: Checkpoint, line: number, late: boolean): void {
    const { number, time } = checkpoint
    const flaw = (code: FlawCode, what: string) =>
      this.#flaws.add({ code, line, message: `Checkpoint ${number} ${what}.` })
    this.#follows(checkpoint, flaw)
    const digest = statementDigest(checkpoint)
    this.#compare(checkpoint, digest, flaw)
    this.#first ??= { number, time }
    this.#last = { number, time, digest }
    if (!this.#isSigned(checkpoint, flaw)) return
    if (late) this.claims.takeLate(checkpoint)
    else if (!this.claims.take(checkpoint)) {
      flaw('checkpoint_differs', 'says less of a chain than one before it')
    }
    this.#rotate(checkpoint)
  }

  /** Says what is wrong with all of them together; `time` is when the export was begun. */
  end(time: string, pinned: string | null): CheckpointsReport {
    const last = this.#last
    const missing = [...this.#published].filter(
      ([number, copy]) => number > (last?.number ?? 0) && Date.parse(copy.time) <= Date.parse(time),
    )
    const [first] = missing.map(([number]) => number).sort((a, b) => a - b)
    if (first !== undefined) {
      const message = `Checkpoint ${first} was published before this export was made, and is not in it.`
      this.#flaws.add({ code: 'published_missing', line: 0, message })
    }
    if (pinned !== null && !this.#keys.includes(pinned)) {
      const message = 'The key that was named signed none of the checkpoints.'
      this.#flaws.add({ code: 'key_not_pinned', line: 0, message })
    }
    return {
      first: this.#first,
      last: last && { number: last.number, time: last.time },
      keys: this.#keys,
      anchor: this.#anchor,
      notCompared: this.#notCompared(missing.length),
    }
  }

  #notCompared(missing: number) {
    const numbers = [...this.#published.keys()]
    const { number: first } = this.#first ?? { number: 1 }
    const { number: last } = this.#last ?? { number: 0 }
    return {
      older: numbers.filter(number => number < first).length,
      newer: numbers.filter(number => number > last).length - missing,
    }
  }

  #follows({ number, previous }: Checkpoint, flaw: Say): void {
    const last = this.#last
    if (last === null) {
      if ((number === 1) !== (previous === null)) flaw('checkpoint_missing', 'has no beginning')
      return
    }
    if (number === last.number + 1 && previous === last.digest) return
    const before = number > last.number + 1 ? `${last.number + 1}` : `${number - 1}`
    flaw('checkpoint_missing', `does not follow the one before it: ${before} is missing or changed`)
  }

  #compare({ number, time }: Checkpoint, digest: Digest, flaw: Say): void {
    const copy = this.#published.get(number)
    if (copy === undefined) return
    if (copy.digest === digest) this.#anchor = { number, time }
    else flaw('published_differs', 'is not as it was published')
  }

  #isSigned(checkpoint: Checkpoint, flaw: Say): boolean {
    const { keyId } = checkpoint
    if (this.#key !== null && isSignedBy(checkpoint, this.#key)) return true
    const old = this.#keys.slice(0, -1).includes(keyId)
    if (old) flaw('checkpoint_old_key', `is signed with key ${keyId}, which another one followed`)
    else flaw('checkpoint_invalid', 'is not signed by the key that signs at this place')
    return false
  }

  #rotate({ nextKey }: Checkpoint): void {
    if (nextKey === undefined) return
    this.#key = nextKey
    this.#keys.push(keyIdOf(nextKey))
  }
}

type Say = (code: FlawCode, what: string) => void
