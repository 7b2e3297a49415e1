/** Longest text that is parsed in one step, in characters: well under a millisecond. */
const slice = 16_384

/**
 * What becomes of a value: `parse` it, leave it as `text` to be parsed when it is needed, or look into
 * it, item by item or field by field. What is longer than a slice is never left as text.
 */
export type Outline =
  | 'parse'
  | 'text'
  | { readonly textOr: Outline }
  | { readonly items: Outline }
  | { readonly fields: { readonly [name: string]: Outline } }

/**
 * `JSON.parse` of canonical JSON in small steps: containers longer than a slice are cut into their
 * elements, and what the outline leaves as text is a string of JSON. Throws a SyntaxError on what is not JSON.
 */
export function* parseInSlices(
  text: string,
  outline: Outline = 'parse',
): Generator<undefined, unknown> {
  const cursor: Cursor = { text, at: 0 }
  const value = yield* parseAs(cursor, outline)
  skipSpace(cursor)
  if (cursor.at < text.length) throw unexpected(cursor)
  return value
}

interface Cursor {
  readonly text: string
  at: number
}

function* parseAs(cursor: Cursor, outline: Outline): Generator<undefined, unknown> {
  skipSpace(cursor)
  if (outline === 'parse') return yield* parseValue(cursor, false)
  if (outline === 'text') return yield* parseValue(cursor, true)
  if ('textOr' in outline) return textOf(cursor) ?? (yield* parseAs(cursor, outline.textOr))
  if (isEmpty(cursor)) return yield* parseValue(cursor, false)
  const opening = cursor.text[cursor.at]
  if (opening === '[' && 'items' in outline) return yield* parseList(cursor, outline.items)
  if (opening === '{' && 'fields' in outline) return yield* parseObject(cursor, outline.fields)
  return yield* parseValue(cursor, false)
}

function* parseValue(cursor: Cursor, asText: boolean): Generator<undefined, unknown> {
  const text = textOf(cursor)
  if (text !== null) return asText ? text : JSON.parse(text)
  yield
  return cursor.text[cursor.at] === '['
    ? yield* parseList(cursor, 'parse')
    : yield* parseObject(cursor, {})
}

/** The text of the value at the cursor, which is then behind it; null for one longer than a slice. */
function textOf(cursor: Cursor): string | null {
  const end = endOfValue(cursor)
  if (end === null) return null
  const text = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return text
}

function* parseList(cursor: Cursor, outline: Outline): Generator<undefined, unknown[]> {
  const items: unknown[] = []
  do {
    cursor.at++
    items.push(yield* parseAs(cursor, outline))
    skipSpace(cursor)
    yield
  } while (cursor.text[cursor.at] === ',')
  if (cursor.text[cursor.at++] !== ']') throw unexpected(cursor)
  return items
}

function* parseObject(
  cursor: Cursor,
  fields: { readonly [name: string]: Outline },
): Generator<undefined, object> {
  const entries: [string, unknown][] = []
  do {
    cursor.at++
    const key = yield* parseAs(cursor, 'parse')
    if (typeof key !== 'string') throw unexpected(cursor)
    skipSpace(cursor)
    if (cursor.text[cursor.at++] !== ':') throw unexpected(cursor)
    const outline = Object.hasOwn(fields, key) ? fields[key] : undefined
    entries.push([key, yield* parseAs(cursor, outline ?? 'parse')])
    skipSpace(cursor)
  } while (cursor.text[cursor.at] === ',')
  if (cursor.text[cursor.at++] !== '}') throw unexpected(cursor)
  return Object.fromEntries(entries)
}

/** Whether a container without anything in it is next. */
function isEmpty({ text, at }: Cursor): boolean {
  const inside: Cursor = { text, at: at + 1 }
  skipSpace(inside)
  return text[inside.at] === ']' || text[inside.at] === '}'
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
