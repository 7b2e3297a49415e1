/**
 * The text with everything that does not show, or that changes how its surroundings show, written as an
 * escape: control and format characters, line separators, halves of characters. Line feeds stay.
 */
export function printable(text: string): string {
  return text.replace(/[\p{C}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu, character =>
    character === '\n' ? character : escaped(character),
  )
}

/** The text on one line, cut to at most `most` characters. */
export function oneLine(text: string, most: number): string {
  return cut(printable(text.replace(/\s+/gu, ' ').trim()), most)
}

/** At most `most` UTF-16 units of the text; an ellipsis shows that something is missing. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  // Half of a character at the end would not show.
  return `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
