import type { Link } from '../../records/chain.ts'
import type { ChainedRow } from './batch.ts'

/**
 * What does not fit in a chain: an entry is chained to another one than the one before it; to one that never came; to
 * nothing, after entries that were; a seal is not of the chain or not by the key; a key is not vouched for by the one
 * before; entries of a proxy that seals came without a seal.
 */
type FlawCode =
  | 'link_differs'
  | 'entries_missing'
  | 'unchained'
  | 'seal_invalid'
  | 'key_unvouched'
  | 'unsealed'

/** Something that does not fit; what it was found at is kept all the same. */
export interface Flaw {
  readonly seq: number
  readonly code: FlawCode
  readonly detail: string
}

/** The newest entry of a chain. */
export interface ChainEnd {
  /** 0 before the first. */
  readonly seq: number
  readonly link: Link
  /** Whether it said what it is chained to. */
  readonly chained: boolean
}

/** Goes on with a chain by entries behind its end, sorted by number; a flaw does not end it. */
export function followChain(
  end: ChainEnd,
  entries: readonly ChainedRow[],
): { readonly end: ChainEnd; readonly flaws: readonly Flaw[] } {
  const flaws: Flaw[] = []
  let last = end
  for (const entry of entries) {
    const flaw = flawBetween(last, entry)
    if (flaw !== null) flaws.push(flaw)
    last = endAt(entry)
  }
  return { end: last, flaws }
}

/** An entry as the end of what is before it. */
export function endAt({ row, prev, link }: ChainedRow): ChainEnd {
  return { seq: row.seq, link, chained: prev !== null }
}

/** What is wrong with an entry after another one. */
export function flawBetween(last: ChainEnd, { row, prev }: ChainedRow): Flaw | null {
  const { seq } = row
  if (prev === last.link) return null
  if (prev === null) {
    if (!last.chained) return null
    return { seq, code: 'unchained', detail: `entry ${seq} does not say what it is chained to` }
  }
  if (seq === last.seq + 1) {
    return { seq, code: 'link_differs', detail: `entry ${seq} is not chained to entry ${last.seq}` }
  }
  const missing = `${last.seq + 1} to ${seq - 1}`
  return { seq, code: 'entries_missing', detail: `entry ${seq} is chained to one of ${missing}` }
}

/** Flaws of which each code is there once, the first one with how many there are: one batch tells a thing once. */
export function summed(flaws: readonly Flaw[]): readonly Flaw[] {
  return [...Map.groupBy(flaws, ({ code }) => code).values()].flatMap(([first, ...more]) => {
    if (first === undefined) return []
    const { detail } = first
    return [{ ...first, detail: more.length === 0 ? detail : `${detail}, and ${more.length} more` }]
  })
}
