import { endOfString } from './strict-json.ts'

/**
 * The text of a member of the outermost object, byte for byte as it was written; null when there is
 * none. The text must be JSON; of duplicates the last one counts, as for JSON.parse.
 */
export function rawMember(text: string, key: string): string | null {
  const written = JSON.stringify(key)
  let found: string | null = null
  let at = skipSpace(text, 0)
  if (text[at] !== '{') return null
  at = skipSpace(text, at + 1)
  while (text[at] === '"') {
    const endOfKey = endOfString(text, at) + 1
    const start = skipSpace(text, skipSpace(text, endOfKey) + 1)
    const end = skipValue(text, start)
    const name = text.slice(at, endOfKey)
    if (name === written || (name.includes('\\') && JSON.parse(name) === key)) {
      found = text.slice(start, end)
    }
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return found
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at++
  return at
}

function skipValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start) + 1
  if (first === '{' || first === '[') return skipNested(text, start)
  let at = start
  while (at < text.length && !/[\s,}\]]/.test(text.charAt(at))) at++
  return at
}

function skipNested(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) depth++
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1
  }
  return text.length
}
