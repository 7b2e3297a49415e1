/**
 * Every match of an expression with the flag `g`, in order. `matchAll` says the same, and makes a new expression for each text,
 * which costs more than looking at a short one.
 */
export function matchesIn(text: string, form: RegExp): readonly RegExpExecArray[] {
  const matches: RegExpExecArray[] = []
  form.lastIndex = 0
  for (let match = form.exec(text); match !== null; match = form.exec(text)) {
    matches.push(match)
    if (match[0] === '') form.lastIndex += 1
  }
  return matches
}
