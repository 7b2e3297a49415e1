/** Longest text that is parsed in one step, in characters: well under a millisecond. */
const slice = 16_384

/**
 * `JSON.parse` of canonical JSON in small steps: containers longer than a slice are cut into their
 * elements. Throws a SyntaxError on what is not JSON.
 */
export function* parseInSlices(text: string): Generator<undefined, unknown> {
  const cursor: Cursor = { text, at: 0 }
  const value = yield* parseValue(cursor)
  skipSpace(cursor)
  if (cursor.at < text.length) throw unexpected(cursor)
  return value
}

interface Cursor {
  readonly text: string
  at: number
}

function* parseValue(cursor: Cursor): Generator<undefined, unknown> {
  skipSpace(cursor)
  const end = endOfValue(cursor)
  if (end !== null) {
    const value: unknown = JSON.parse(cursor.text.slice(cursor.at, end))
    cursor.at = end
    return value
  }
  yield
  return cursor.text[cursor.at] === '[' ? yield* parseList(cursor) : yield* parseObject(cursor)
}

function* parseList(cursor: Cursor): Generator<undefined, unknown[]> {
  const items: unknown[] = []
  do {
    cursor.at++
    items.push(yield* parseValue(cursor))
    skipSpace(cursor)
    yield
  } while (cursor.text[cursor.at] === ',')
  if (cursor.text[cursor.at++] !== ']') throw unexpected(cursor)
  return items
}

function* parseObject(cursor: Cursor): Generator<undefined, object> {
  const entries: [string, unknown][] = []
  do {
    cursor.at++
    const key = yield* parseValue(cursor)
    if (typeof key !== 'string') throw unexpected(cursor)
    skipSpace(cursor)
    if (cursor.text[cursor.at++] !== ':') throw unexpected(cursor)
    entries.push([key, yield* parseValue(cursor)])
    skipSpace(cursor)
  } while (cursor.text[cursor.at] === ',')
  if (cursor.text[cursor.at++] !== '}') throw unexpected(cursor)
  return Object.fromEntries(entries)
}

/** Where the value at the cursor ends; null for a container that is longer than a slice. */
function endOfValue({ text, at }: Cursor): number | null {
  const opening = text[at]
  if (opening === '"') return endOfString(text, at) + 1
  return opening === '[' || opening === '{' ? endOfContainer(text, at) : endOfWord(text, at)
}

function endOfContainer(text: string, from: number): number | null {
  let depth = 0
  let at = from
  do {
    const c = text[at]
    if (c === '"') at = endOfString(text, at)
    else if (c === '[' || c === '{') depth++
    else if (c === ']' || c === '}') depth--
    at++
  } while (depth > 0 && at < text.length && at - from <= slice)
  return depth > 0 && at < text.length ? null : at
}

/** Where a number or a word ends: before whatever may follow a value. */
function endOfWord(text: string, from: number): number {
  let at = from
  while (at < text.length && !',:]}'.includes(text.charAt(at))) at++
  return at
}

/** Index of the closing quote of the string that opens at `from`; the end of the text without one. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const c = text[i]
    if (c === '\\') i++
    else if (c === '"') return i
  }
  return text.length
}

function skipSpace(cursor: Cursor): void {
  while (' \t\r\n'.includes(cursor.text[cursor.at] ?? 'x')) cursor.at++
}

function unexpected({ at }: Cursor): SyntaxError {
  return new SyntaxError(`malformed JSON at character ${at}`)
}
