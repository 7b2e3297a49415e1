const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const prefix = '=?base64?'
const suffix = '?='

/** Text as a header may carry it: unchanged, or in the Base64 form of MCP 2026-07-28. */
export function headerValue(text: string): string {
  const asIs =
    text === '' || (plain.test(text) && !(text.startsWith(prefix) && text.endsWith(suffix)))
  return asIs ? text : `${prefix}${Buffer.from(text, 'utf8').toString('base64')}${suffix}`
}

/** The text that a header carries, or null when its Base64 or the UTF-8 inside is not valid. */
export function headerText(value: string): string | null {
  if (!value.startsWith(prefix) || !value.endsWith(suffix)) return value
  const base64 = value.slice(prefix.length, -suffix.length)
  if (!canonicalBase64.test(base64)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    return null
  }
}
