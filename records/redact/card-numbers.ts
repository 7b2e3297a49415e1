import { matchesIn } from './matches-in.ts'
import type { Span } from './span.ts'

/** Numbers of the form of payment cards, whole or in groups (ISO/IEC 7812; the issuers' ranges of today). */
const form =
  /(?<![\w.-])(?:(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6011|65\d\d)([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d\d([ -]?)\d{6}\2\d{5})(?![\w/-]|\.\d)/g

/** Where card numbers stand. */
export function cardNumbers(text: string): readonly Span[] {
  if (!/\d{4}[ -]?\d{4}/.test(text)) return []
  return matchesIn(text, form).flatMap(({ 0: found, index }) =>
    isChecked(found) ? [[index, index + found.length] as const] : [],
  )
}

/** The last digit makes the sum, every second digit doubled, a multiple of ten. */
function isChecked(found: string): boolean {
  const digits = [...found.replace(/[ -]/g, '')].map(Number).reverse()
  const sum = digits.reduce((sum, digit, i) => {
    const twice = digit * 2
    return sum + (i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice)
  }, 0)
  return sum % 10 === 0 && new Set(digits).size > 2
}
