/** Most bytes of a line: no entry of a journal is longer. */
const longestLine = 16 * 1024 * 1024

/** Bytes of the lines that are handed on together. */
const blockBytes = 1024 * 1024

/** Whole lines, ended by line feeds, and how many before them were too long to be any. */
export interface Block {
  readonly bytes: Buffer
  readonly tooLong: number
}

const lineFeed = 10

/** Cuts a stream into blocks of whole lines; the last line needs no end. */
export async function* blocksOf(
  stream: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Block, void> {
  const cutter = new Cutter()
  for await (const part of stream) {
    const block = cutter.take(Buffer.from(part as Uint8Array))
    if (block !== null) yield block
  }
  yield cutter.end()
}

class Cutter {
  #waiting: Buffer[] = []
  #size = 0
  #tooLong = 0
  /** Whether the end of a line is being looked for that is too long. */
  #skipping = false

  take(part: Buffer): Block | null {
    const bytes = this.#skipping ? this.#afterLine(part) : part
    this.#waiting.push(bytes)
    this.#size += bytes.length
    return this.#size < blockBytes ? null : this.#cut()
  }

  end(): Block {
    const unended = this.#size > 0 ? [Buffer.from('\n')] : []
    return this.#block(Buffer.concat([...this.#waiting, ...unended]))
  }

  #afterLine(part: Buffer): Buffer {
    const end = part.indexOf(lineFeed)
    this.#skipping = end < 0
    return end < 0 ? part.subarray(part.length) : part.subarray(end + 1)
  }

  #cut(): Block | null {
    const all = Buffer.concat(this.#waiting)
    const end = all.lastIndexOf(lineFeed) + 1
    const rest = all.subarray(end)
    this.#skipping = rest.length > longestLine
    this.#waiting = this.#skipping ? [] : [rest]
    this.#size = this.#skipping ? 0 : rest.length
    const block = end > 0 ? this.#block(all.subarray(0, end)) : null
    if (this.#skipping) this.#tooLong++
    return block
  }

  #block(bytes: Buffer): Block {
    const block = { bytes, tooLong: this.#tooLong }
    this.#tooLong = 0
    return block
  }
}
