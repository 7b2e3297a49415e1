import { isOf, lettersOf } from './runs.ts'
import type { Span } from './span.ts'

const padding = lettersOf('=')
const shortest = 24

/** The first of each four letters holds the upper bits of a character: nearly no name and no number has only these there. */
const ofText = lettersOf('CDIJKLMNOPQRSTUVWXYZabcdef')

/** Base64 that is text once it is decoded. */
interface EncodedRun {
  readonly span: Span
  readonly text: string
}

/** The Base64 among the runs of a text, from 24 letters on. */
export function* encodedRuns(text: string, runs: readonly Span[]): Iterable<EncodedRun> {
  for (const [start, end] of runs) {
    if (end - start < shortest) continue
    if (!beginsText(text, start)) continue
    if (!isText(Buffer.from(text.slice(start, start + shortest), 'base64'))) continue
    const inner = Buffer.from(text.slice(start, end), 'base64').toString('latin1')
    let last = end
    while (last < end + 2 && last < text.length && isOf(padding, text, last)) last += 1
    yield { span: [start, last], text: inner }
  }
}

function beginsText(text: string, start: number): boolean {
  for (let at = start; at < start + shortest; at += 4) if (!isOf(ofText, text, at)) return false
  return true
}

function isText(bytes: Buffer): boolean {
  return bytes.every(byte => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13))
}
