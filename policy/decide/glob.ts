/**
 * The test whether a whole text matches a glob: `*` is any run of characters, everything else is
 * itself, case included. No regular expression is made, so no pattern is slow.
 */
export function glob(pattern: string): (text: string) => boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return text => text === pattern
  return text =>
    text.length >= head.length + tail.length &&
    text.startsWith(head) &&
    text.endsWith(tail) &&
    inOrder(rest, text.slice(head.length, text.length - tail.length))
}

/** The test whether a text matches at least one of the globs. */
export function anyGlob(patterns: readonly string[]): (text: string) => boolean {
  const tests = patterns.map(glob)
  return text => tests.some(matches => matches(text))
}

/** Whether everything that `narrow` matches is matched by `wide` too, as far as their form shows. */
export function covers(wide: string, narrow: string): boolean {
  // A star of `narrow` may be any text, so it can only be swallowed by a star of `wide`: read as a
  // character that no pattern spells out, it matches nothing else.
  return glob(wide)(narrow.replaceAll('*', '\u0000'))
}

function inOrder(parts: readonly string[], text: string): boolean {
  let from = 0
  for (const part of parts) {
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return true
}
