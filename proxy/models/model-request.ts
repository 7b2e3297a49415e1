import type { Json } from '../../policy/decide/facts.ts'
import { isObject, type JsonObject } from '../mcp/rpc.ts'
import { strictJson } from '../mcp/strict-json.ts'
import { Content } from './content.ts'
import type { Endpoint } from './endpoint.ts'
import { type InputSize, inputSize } from './input-size.ts'
import { toolsIn } from './offered-tools.ts'

/** What a client asks of a model, with everything that is decided by. */
export interface ModelRequest {
  readonly endpoint: Endpoint
  readonly content: Content
  readonly model: string
  readonly stream: boolean
  /** Most tokens of one answer; null when the client leaves it open. */
  readonly maxTokens: number | null
  /** How many answers are asked for. */
  readonly answers: number
  /** Tokens that an answer must have room for, or the provider refuses it. */
  readonly leastTokens: number
  readonly tools: readonly string[]
  /** Whether it asks for what providers charge more for than they list: faster or nearer service. */
  readonly dearer: boolean
  readonly size: InputSize
}

/** A body that is turned down, and the member at fault. */
export interface Malformed {
  readonly problem: string
  readonly field?: string
}

/** The members of the body that say how long an answer may be, by dialect. */
export const limitNames = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
} as const

const longestModel = 256
const mostAnswers = 128

/** What is decided by; readers that take no notice of case must not find another value. */
const decisive: ReadonlySet<string> = new Set([
  'model',
  'stream',
  'stream_options',
  'n',
  'background',
  'tools',
  'functions',
  'mcp_servers',
  'web_search_options',
  'service_tier',
  'speed',
  'inference_geo',
  ...Object.values(limitNames).flat(),
])

/**
 * Reads a body; every member that is decided by has the one meaning that the provider will see too. `onGone` is called
 * when the body need not be held any more.
 */
export function modelRequest(
  endpoint: Endpoint,
  bytes: Buffer,
  onGone: () => void,
): ModelRequest | Malformed {
  const strict = strictJson(bytes, { anyInteger: true })
  if (!strict.ok) return { problem: `the body cannot be taken: ${strict.problem}` }
  const body = strict.value
  if (!isObject(body)) return { problem: 'the body must be an object' }
  const fault = twinIn(body) ?? faultIn(endpoint, body)
  if (fault !== null) return fault
  const limits = limitNames[endpoint.dialect].flatMap(name => body[name] ?? [])
  return {
    endpoint,
    content: new Content(bytes, body, onGone),
    model: String(body.model),
    stream: endpoint.verdict === 'generate' && body.stream === true,
    maxTokens: limits.length === 0 ? null : Math.max(...limits.map(Number)),
    answers: typeof body.n === 'number' ? body.n : 1,
    leastTokens: leastTokens(endpoint, body),
    tools: toolsIn(body),
    dearer: isDearer(body),
    size: inputSize(body, bytes.length),
  }
}

/** A member whose name differs from a decisive one in case alone. */
function twinIn(body: JsonObject): Malformed | null {
  for (const key in body) {
    const folded = key.toUpperCase().toLowerCase()
    if (folded !== key && decisive.has(folded)) {
      return { problem: `write \`${folded}\` for \`${key}\``, field: key }
    }
  }
  return null
}

function faultIn({ dialect, verdict }: Endpoint, body: JsonObject): Malformed | null {
  const limits = verdict === 'generate' ? limitNames[dialect] : []
  const rules = [
    ...members,
    ...limits.map(name => [name, isLimit, 'must be a positive integer'] as const),
  ]
  for (const [field, holds, should] of rules) {
    if (!holds(body[field] ?? null)) return { field, problem: `\`${field}\` ${should}` }
  }
  return null
}

const isLimit = (value: Json) => value === null || isCount(value, 2 ** 31)

const members: readonly (readonly [string, (value: Json) => boolean, string])[] = [
  ['model', value => typeof value === 'string' && value !== '', 'must be the name of a model'],
  ['model', value => String(value).length <= longestModel, 'is too long'],
  ['stream', value => value === null || typeof value === 'boolean', 'must be true or false'],
  ['stream_options', value => value === null || isObject(value), 'must be an object'],
  [
    'n',
    value => value === null || isCount(value, mostAnswers),
    `must be between 1 and ${mostAnswers}`,
  ],
  [
    'background',
    value => value !== true,
    'is not possible here: how such an answer ends cannot be accounted for',
  ],
]

function isCount(value: Json, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
}

/** What the tiers of the two APIs are called that cost what is listed, or less. */
const listed: Readonly<Record<string, ReadonlySet<Json>>> = {
  service_tier: new Set([null, 'auto', 'default', 'flex', 'standard_only', 'batch']),
  speed: new Set([null, 'standard']),
  inference_geo: new Set([null, 'global', 'not_available']),
}

function isDearer(body: JsonObject): boolean {
  return Object.entries(listed).some(([name, values]) => !values.has(body[name] ?? null))
}

/** The least that the OpenAI responses API takes is 16; thinking on the Anthropic wire needs room beyond its own budget. */
function leastTokens({ dialect }: Endpoint, { thinking = null }: JsonObject): number {
  if (dialect === 'responses') return 16
  const budget = isObject(thinking) ? thinking.budget_tokens : 0
  return dialect === 'messages' && typeof budget === 'number' && budget > 0 ? budget + 1 : 1
}
