import { open } from 'node:fs/promises'
import { type ChainEnd, endAfter, headIn } from '../../records/line.ts'
import { segments } from './segment.ts'

/** A place in the journal between two entries. */
export interface Position {
  /** First entry of the segment. */
  readonly first: number
  /** Bytes into the segment. */
  readonly offset: number
}

/** Whole lines, as they are in the journal. */
export interface Batch {
  readonly lines: readonly string[]
  /** Where the chain ends behind them; null when there are none. */
  readonly end: ChainEnd | null
  readonly position: Position
}

/**
 * Reads entries after number `after` and up to number `upTo`, beginning at `position`, about `maxBytes`
 * of them; one entry that is larger still comes whole.
 */
export async function readOn(
  folder: string,
  from: { readonly position: Position; readonly after: number },
  upTo: number,
  maxBytes: number,
): Promise<Batch> {
  let { position } = from
  for (const { first, path } of segments(folder).filter(({ first }) => first >= position.first)) {
    let offset = first === position.first ? position.offset : 0
    for (;;) {
      const texts = await wholeLines(path, offset, maxBytes)
      if (texts.length === 0) break
      const { lines, bytes, end } = take(texts, from.after, upTo)
      offset += bytes
      position = { first, offset }
      if (end !== null || bytes === 0) return { lines, end, position }
    }
  }
  return { lines: [], end: null, position }
}

/** A line without a number is damage; it is passed over and its number shows as a gap. */
function take(texts: readonly string[], after: number, upTo: number) {
  const lines: string[] = []
  let bytes = 0
  let last = after
  for (const text of texts) {
    const seq = headIn(text)?.seq ?? null
    if (seq !== null && seq > upTo) break
    bytes += Buffer.byteLength(text) + 1
    if (seq === null || seq <= last) continue
    lines.push(text)
    last = seq
  }
  return { lines, bytes, end: endAfter(lines.at(-1) ?? '') }
}

async function wholeLines(path: string, offset: number, maxBytes: number): Promise<string[]> {
  const file = await open(path, 'r')
  try {
    for (let size = maxBytes; ; size *= 2) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset)
      const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a)
      if (end >= 0) return buffer.toString('utf8', 0, end).split('\n')
      if (bytesRead < size) return []
    }
  } finally {
    await file.close()
  }
}
