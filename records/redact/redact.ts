import { findCredentials } from './find-credentials.ts'
import { isSecretName, isSecretNumberName, secretWordEnds } from './secret-name.ts'

/** A value as JSON has it. */
type Json = null | boolean | number | string | readonly Json[] | JsonObject
type JsonObject = { readonly [key: string]: Json }

const mask = '[redacted]'
const wasCut = /… \(\d+ more characters\)$/
const longestText = 16_384

/** What is looked at beyond the cut, so that no part of what begins before it is shown. */
const margin = 4096

/** A mask may let see what was joined to what it covers. */
const mostPasses = 4

/** Longest text that is read as JSON, and how often JSON is read in JSON. */
const longestJson = 65_536
const deepestJson = 3

/** The text without what looks like a credential, cut to `longest` characters, 16,384 if not said. */
export function redactText(text: string, longest = longestText): string {
  return textAt(0, text, longest)
}

/** The value for the records: credentials masked by key and by form, long texts cut; itself where that changes nothing. */
export function redact(value: Json): Json {
  return redactAt(0, value)
}

function redactAt(depth: number, value: Json): Json {
  return isPresentable(depth, value) ? value : shownAs(depth, value)
}

function textAt(depth: number, text: string, longest = longestText): string {
  let shown = maskedOnce(depth, text, longest)
  for (let pass = 1; shown !== text && pass < mostPasses; pass += 1) {
    const again = maskedOnce(depth, shown, longest)
    if (again === shown) break
    shown = again
  }
  return shown
}

function maskedOnce(depth: number, text: string, longest: number): string {
  const read = readJson(depth, text) ?? text
  const most = isCut(read, longest) ? read.length : longest
  const shown = maskedTo(read, most)
  return shown.isWellFormed() ? shown : shown.toWellFormed()
}

function maskedTo(text: string, most: number): string {
  const looked = text.length > most + margin ? text.slice(0, most + margin) : text
  const spans = findCredentials(looked)
  if (spans.length === 0 && text.length <= most) return text
  let shown = ''
  let last = 0
  for (const [start, end] of spans) {
    if (start >= most) break
    shown += looked.slice(last, start) + mask
    last = end
  }
  const end = Math.max(last, Math.min(most, text.length))
  shown += looked.slice(last, end)
  return end < text.length ? `${shown}… (${text.length - end} more characters)` : shown
}

/** What was cut before is not cut again. */
function isCut(text: string, longest: number): boolean {
  return text.length > longest && text.length <= 2 * longest && wasCut.test(text.slice(-48))
}

/** A text that is JSON, with what its names say is secret masked; null where it is none, or nothing is. */
function readJson(depth: number, text: string): string | null {
  if (depth === deepestJson || text.length > longestJson || !/^\s*[[{]/.test(text)) return null
  if (!(secretWordEnds.test(text) || text.includes('\\'))) return null
  try {
    const value: Json = JSON.parse(text)
    const shown = redactAt(depth + 1, value)
    return shown === value ? null : JSON.stringify(shown)
  } catch {
    return null
  }
}

/** Most values hold nothing to mask, which is cheaper to find out than to make a copy that is the same. */
function isPresentable(depth: number, value: Json): boolean {
  if (typeof value === 'string') return textAt(depth, value) === value
  if (typeof value !== 'object' || value === null) return true
  if (isList(value)) {
    return value.every((item, i) => !isSecretItem(value, i) && isPresentable(depth, item))
  }
  const told = tellsName(value)
  for (const key in value) {
    const item = value[key] as Json
    if (isSecret(key, item, told) || textAt(depth, key) !== key) return false
    if (!isPresentable(depth, item)) return false
  }
  return true
}

function shownAs(depth: number, value: Json): Json {
  if (typeof value === 'string') return textAt(depth, value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) {
    return value.map((item, i) => (isSecretItem(value, i) ? mask : shownAs(depth, item)))
  }
  const told = tellsName(value)
  const shown = Object.entries(value).map(([key, item]): [string, Json] => [
    textAt(depth, key),
    isSecret(key, item, told) ? mask : shownAs(depth, item),
  ])
  return Object.fromEntries(shown)
}

function isSecret(key: string, value: Json, told: boolean): boolean {
  if (value === null || typeof value === 'boolean' || value === mask || value === '') return false
  if (told && (key === 'value' || key === 'text')) return true
  return typeof value === 'number' ? isSecretNumberName(key) : isSecretName(key)
}

/** What a list of options gives after the name of a secret: `["--password", "…"]`. */
function isSecretItem(list: readonly Json[], at: number): boolean {
  const option = list[at - 1]
  const item = list[at]
  if (typeof option !== 'string' || !option.startsWith('-') || typeof item !== 'string')
    return false
  return !item.startsWith('-') && item !== mask && isSecretName(option)
}

const telling = ['name', 'key', 'header', 'element', 'label', 'field']

/** Whether the object names a secret beside its value, as forms, headers and environments are written. */
function tellsName(value: JsonObject): boolean {
  if (!('value' in value || 'text' in value)) return false
  return telling.some(key => {
    const told = Object.hasOwn(value, key) ? value[key] : undefined
    return typeof told === 'string' && told.length <= 128 && isSecretName(told)
  })
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
