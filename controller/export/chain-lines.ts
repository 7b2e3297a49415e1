import type { Kysely } from 'kysely'
import { genesisOf } from '../../records/chain.ts'
import { type Head, headIn } from '../../records/line.ts'
import type { Filter } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import { keysOf, type PlacedStatement, sealsOf } from './chain-statements.ts'
import { entryPages, type PlacedEntry } from './entry-pages.ts'
import type { Part } from './export-parts.ts'

/** The digests that one statement of omitted entries holds at most. */
const mostDigests = 1000

/** The lines of an export about one chain, some at a time; none when no entry of it is left. */
export async function* chainLines(
  db: Kysely<Database>,
  part: Part,
  filter: Filter,
): AsyncGenerator<readonly string[]> {
  const writer = new ChainWriter(part, await keysOf(db, part))
  for await (const entries of entryPages(db, part, filter)) {
    const [first, last] = [entries.at(0)?.seq ?? 0, entries.at(-1)?.seq ?? 0]
    const seals = await sealsOf(db, { ...part, from: first, to: last })
    for (const entry of entries) writer.take(entry, seals.get(entry.seq) ?? null)
    yield writer.written()
  }
  yield writer.end()
}

class ChainWriter {
  readonly #part: Part
  readonly #keys: PlacedStatement[]
  #lines: string[] = []
  #begun = false
  #omitted: { readonly from: number; readonly digests: string[] } | null = null

  constructor(part: Part, keys: readonly PlacedStatement[]) {
    this.#part = part
    this.#keys = [...keys]
  }

  /**
   * Takes the next entry. One without a link cannot be left out by digest: what follows it does not depend on what it
   * follows. It is not missed.
   */
  take(entry: PlacedEntry, seal: string | null): void {
    const head = headIn(entry.head)
    const isChained = head !== null && head.prev !== null
    if (entry.line !== null || isChained) this.#write(entry, head, seal)
  }

  written(): readonly string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  end(): readonly string[] {
    this.#endOmitted()
    return this.written()
  }

  #write({ seq, digest, line }: PlacedEntry, head: Head | null, seal: string | null): void {
    if (!this.#begun) this.#begin(seq, head)
    this.#namedKeys(seq)
    if (line === null) this.#omit(seq, digest)
    else {
      this.#endOmitted()
      this.#lines.push(line)
    }
    if (seal === null) return
    this.#endOmitted()
    this.#lines.push(seal)
  }

  #begin(from: number, head: Head | null): void {
    const { proxy, to } = this.#part
    const prev = head?.prev ?? genesisOf(proxy)
    this.#lines.push(JSON.stringify({ type: 'writ.export-chain.v1', proxy, from, prev, to }))
    this.#begun = true
  }

  #namedKeys(seq: number): void {
    for (let [key] = this.#keys; key !== undefined && key.seq <= seq; [key] = this.#keys) {
      this.#endOmitted()
      this.#lines.push(key.statement)
      this.#keys.shift()
    }
  }

  #omit(seq: number, digest: string): void {
    const run = this.#omitted
    const follows = run !== null && run.from + run.digests.length === seq
    if (run !== null && follows && run.digests.length < mostDigests) run.digests.push(digest)
    else {
      this.#endOmitted()
      this.#omitted = { from: seq, digests: [digest] }
    }
  }

  #endOmitted(): void {
    if (this.#omitted === null) return
    const { proxy } = this.#part
    this.#lines.push(JSON.stringify({ type: 'writ.omitted.v1', proxy, ...this.#omitted }))
    this.#omitted = null
  }
}
