import type { Span } from './span.ts'

/** Letters of ASCII, by their codes. */
export type Letters = Uint8Array

export const wordLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** The letters of a text as a set. */
export function lettersOf(text: string): Letters {
  const table = new Uint8Array(128)
  for (const letter of text) table[letter.charCodeAt(0)] = 1
  return table
}

export function isOf(letters: Letters, text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < 128 && letters[code] === 1
}

/** Those of Base64 in either alphabet, and of names. */
const runLetters = lettersOf(`${wordLetters}+/_-`)

/** Fewest letters in a row that every token holds. */
const shortestRun = 16

/**
 * Where at least 16 letters of Base64 stand in a row, each time as many as do. It looks at every 16th character, and nearer
 * only where that is one of them: most texts have few such places.
 */
export function runsOf(text: string): readonly Span[] {
  const runs: Span[] = []
  let end = 0
  for (let at = shortestRun - 1; at < text.length; at = Math.max(at, end) + shortestRun) {
    if (!isOf(runLetters, text, at)) continue
    let start = at
    while (start > end && isOf(runLetters, text, start - 1)) start -= 1
    end = at + 1
    while (end < text.length && isOf(runLetters, text, end)) end += 1
    if (end - start >= shortestRun) runs.push([start, end])
  }
  return runs
}
