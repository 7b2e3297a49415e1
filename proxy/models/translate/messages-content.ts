import { attachmentFromBase64, attachmentFromUrl } from './attachment.ts'
import type { Member } from './member.ts'
import type { UserPart } from './prompt-builder.ts'

/** The content of a tool result or document: a string, or a list of blocks. */
export function readContents(content: Member): UserPart[] {
  if (content.absent) return []
  if (typeof content.value === 'string') return [{ type: 'text', text: content.value }]
  return content.items().flatMap(readContent)
}

/** A block of a user's message or of a tool result. */
export function readContent(block: Member): UserPart[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.at('text').text() }]
    case 'image':
      return [readSource(block.at('source'), 'image')]
    case 'document':
      return readDocument(block)
    case 'tool_reference':
      return [{ type: 'text', text: `Tool ${block.at('tool_name').text()} is available.` }]
    default:
      return block.at('type').refuseUntold()
  }
}

function readSource(source: Member, mediaType: 'image' | 'application/pdf'): UserPart {
  switch (source.type) {
    case 'base64':
      return attachmentFromBase64(source.at('data').text(), source.at('media_type').text())
    case 'url':
      return attachmentFromUrl(source.at('url'), mediaType)
    default:
      return source.at('type').refuseUntold()
  }
}

function readDocument(block: Member): UserPart[] {
  if (block.at('citations').at('enabled').value === true) block.at('citations').refuseUntold()
  const source = block.at('source')
  const title = block.at('title').maybe(text => text.text())
  const told = [title, block.at('context').maybe(text => text.text())]
    .filter(text => text !== undefined)
    .map((text): UserPart => ({ type: 'text', text }))
  if (source.type === 'text')
    return [...told, { type: 'text' as const, text: source.at('data').text() }]
  if (source.type === 'content') return [...told, ...readContents(source.at('content'))]
  const file = readSource(source, 'application/pdf')
  return [...told, title === undefined ? file : named(file, title)]
}

function named(file: UserPart, filename: string): UserPart {
  return file.type === 'file' ? { ...file, filename } : file
}
