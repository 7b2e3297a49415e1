import type { Json } from '../../policy/decide/facts.ts'
import type { JsonObject } from './rpc.ts'

const mask = '[redacted]'
const longestText = 16_384

const secretKey =
  /pass(?:word|wd|phrase|code)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie|bearer|^auth$|^pwd$|^pin$|^otp$|^cvv$|^ssn$/i

const secretNumber = /pass(?:word|wd|code)|^(?:pwd|pin|otp|cvv|ssn)$/i

/**
 * Published shapes of credentials, each with a word that stands in every one of them: looking for the
 * word is many times cheaper than matching, and matching is linear because every part is bounded.
 */
const shapes: readonly (readonly [word: string, shape: RegExp])[] = [
  ['sk-', /\bsk-[\w-]{16,256}/g],
  ['_live_', /\b[srp]k_live_\w{16,256}/g],
  ['_test_', /\b[srp]k_test_\w{16,256}/g],
  ['gh', /\bgh[pousr]_\w{30,256}/g],
  ['github_pat_', /\bgithub_pat_\w{30,256}/g],
  ['glpat-', /\bglpat-[\w-]{16,256}/g],
  ['xox', /\bxox[abeoprs]-[\w-]{10,256}/g],
  ['AKIA', /\bAKIA[A-Z0-9]{16}\b/g],
  ['ASIA', /\bASIA[A-Z0-9]{16}\b/g],
  ['AIza', /\bAIza[\w-]{35}/g],
  ['npm_', /\bnpm_\w{30,256}/g],
  ['writ_', /\bwrit_\w{16,256}/g],
  ['eyJ', /\beyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{0,4096}/g],
  ['PRIVATE KEY', /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,16384}/g],
  ['earer ', /(?<=\b[Bb]earer )[\w.~+/-]{8,4096}=*/g],
  ['://', /(?<=:\/\/[^/@\s:]{0,256}:)[^/@\s]{1,256}(?=@)/g],
]

const anyWord = new RegExp(shapes.map(([word]) => word).join('|'))

/** The text without what looks like a credential, cut to 16,384 characters. */
export function redactText(text: string): string {
  let shown =
    text.length <= longestText
      ? text
      : `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
  if (anyWord.test(shown)) {
    for (const [word, shape] of shapes) if (shown.includes(word)) shown = shown.replace(shape, mask)
  }
  return shown.isWellFormed() ? shown : shown.toWellFormed()
}

/** The value for the records: credentials masked by key and by shape, long texts cut; itself where that changes nothing. */
export function redact(value: Json): Json {
  return isPresentable(value) ? value : shownAs(value)
}

/** Most values hold nothing to mask, which is cheaper to find out than to make a copy that is the same. */
function isPresentable(value: Json): boolean {
  if (typeof value === 'string') return redactText(value) === value
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isPresentable)
  const object = value as JsonObject
  for (const key in object) {
    const item = object[key] as Json
    if (redactText(key) !== key || isSecret(key, item) || !isPresentable(item)) return false
  }
  return true
}

function shownAs(value: Json): Json {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(shownAs)
  const shown = Object.entries(value).map(([key, item]): [string, Json] => [
    redactText(key),
    isSecret(key, item) ? mask : shownAs(item),
  ])
  return Object.fromEntries(shown)
}

/** Under most names a number is a count (`max_tokens`), under some it is the secret itself. */
function isSecret(key: string, value: Json): boolean {
  if (value === null || typeof value === 'boolean') return false
  return (typeof value === 'number' ? secretNumber : secretKey).test(key)
}
