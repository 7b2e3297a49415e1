import { matchesIn } from './matches-in.ts'
import { isSecretName, secretWordEnds } from './secret-name.ts'
import type { Span } from './span.ts'

const longestName = 48
const longestValue = 4096

const words = new RegExp(secretWordEnds, 'gi')
const namePart = /[\w.-]/
const operator = /\\{0,7}["'`]?\]?[ \t]{0,4}(=>|:=|[=:])[ \t]{0,4}/y
const option = /[ \t]{1,4}(?=[^-\s])/y
const opening = /\\{0,7}["'`]/y
const bare = /[^\s"'`,;&<>()[\]{}|\\]{1,4096}/y
const line = /[^\r\n"'`\\]{1,4096}/y

/** A value that stands after a name, and how the two are joined. */
interface Named {
  readonly name: string
  /** What stands before the name. */
  readonly before: string
  /** `=`, `:` and the like; empty between an option of a command and its value. */
  readonly operator: string
  readonly spaced: boolean
  readonly value: string
  /** What stands after the value. */
  readonly after: string
}

/** Where values stand whose names say that they are secret: `password: "…"`, `--token …`, `DB_PASSWORD=…`, `&sig=…`. */
export function namedValues(text: string, spans: Span[]): void {
  let seen = 0
  for (const { 0: word, index } of matchesIn(text, words)) {
    if (index < seen) continue
    const end = nameEnd(text, index + word.length)
    const start = nameStart(text, index)
    seen = end
    const name = text.slice(start, end)
    if (!isSecretName(name)) continue
    const span = valueAfter(text, start, end, name)
    if (span === null) continue
    spans.push(span)
    seen = span[1]
  }
}

function valueAfter(text: string, start: number, end: number, name: string): Span | null {
  const before = text.slice(Math.max(0, start - 1), start)
  const joined = matchAt(operator, text, end)
  const isOption = name.startsWith('-')
  const gap = joined ?? (isOption ? matchAt(option, text, end) : null)
  if (gap === null) return null
  const at = end + gap[0].length
  const quote = matchAt(opening, text, at)
  if (quote !== null) return quoted(text, at + quote[0].length, quote[0])
  const isHeader = /(?:authorization|cookie)$/i.test(name)
  const value = matchAt(isHeader ? line : bare, text, at)?.[0].trimEnd() ?? ''
  const joint = gap[1] ?? ''
  const spaced = /\s/.test(gap[0])
  const after = text.slice(at + value.length, at + value.length + 1)
  const named = { name, before, operator: joint, spaced, value, after }
  const secret = isHeader ? isHeaderValue(named) : isBareSecret(named)
  return secret ? [at, at + value.length] : null
}

/** Up to the same quotation mark, escaped as often; to the end of the line where there is none. */
function quoted(text: string, start: number, mark: string): Span | null {
  const most = Math.min(text.length, start + longestValue)
  let end = text.indexOf(mark, start)
  while (end > start && text[end - 1] === '\\') end = text.indexOf(mark, end + 1)
  if (end === -1 || end > most) {
    const lineEnd = text.slice(start, most).search(/[\r\n]/)
    end = lineEnd === -1 ? most : start + lineEnd
  }
  return shown.test(text.slice(start, end)) ? null : [start, end]
}

/** What stands in for a secret: nothing, a mask, a variable, a place to fill in. */
const shown =
  /^(?:\s*|\*+|\.+|\[redacted\]|\$|\$[A-Z_][A-Z0-9_]*|%[A-Z_]+%|(?:[A-Za-z]+ )?\$\{[^{}]{0,128}\}|\{\{[^{}]{0,128}\}\}|<[\w -]{0,64}>)$/

function isHeaderValue({ name, operator, value }: Named): boolean {
  if (operator !== ':' || isReference(value, '')) return false
  return /cookie$/i.test(name) ? value.includes('=') : /^\S+ \S|\d/.test(value)
}

/** Without quotation marks a value is told from prose and code by how it is joined and what it is made of. */
function isBareSecret(named: Named): boolean {
  const { name, before, operator, spaced, value, after } = named
  if (shown.test(value) || isReference(value, after)) return false
  const isNumber = /^[\d.,]+$/.test(value)
  if (isNumber && !/pass|pin|pwd/i.test(name)) return false
  if (name.startsWith('-') || /[?&;]/.test(before)) return true
  if (operator === '=' && !spaced) return isAssigned(name, value, before, after)
  return value.length >= 6 && /[A-Za-z]/.test(value) && (value.length >= 32 || /\d/.test(value))
}

/** `PASSWORD=…` of an environment, `password=…&…` of a form; in code both sides are names. */
function isAssigned(name: string, value: string, before: string, after: string): boolean {
  if (/^[A-Z][A-Z0-9_]*$/.test(name) || after === '&' || after === ';') return true
  return /[^A-Za-z_]/.test(value) || (before === '' && after === '')
}

/** A name of a program, what it calls or looks into. */
function isReference(value: string, after: string): boolean {
  if (after === '(' || after === '[') return true
  return /^[A-Za-z_$][\w$]*(?:(?:\??\.|::|->)[A-Za-z_$][\w$]*)+[;,]?$/.test(value)
}

function nameStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < longestName && namePart.test(text[start - 1] ?? '')) start -= 1
  return start
}

function nameEnd(text: string, at: number): number {
  let end = at
  while (end < text.length && end - at < longestName && namePart.test(text[end] ?? '')) end += 1
  return end
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at
  return expression.exec(text)
}
