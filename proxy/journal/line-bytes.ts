import { type EntryJson, headOf } from './line.ts'

const usualBytes = 256 * 1024
const newline = 0x0a

/** Writes the lines of entries as bytes, every time into the same memory. */
export class LineBytes {
  #bytes = Buffer.allocUnsafeSlow(usualBytes)

  /** The lines of the entries, the first with the number `first`; good until the next call. */
  of(proxy: string, first: number, entries: readonly EntryJson[]): Buffer {
    if (this.#bytes.length > usualBytes) this.#bytes = Buffer.allocUnsafeSlow(usualBytes)
    let length = 0
    let seq = first
    for (const entry of entries) length = this.#add(headOf(proxy, seq++), entry, length)
    return this.#bytes.subarray(0, length)
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
