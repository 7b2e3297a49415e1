import { matchesIn } from './matches-in.ts'
import type { Span } from './span.ts'

/** A text as it reads once decoded, and where each of its units stood before. */
interface DecodedText {
  readonly text: string
  /** The part of the original that a part of the decoded text was written as. */
  origin(span: Span): Span
}

const escapes = /%[0-7][0-9A-Fa-f]|\\(?:u00[0-7][0-9A-Fa-f]|["'`\\/nrt])/g

const named: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t' }

/** The text with the escapes of URLs and of JSON read once, as far as they stand for ASCII; null where there are none. */
export function decodedText(text: string): DecodedText | null {
  if (!(text.includes('%') || text.includes('\\'))) return null
  const ends: number[] = []
  const shifts: number[] = []
  let decoded = ''
  let last = 0
  for (const { 0: found, index } of matchesIn(text, escapes)) {
    decoded += text.slice(last, index) + characterOf(found)
    last = index + found.length
    ends.push(decoded.length)
    shifts.push(last - decoded.length)
  }
  if (ends.length === 0) return null
  return {
    text: decoded + text.slice(last),
    origin: ([start, end]) => [placeOf(start, ends, shifts), placeOf(end, ends, shifts)],
  }
}

/** By how far everything is shifted that stands behind the last escape before it. */
function placeOf(at: number, ends: readonly number[], shifts: readonly number[]): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return at + (shifts[low - 1] ?? 0)
}

function characterOf(written: string): string {
  if (written.startsWith('%')) return String.fromCharCode(Number.parseInt(written.slice(1), 16))
  if (written.startsWith('\\u')) return String.fromCharCode(Number.parseInt(written.slice(2), 16))
  const letter = written.slice(1)
  return named[letter] ?? letter
}
