/** The known word that a mistyped one most likely meant; undefined when none is close. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const most = Math.min(3, Math.ceil(word.length / 3))
  let best: string | undefined
  let least = most + 1
  // In the order of words, so that the answer does not depend on who was read first.
  for (const candidate of [...known].sort()) {
    if (Math.abs(candidate.length - word.length) > most) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least)
    if (distance >= least) continue
    best = candidate
    least = distance
  }
  return best
}

/** `{ suggestion }` when a known word is close, for spreading into a problem. */
export function meant(word: string, known: Iterable<string>): { readonly suggestion?: string } {
  const found = nearest(word.slice(0, 300), known)
  return found === undefined ? {} : { suggestion: `Did you mean "${found}"?` }
}

/** Says what was meant, until so many words have been looked at: a help, which must not take longer than the work. */
export type Hint = typeof meant

/** A hint that looks at so many words in all. */
export function hintWithin(words: number): Hint {
  let left = words
  return (word, known) => {
    const list = [...known]
    left -= list.length
    return left < 0 ? {} : meant(word, list)
  }
}

/**
 * Damerau-Levenshtein (optimal string alignment): insertions, deletions, changes and swaps of neighbours.
 * Given up, and at least `enough`, once it cannot be less.
 */
function editDistance(a: string, b: string, enough: number): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = cell(above, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(before, j - 2) + 1 : changed
      row.push(Math.min(changed, swapped, cell(above, j) + 1, cell(row, j - 1) + 1))
    }
    if (Math.min(...row) >= enough) return enough
    before = above
    above = row
  }
  return cell(above, b.length)
}

function cell(row: readonly number[], at: number): number {
  return row[at] as number
}
