/** What is taken of an entry: words, characters of each, characters to look at. */
const most = { words: 256, letters: 64, characters: 16_384, depth: 64 } as const

/** A run of letters and digits of any script. */
const wordPattern = /[\p{L}\p{M}\p{N}]+/gu

/**
 * The words of texts and of JSON values, names of fields included, as PostgreSQL writes a tsvector: each with its
 * places. Null when there are none. Paths, addresses and ids are taken apart where something is no letter and no digit.
 */
export function wordsOf(values: readonly unknown[]): string | null {
  const words = wordsIn(textOf(values)).slice(0, most.words)
  if (words.length === 0) return null
  return words.map((word, at) => `${quote(word)}:${at + 1}`).join(' ')
}

/**
 * What finds texts with every word of the query, as PostgreSQL writes a tsquery; null when it has no word. What stands
 * together in the query (`notes.txt`) has to stand together there; a word that ends with `*` may go on.
 */
export function wordQuery(text: string): string | null {
  const terms = text.split(/\s+/u).map(termQuery)
  return terms.filter(term => term !== null).join(' & ') || null
}

function termQuery(term: string): string | null {
  const words = wordsIn(term).map(quote)
  const last = words.pop()
  if (last === undefined) return null
  return `(${[...words, term.endsWith('*') ? `${last}:*` : last].join(' <-> ')})`
}

/** Nothing in a word has to be escaped. */
function quote(word: string): string {
  return `'${word}'`
}

function wordsIn(text: string): readonly string[] {
  const words = text.normalize('NFC').toLowerCase().match(wordPattern) ?? []
  return words.map(word => word.slice(0, most.letters).toWellFormed())
}

/** Texts of which a word is looked for, with something between them that is none. */
function textOf(values: readonly unknown[]): string {
  const parts: string[] = []
  let room: number = most.characters
  const add = (text: string) => {
    if (room <= 0) return
    parts.push(text.slice(0, room))
    room -= text.length + 1
  }
  for (const value of values) collect(value, add, most.depth)
  return parts.join('\n')
}

function collect(value: unknown, add: (text: string) => void, levels: number): void {
  if (typeof value === 'string' || typeof value === 'number') add(String(value))
  if (typeof value !== 'object' || value === null || levels === 0) return
  for (const [name, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) add(name)
    collect(inner, add, levels - 1)
  }
}
