import type { Json } from '../../policy/decide/facts.ts'
import { redact, redactText } from '../../records/redact/redact.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'

/** Characters of the preview of a body in the records. */
const most = 32 * 1024

/** Lengths of texts, lists and objects that are shown, each smaller than the one before. */
const details = [
  { text: 4096, items: 64, keys: 128 },
  { text: 1024, items: 16, keys: 64 },
  { text: 256, items: 6, keys: 24 },
  { text: 80, items: 2, keys: 12 },
] as const

/** A body as the records and people see it, as JSON: credentials masked, tools by name, cut to 32,768 characters. */
export function preview(body: JsonObject, bytes: number): string {
  // Nothing in it can be too long, and most requests are asked about without tools.
  if (bytes <= details[0].text && body.tools === undefined) return JSON.stringify(redact(body))
  for (const detail of bytes > 4 * most ? details.slice(1) : details) {
    const json = JSON.stringify(redact(cut(body, detail, 0)))
    if (json.length <= most) return json
  }
  const { model = null, stream = null } = body
  return JSON.stringify(redact({ model, stream }))
}

type Detail = (typeof details)[number]

const deepest = 16

function cut(value: Json, detail: Detail, depth: number): Json {
  if (typeof value === 'string') return cutText(value, detail.text)
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepest) return '…'
  if (!isObject(value)) return cutList(value as readonly Json[], detail, depth)
  const entries = Object.entries(value)
  const shown = entries.slice(0, detail.keys).map(([key, item]): [string, Json] => {
    if (depth === 0 && key === 'tools') return [key, namesOf(item, detail)]
    return [cutText(key, detail.text), cut(item, detail, depth + 1)]
  })
  if (entries.length > shown.length) shown.push(['…', entries.length - shown.length])
  return Object.fromEntries(shown)
}

/** What was said last tells most. */
function cutList(list: readonly Json[], detail: Detail, depth: number): Json {
  const left = list.length - detail.items
  const shown = list.slice(-detail.items).map(item => cut(item, detail, depth + 1))
  return left > 0 ? [`… (${left} before)`, ...shown] : shown
}

/** Masked before it is cut: the beginning of a credential is one that nobody knows for one. */
function cutText(text: string, longest: number): string {
  return text.length <= longest ? text : redactText(text, longest)
}

function namesOf(tools: Json, detail: Detail): Json {
  if (!Array.isArray(tools)) return cut(tools, detail, 1)
  const names = (tools as readonly Json[]).map(tool => {
    if (!isObject(tool)) return '?'
    const { function: inner, name, type } = tool
    const named = isObject(inner) ? inner.name : (name ?? type)
    return typeof named === 'string' ? cutText(named, 64) : '?'
  })
  return names.length <= detail.items ? names : [...names.slice(0, detail.items), '…']
}
