import type { Json } from '../../policy/decide/facts.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'
import { runsTools } from './offered-tools.ts'

/** How much a model has to read, as far as a request shows it. */
export interface InputSize {
  /** UTF-8 bytes of the JSON, encoded images and files left out. */
  readonly textBytes: number
  readonly images: number
  readonly files: number
  /** UTF-8 bytes of the encoded files. */
  readonly fileBytes: number
  /** Whether it reads what is not in the request: what the provider has kept, or finds with tools of its own. */
  readonly unseen: boolean
}

/** Tokens that every request is given for what providers put around it. */
const baseTokens = 1000
/** An image on the wire of OpenAI: its small models count 2,833 tokens and 5,667 for each of at most 8 tiles. */
const openaiImageTokens = 48_169
/** An image on the wire of Anthropic: at most 4,784 tokens in high resolution. */
const anthropicImageTokens = 4784
/** A document, which may be compressed or kept at the provider: a full window of most models. */
const fileTokens = 200_000
/** What a request does not show: the largest window in use. */
const unseenTokens = 1_000_000
/** Text that nobody meant to be hard to read has about this many bytes a token. */
const bytesPerToken = 4
const usualImageTokens = 1600

/**
 * The most tokens that the input can be: every byte of text may be one, since a token is at least a byte; images and files
 * count by the bounds stated here.
 */
export function inputBound(size: InputSize, protocol: 'openai' | 'anthropic' | 'scripted'): number {
  const imageTokens = protocol === 'anthropic' ? anthropicImageTokens : openaiImageTokens
  return (
    baseTokens +
    size.textBytes +
    size.images * imageTokens +
    Math.max(size.files * fileTokens, size.fileBytes) +
    (size.unseen ? unseenTokens : 0)
  )
}

/** About how many tokens the input is. */
export function inputEstimate({ textBytes, images, fileBytes }: InputSize): number {
  return Math.ceil((textBytes + fileBytes) / bytesPerToken) + images * usualImageTokens
}

const deepest = 64

/** Looks through a body of so many bytes for images and files. */
export function inputSize(body: JsonObject, bytes: number): InputSize {
  const found = { images: 0, files: 0, encodedBytes: 0, fileBytes: 0 }
  // Tool schemas may be large and hold none.
  for (const key of ['messages', 'input', 'system', 'instructions'])
    look(body[key] ?? null, found, 0)
  const keeps = ['previous_response_id', 'conversation', 'prompt', 'container']
  const unseen = keeps.some(key => (body[key] ?? null) !== null) || runsTools(body)
  const { images, files, encodedBytes, fileBytes } = found
  return { textBytes: Math.max(0, bytes - encodedBytes), images, files, fileBytes, unseen }
}

interface Found {
  images: number
  files: number
  encodedBytes: number
  fileBytes: number
}

const imageTypes: ReadonlySet<unknown> = new Set([
  'image',
  'image_url',
  'input_image',
  'computer_call_output',
  'computer_screenshot',
])
/** What they hold is read as text, whatever it looks like. */
const textTypes: ReadonlySet<unknown> = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use'])
const fileTypes: ReadonlySet<unknown> = new Set([
  'document',
  'file',
  'input_file',
  'input_audio',
  'container_upload',
])

function look(value: Json, found: Found, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > deepest) return
  if (Array.isArray(value)) {
    for (const item of value) look(item, found, depth + 1)
    return
  }
  const part = value as JsonObject
  if (imageTypes.has(part.type)) {
    found.images++
    found.encodedBytes += encodedIn(part, 0)
  } else if (fileTypes.has(part.type)) {
    const encoded = encodedIn(part, 0)
    found.files++
    found.encodedBytes += encoded
    found.fileBytes += encoded
  } else if (!textTypes.has(part.type)) {
    for (const key in part) look(part[key] ?? null, found, depth + 1)
  }
}

/** Names of members that hold encoded data. */
const encodedNames: ReadonlySet<string> = new Set(['data', 'url', 'image_url', 'file_data'])

/** Only what is base64 may be left out of the text: text under such a name is read by the model. */
function encodedIn(part: JsonObject, depth: number): number {
  let bytes = 0
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'string') {
      if (encodedNames.has(key) && isEncoded(key, value)) bytes += value.length
    } else if (isObject(value) && depth < 3) bytes += encodedIn(value, depth + 1)
  }
  return bytes
}

function isEncoded(key: string, text: string): boolean {
  if (text.startsWith('data:')) return /^data:[\w.+/-]*;base64,[\w+/=]*$/.test(text)
  return key === 'data' && /^[\w+/=]*$/.test(text)
}
