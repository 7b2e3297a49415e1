import type { LanguageModelV4FilePart } from '@ai-sdk/provider'
import type { Member } from './member.ts'

/** An image or file given as `data:` or `https:` URL. Anything else is refused: the proxy fetches nothing itself. */
export function attachmentFromUrl(
  url: Member,
  mediaType: 'image' | 'application/pdf',
): LanguageModelV4FilePart {
  const text = url.text()
  if (text.startsWith('data:')) return fromDataUrl(url, text)
  if (!/^https?:/i.test(text) || !URL.canParse(text))
    return url.refuse('must be a data: or web URL')
  return { type: 'file', mediaType, data: { type: 'url', url: new URL(text) } }
}

/** A file in base64. */
export function attachmentFromBase64(data: string, mediaType: string): LanguageModelV4FilePart {
  return { type: 'file', mediaType, data: { type: 'data', data } }
}

function fromDataUrl(url: Member, text: string): LanguageModelV4FilePart {
  const comma = text.indexOf(',')
  const [mediaType = '', ...parameters] = text.slice('data:'.length, comma).split(';')
  if (comma === -1 || !parameters.includes('base64') || !mediaType.includes('/'))
    return url.refuse('must be a data: URL with a media type, in base64')
  return attachmentFromBase64(text.slice(comma + 1), mediaType.toLowerCase())
}
