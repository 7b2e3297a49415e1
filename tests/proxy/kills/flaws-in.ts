import { genesisOf } from '../../../records/chain.ts'
import { isOwn, isVouchedFor } from '../../../records/chain-key.ts'
import { endAfter, headIn } from '../../../records/line.ts'
import { isSignedBy } from '../../../records/statement.ts'
import type { ChainKey, Seal } from '../../../schemas/chain.ts'

/** What is wrong with the lines of a proxy, in order; nothing is in any of these when nothing is. */
export interface LineFlaws {
  /** Places where another number was to be expected. */
  readonly numbers: readonly number[]
  /** Places where a line is not chained to the one before. */
  readonly links: readonly number[]
  /** Calls that were acknowledged and have no outcome. */
  readonly lost: readonly string[]
  /** Calls with more than one. */
  readonly twice: readonly string[]
}

export const noFlaws: LineFlaws = { numbers: [], links: [], lost: [], twice: [] }

/** Holds lines against the calls that were acknowledged; `nameOf` says which call an entry is of. */
export function flawsIn(
  lines: readonly string[],
  acknowledged: ReadonlySet<string>,
  nameOf: (entry: { readonly call: string; readonly args?: unknown }) => string,
): LineFlaws {
  const first = headIn(lines[0] ?? '')?.proxy ?? ''
  const links = [genesisOf(first), ...lines.map(line => endAfter(line)?.link)]
  const outcomes = lines.map(line => JSON.parse(line)).filter(({ phase }) => phase === 'outcome')
  const calls = outcomes.map(nameOf)
  const seen = new Set(calls)
  return {
    numbers: lines.flatMap((line, i) => (headIn(line)?.seq === i + 1 ? [] : [i + 1])),
    links: lines.flatMap((line, i) => (headIn(line)?.prev === links[i] ? [] : [i + 1])),
    lost: [...acknowledged].filter(call => !seen.has(call)),
    twice: calls.length === seen.size ? [] : calls.filter((call, i) => calls.indexOf(call) !== i),
  }
}

/** Statements beside the lines that nobody should believe: bodies in the order in which they were kept. */
export function wrongSeals(lines: readonly string[], bodies: readonly string[]): unknown[] {
  const wrong: unknown[] = []
  let current: ChainKey | null = null
  let sealed = 0
  for (const body of bodies) {
    const said = body.split('\n').filter(Boolean)
    const key: ChainKey = JSON.parse(said[0] ?? '')
    const seal: Seal = JSON.parse(said.at(-1) ?? '')
    if (key.keyId !== current?.keyId) {
      if (!isOwn(key) || !follows(key, current, sealed)) wrong.push(key)
      current = key
    }
    const link = endAfter(lines[seal.seq - 1] ?? '')?.link
    if (seal.link !== link || !isSignedBy(seal, key.publicKey)) wrong.push(seal)
    sealed = Math.max(sealed, seal.seq)
  }
  return wrong
}

function follows(key: ChainKey, before: ChainKey | null, sealed: number): boolean {
  return before === null || (isVouchedFor(key, before.publicKey) && key.from > sealed)
}
