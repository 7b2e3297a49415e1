import { digestOf, linkOf } from '../../records/chain.ts'
import { type ChainEnd, headOf } from '../../records/line.ts'
import type { EntryJson } from './line.ts'

const usualBytes = 256 * 1024
const newline = 0x0a

/** Writes the lines of entries as bytes, every time into the same memory. */
export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(usualBytes)

  /** The lines of entries that go on with the chain, good until the next call, and where it ends then. */
  of(proxy: string, { seq, link }: ChainEnd, entries: readonly EntryJson[]) {
    if (this.#bytes.length > usualBytes) this.#bytes = Buffer.allocUnsafeSlow(usualBytes)
    let length = 0
    for (const entry of entries) {
      const start = length
      seq += 1
      length = this.#add(headOf(proxy, seq, link), entry, start)
      link = linkOf(link, digestOf(this.#bytes.subarray(start, length - 1)))
    }
    return { bytes: this.#bytes.subarray(0, length), end: { seq, link } }
  }

  /** Returns where the line ends. */
  #add(head: string, entry: EntryJson, at: number): number {
    this.#makeRoom(at, head.length + entry.length * 3)
    const start = at + head.length - 1
    const end = start + this.#bytes.write(entry, start, 'utf8')
    // The comma at the end of the head takes the place of the brace that opens the entry.
    this.#bytes.write(head, at, 'latin1')
    this.#bytes[end] = newline
    return end + 1
  }

  #makeRoom(used: number, more: number): void {
    if (used + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(used + more, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, used)
    this.#bytes = larger
  }
}
