import { cardNumbers } from './card-numbers.ts'
import { decodedText } from './decoded-text.ts'
import { encodedRuns } from './encoded-runs.ts'
import { findTokens } from './find-tokens.ts'
import { markedForms } from './marked-forms.ts'
import { matchesIn } from './matches-in.ts'
import { namedValues } from './named-values.ts'
import { runsOf } from './runs.ts'
import type { Span } from './span.ts'

/** How often a text is decoded: JSON in JSON, a URL in a URL, Base64 of either. */
const deepest = 3

/** Where credentials stand in a text, in order and apart: written plainly, escaped as in URLs and JSON, or as Base64. */
export function findCredentials(text: string, depth = 0): readonly Span[] {
  const spans: Span[] = []
  const runs = runsOf(text)
  if (runs.length > 0) findTokens(text, runs, spans)
  namedValues(text, spans)
  for (const { mark, form, check } of markedForms) {
    if (!text.includes(mark)) continue
    for (const { 0: all, 1: found = all, index } of matchesIn(text, form)) {
      if (check?.(found) === false) continue
      spans.push([index + all.length - found.length, index + all.length])
    }
  }
  spans.push(...cardNumbers(text))
  if (depth < deepest) findEncoded(text, runs, depth + 1, spans)
  return apart(spans)
}

function findEncoded(text: string, runs: readonly Span[], depth: number, spans: Span[]): void {
  const decoded = decodedText(text)
  if (decoded !== null) spans.push(...findCredentials(decoded.text, depth).map(decoded.origin))
  for (const run of encodedRuns(text, runs)) {
    if (findCredentials(run.text, depth).length > 0) spans.push(run.span)
  }
}

function apart(spans: Span[]): readonly Span[] {
  if (spans.length < 2) return spans
  const merged: Span[] = []
  for (const span of spans.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last === undefined || span[0] >= last[1]) merged.push(span)
    else if (span[1] > last[1]) merged.splice(-1, 1, [last[0], span[1]])
  }
  return merged
}
