/**
 * Whether a whole text matches a glob: `*` is any run of characters, everything else is itself, case
 * included. No regular expression is made, so no pattern is slow.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const first = pattern.indexOf('*')
  if (first < 0) return text === pattern
  const last = pattern.lastIndexOf('*')
  const end = text.length - (pattern.length - last - 1)
  return (
    first <= end &&
    text.startsWith(pattern.slice(0, first)) &&
    text.endsWith(pattern.slice(last + 1)) &&
    inOrder(pattern.slice(first + 1, last + 1), text.slice(first, end))
  )
}

/** The test whether a whole text matches a glob. */
export function glob(pattern: string): (text: string) => boolean {
  return text => matchesGlob(pattern, text)
}

/** The test whether a text matches at least one of the globs. */
export function anyGlob(patterns: readonly string[]): (text: string) => boolean {
  return text => patterns.some(pattern => matchesGlob(pattern, text))
}

/** Whether everything that `narrow` matches is matched by `wide` too, as far as their form shows. */
export function covers(wide: string, narrow: string): boolean {
  // A star of `narrow` may be any text, so it can only be swallowed by a star of `wide`: read as a
  // character that no pattern spells out, it matches nothing else.
  return matchesGlob(wide, narrow.replaceAll('*', '\u0000'))
}

/** Whether parts, each with a star behind it, stand in a text one behind the other. */
function inOrder(parts: string, text: string): boolean {
  let from = 0
  for (let at = 0; at < parts.length; ) {
    const star = parts.indexOf('*', at)
    const found = text.indexOf(parts.slice(at, star), from)
    if (found < 0) return false
    from = found + star - at
    at = star + 1
  }
  return true
}
