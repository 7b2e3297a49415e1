import type { Json } from '../../policy/decide/facts.ts'

const mask = '[redacted]'
const longestText = 16_384

const secretKey =
  /pass(?:word|wd|phrase|code)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie|bearer|^auth$|^pwd$|^pin$|^otp$|^cvv$|^ssn$/i

const secretNumber = /pass(?:word|wd|code)|^(?:pwd|pin|otp|cvv|ssn)$/i

/** Published shapes of credentials: each begins with a fixed prefix, so that matching stays linear. */
const secretText = new RegExp(
  [
    '\\bsk-[\\w-]{16,256}',
    '\\b(?:sk|rk|pk)_(?:live|test)_\\w{16,256}',
    '\\bgh[pousr]_\\w{30,256}',
    '\\bgithub_pat_\\w{30,256}',
    '\\bglpat-[\\w-]{16,256}',
    '\\bxox[abeoprs]-[\\w-]{10,256}',
    '\\b(?:AKIA|ASIA)[A-Z0-9]{16}\\b',
    '\\bAIza[\\w-]{35}',
    '\\bnpm_\\w{30,256}',
    '\\bwrit_\\w{16,256}',
    '\\beyJ[\\w-]{8,4096}\\.[\\w-]{8,8192}\\.[\\w-]{0,4096}',
    '-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?',
    '(?<=\\b[Bb]earer )[\\w.~+/-]{8,4096}=*',
    '(?<=://[^/@\\s:]{1,256}:)[^/@\\s]{1,256}(?=@)',
  ].join('|'),
  'g',
)

/** The text without what looks like a credential, cut to 16,384 characters. */
export function redactText(text: string): string {
  const short =
    text.length <= longestText
      ? text
      : `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
  return short.toWellFormed().replace(secretText, mask)
}

/** A copy for the records: credentials masked by key and by shape, long texts cut. */
export function redact(value: Json): Json {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(redact)
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redactText(key),
      isSecret(key, item) ? mask : redact(item),
    ]),
  )
}

/** Under most names a number is a count (`max_tokens`), under some it is the secret itself. */
function isSecret(key: string, value: Json): boolean {
  if (value === null || typeof value === 'boolean') return false
  return (typeof value === 'number' ? secretNumber : secretKey).test(key)
}
