import type { Checkpoint } from '../../schemas/chain.ts'
import type { Digest } from '../chain.ts'
import { statementDigest } from '../statement.ts'
import { readStatement } from './read-statement.ts'

/** Checkpoints as they were published: number to digest and time. */
export type Published = ReadonlyMap<number, PublishedCheckpoint>

/** What is left of a published checkpoint. */
interface PublishedCheckpoint {
  readonly digest: Digest
  readonly time: string
}

/** What published copies hold, or why they cannot be used. */
export type ReadPublished =
  | { readonly outcome: 'read'; readonly published: Published }
  | { readonly outcome: 'malformed'; readonly line: number }
  /** Two that differ under one number: whoever signs them showed different people different things. */
  | { readonly outcome: 'contradictory'; readonly number: number }

/** Reads published checkpoints, one a line; empty lines are skipped. */
export function readPublished(lines: Iterable<string>): ReadPublished {
  const published = new Map<number, PublishedCheckpoint>()
  let line = 0
  for (const text of lines) {
    line += 1
    if (text === '') continue
    const statement = readStatement(text)
    if (statement?.type !== 'writ.checkpoint.v1') return { outcome: 'malformed', line }
    const { number } = statement
    const known = published.get(number)
    const copy = copyOf(statement)
    if (known !== undefined && known.digest !== copy.digest) {
      return { outcome: 'contradictory', number }
    }
    published.set(number, copy)
  }
  return { outcome: 'read', published }
}

function copyOf(checkpoint: Checkpoint): PublishedCheckpoint {
  return { digest: statementDigest(checkpoint), time: checkpoint.time }
}
