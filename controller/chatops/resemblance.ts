const words = ['approve', 'deny', 'explain', 'replay']

/** Forges take no longer comments. */
const mostText = 65_536

/**
 * Whether a text that is no command looks to a person as if it held one: quoted, in a block of code, with
 * something before or after it, on one of several lines, in other letters that look alike. `meant` when it
 * is how the text begins.
 */
export function resemblance(body: string): 'none' | 'holds' | 'meant' {
  // Characters that do not show, and other forms of the same letter, are how a command is made to look right.
  const text = body
    .slice(0, mostText)
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
  const slashed = text.matchAll(
    /(?<![\p{L}\p{N}_/])[/\u2044\u2215\u29f8\u27cb]\s?(\p{L}{4,8})(?!\p{L})/gu,
  )
  let found: 'none' | 'holds' = 'none'
  for (const { 1: word = '', index } of slashed) {
    if (!words.some(known => looksLike(word.toLowerCase(), known))) continue
    if (text.slice(0, index).trim() === '') return 'meant'
    found = 'holds'
  }
  return found
}

/** A letter of another script may stand for any; one at least is plain, or any foreign word would do. */
function looksLike(word: string, known: string): boolean {
  const letters = [...word]
  const isPlain = (letter: string) => /[a-z]/.test(letter)
  if (letters.length !== known.length || !letters.some(isPlain)) return false
  return letters.every((letter, i) => letter === known[i] || !isPlain(letter))
}
