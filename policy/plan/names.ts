import { mayMeet } from '../compile/globs-meet.ts'
import { matchesGlob } from '../decide/glob.ts'

/** Names that no pattern tells apart. */
export interface NameCell {
  /** One of them where it holds no `anything`; else a form of them all, in which that stands for any text. */
  readonly form: string
  /** Whether a pattern that was given matches them. */
  readonly matches: (pattern: string) => boolean
  /** Whether a name is one of them. */
  readonly holds: (name: string) => boolean
  /** Texts that may stand for `anything` in one of them. */
  readonly pieces: readonly string[]
}

/** Patterns of which those that meet another are found fast. */
export interface Patterns {
  /** Those without a star. */
  readonly texts: ReadonlySet<string>
  readonly globs: readonly string[]
}

/** Patterns, each once. */
export function patternsOf(patterns: Iterable<string>): Patterns {
  const [texts, globs] = [new Set<string>(), new Set<string>()]
  for (const pattern of patterns) (pattern.includes('*') ? globs : texts).add(pattern)
  return { texts, globs: [...globs] }
}

/** A character that no pattern spells out. */
export const anything = '\u0000'

/**
 * Every name that a pattern, the region, matches, in cells that patterns do not tell apart. There may be cells with
 * no name in them, but no name is in none.
 *
 * A name is told apart by the longest text before a star that it begins with and the longest one behind a star that
 * it ends with, as long as a pattern has one star. So it is in the cell of a text that is spelled out, of those two
 * with anything between them, or of the two where they overlap. Patterns of another form match a cell or do not,
 * both tried.
 */
export function* namesIn(region: string, patterns: Patterns): Iterable<NameCell> {
  const near = nearTo(region, patterns)
  const odd = near.filter(isOdd)
  for (const form of formsOf(near.filter(pattern => !isOdd(pattern)))) {
    if (!isOdd(region) && !matchesGlob(region, form)) continue
    const sure = odd.filter(pattern => !pattern.includes(anything) && matchesGlob(pattern, form))
    const unsure = odd.filter(pattern => !sure.includes(pattern) && mayHold(pattern, form))
    for (let some = 0; some < 2 ** unsure.length; some++) {
      const chosen = unsure.filter((_, i) => Math.floor(some / 2 ** i) % 2 === 1)
      const cell = cellOf(form, new Set([...sure, ...chosen]), near)
      if (cell.matches(region)) yield cell
    }
  }
}

function nearTo(region: string, { texts, globs }: Patterns): readonly string[] {
  const spelled = region.includes('*')
    ? [...texts].filter(text => matchesGlob(region, text))
    : [region]
  return [...new Set([region, ...spelled, ...globs.filter(glob => mayMeet(glob, region))])]
}

function cellOf(form: string, odd: ReadonlySet<string>, near: readonly string[]): NameCell {
  const matches = (pattern: string) =>
    odd.has(pattern) || (!isOdd(pattern) && matchesGlob(pattern, form))
  return {
    form,
    matches,
    pieces: [...odd].map(pattern => pattern.replaceAll('*', '')),
    holds: name => near.every(pattern => matchesGlob(pattern, name) === matches(pattern)),
  }
}

function isOdd(pattern: string): boolean {
  return pattern.includes(anything) || pattern.indexOf('*') !== pattern.lastIndexOf('*')
}

/** Whether a pattern may match a name of this form. */
function mayHold(pattern: string, form: string): boolean {
  return form.includes(anything) && mayMeet(pattern, form.replaceAll(anything, '*'))
}

function formsOf(patterns: readonly string[]): ReadonlySet<string> {
  const forms = new Set(patterns.filter(pattern => !pattern.includes('*')))
  const starred = patterns.filter(pattern => pattern.includes('*')).map(glob => glob.split('*'))
  const heads = new Set(['', ...starred.map(([head = '']) => head)])
  const tails = new Set(['', ...starred.map(([, tail = '']) => tail)])
  for (const head of heads) {
    for (const tail of tails) {
      forms.add(head + anything + tail)
      for (let shared = 1; shared <= Math.min(head.length, tail.length); shared++) {
        if (head.endsWith(tail.slice(0, shared))) forms.add(head + tail.slice(shared))
      }
    }
  }
  return forms
}
