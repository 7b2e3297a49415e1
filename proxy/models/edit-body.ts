const openBrace = 0x7b
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c

/** Members of the outermost object with the JSON that they are to have. */
export type Edits = ReadonlyMap<string, string>

/**
 * The bytes of a JSON object with some members replaced, or added at the front where they are not there; every other
 * byte stays. The bytes must be JSON without duplicate keys.
 */
export function editBody(bytes: Buffer, edits: Edits, present: (name: string) => boolean): Buffer {
  if (edits.size === 0) return bytes
  const replaced = [...edits].filter(([name]) => present(name))
  const added = [...edits].filter(([name]) => !present(name))
  const spans = replaced.length === 0 ? [] : spansOf(bytes, new Map(replaced))
  const start = bytes.indexOf(openBrace) + 1
  const empty = bytes[skipSpace(bytes, start)] !== quote
  const front = added.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()
  const parts = [bytes.subarray(0, start), Buffer.from(front + (front === '' || empty ? '' : ','))]
  let from = start
  for (const { begin, end, json } of spans) {
    parts.push(bytes.subarray(from, begin), Buffer.from(json))
    from = end
  }
  parts.push(bytes.subarray(from))
  return Buffer.concat(parts)
}

interface Span {
  readonly begin: number
  readonly end: number
  readonly json: string
}

/** Where the values of these members stand, in the order of the text; looks no further than the last of them. */
function spansOf(bytes: Buffer, wanted: Map<string, string>): readonly Span[] {
  const spans: Span[] = []
  let at = skipSpace(bytes, bytes.indexOf(openBrace) + 1)
  while (wanted.size > 0 && bytes[at] === quote) {
    const endOfKey = endOfString(bytes, at) + 1
    const begin = skipSpace(bytes, skipSpace(bytes, endOfKey) + 1)
    const end = skipValue(bytes, begin)
    const name: string = JSON.parse(bytes.toString('utf8', at, endOfKey))
    const json = wanted.get(name)
    if (json !== undefined) {
      spans.push({ begin, end, json })
      wanted.delete(name)
    }
    at = skipSpace(bytes, end)
    if (bytes[at] === comma) at = skipSpace(bytes, at + 1)
  }
  return spans
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  while ((bytes[at] ?? 0x21) <= 0x20) at++
  return at
}

function skipValue(bytes: Buffer, start: number): number {
  const first = bytes[start]
  if (first === quote) return endOfString(bytes, start) + 1
  if (first === openBrace || first === 0x5b) return skipNested(bytes, start)
  let at = start
  while (at < bytes.length && !ends(bytes[at])) at++
  return at
}

function ends(byte = comma): boolean {
  return byte <= 0x20 || byte === comma || byte === 0x7d || byte === 0x5d
}

function skipNested(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) at = endOfString(bytes, at)
    else if (byte === openBrace || byte === 0x5b) depth++
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1
  }
  return bytes.length
}

function endOfString(bytes: Buffer, open: number): number {
  let close = bytes.indexOf(quote, open + 1)
  while (isEscaped(bytes, close)) close = bytes.indexOf(quote, close + 1)
  return close
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let slashes = 0
  while (bytes[at - 1 - slashes] === backslash) slashes++
  return slashes % 2 === 1
}
