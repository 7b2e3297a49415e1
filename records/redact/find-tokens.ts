import { isOf, lettersOf, wordLetters } from './runs.ts'
import type { Span } from './span.ts'
import { type TokenForm, tokenForms } from './token-forms.ts'

/** What may stand in a token before its run: `hvs.`, `123456:`, `dp.pt.`. */
const longestHead = 24

const inWord = lettersOf(wordLetters)
const inHead = lettersOf(`${wordLetters}_+-/.:`)

/** What tokens begin with, by the codes of two characters. */
const byStart = new Map<number, TokenForm[]>()
const isStart = new Uint8Array(128 * 128)
for (const form of tokenForms) {
  for (const start of form.starts) {
    const pair = pairAt(start, 0)
    byStart.set(pair, [...(byStart.get(pair) ?? []), form])
    isStart[pair] = 1
  }
}

/** Where tokens of known form stand, given the runs of the text. */
export function findTokens(text: string, runs: readonly Span[], spans: Span[]): void {
  let seen = 0
  for (const [start, end] of runs) {
    let at = Math.max(seen, start)
    const first = Math.max(seen, start - longestHead)
    while (at > first && isOf(inHead, text, at - 1)) at -= 1
    seen = findBetween(text, at, end, spans)
  }
}

/** Looks at every beginning of a word; returns where all is seen. */
function findBetween(text: string, from: number, end: number, spans: Span[]): number {
  let at = from
  let inside = at > 0 && isOf(inWord, text, at - 1)
  while (at < end) {
    const found = !inside && isStart[pairAt(text, at)] === 1 ? tokenAt(text, at) : null
    if (found !== null) spans.push(found)
    at = found === null ? at + 1 : found[1]
    inside = isOf(inWord, text, at - 1)
  }
  return at
}

/** The secret part of the token that begins there; null where none does. */
function tokenAt(text: string, at: number): Span | null {
  for (const { form, check } of byStart.get(pairAt(text, at)) ?? []) {
    form.lastIndex = at
    const match = form.exec(text)
    if (match === null || check?.(match[0]) === false) continue
    const end = at + match[0].length
    return [end - (match[1] ?? match[0]).length, end]
  }
  return null
}

/** What is not ASCII begins no token. */
function pairAt(text: string, at: number): number {
  const first = text.charCodeAt(at)
  const second = text.charCodeAt(at + 1)
  return first < 128 && second < 128 ? first * 128 + second : 0
}
