import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainEnd, endAfter, headIn } from '../../records/line.ts'

/** One file of the journal: `first` is the number of its first entry and its name. */
export interface Segment {
  readonly first: number
  readonly path: string
}

const name = /^([0-9]{16})\.jsonl$/

/** The segment of `folder` that begins with entry `first`. */
export function segmentAt(folder: string, first: number): Segment {
  return { first, path: join(folder, `${String(first).padStart(16, '0')}.jsonl`) }
}

/** Every segment of the folder, oldest first. */
export function segments(folder: string): readonly Segment[] {
  return readdirSync(folder)
    .flatMap(file => name.exec(file)?.[1] ?? [])
    .map(digits => segmentAt(folder, Number(digits)))
    .sort((a, b) => a.first - b.first)
}

/** What a segment holds: whole entries up to byte `length`, and what comes after them. */
export interface Scan {
  readonly length: number
  /** Number of the last whole entry; one less than the first when there is none. */
  readonly last: number
  /** Bytes behind the last whole entry: a torn line, or damage. */
  readonly rest: Buffer
  /** Highest number that a whole line in the rest still shows, or 0. */
  readonly lastInRest: number
}

/** Reads a segment to its end. Entries count as whole while they are JSON lines in sequence. */
export function scan({ first, path }: Segment): Scan {
  const bytes = readFileSync(path)
  let length = 0
  let next = first
  for (;;) {
    const end = bytes.indexOf(0x0a, length)
    if (end < 0 || !isEntry(bytes.toString('utf8', length, end), next)) break
    length = end + 1
    next += 1
  }
  const rest = bytes.subarray(length)
  const seen = rest.toString('latin1').split('\n').slice(0, -1)
  const lastInRest = seen.reduce((most, line) => Math.max(most, headIn(line)?.seq ?? 0), 0)
  return { length, last: next - 1, rest, lastInRest }
}

function isEntry(text: string, seq: number): boolean {
  if (headIn(text)?.seq !== seq) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Where the chain ends in the first `length` bytes of a segment; null when no line is there. */
export function chainEndIn({ path }: Segment, length = Number.POSITIVE_INFINITY): ChainEnd | null {
  const lines = readFileSync(path).subarray(0, length).toString('utf8').split('\n').slice(0, -1)
  return endAfter(lines.findLast(line => headIn(line) !== null) ?? '')
}
