import type { ServerResponse } from 'node:http'
import { errorBody } from './translate/error-body.ts'
import type { Dialect } from './translate/translation.ts'

/** Why Writ itself turns a request down. Codes are the contract: clients on the OpenAI wires see them. */
export type ProblemCode =
  | 'invalid_api_key'
  | 'invalid_request'
  | 'request_too_large'
  | 'unknown_endpoint'
  | 'method_not_allowed'
  | 'no_websocket'
  | 'too_many_requests'
  | 'model_not_found'
  | 'policy_denied'
  | 'approval_pending'
  | 'budget_exceeded'
  | 'budget_unavailable'
  | 'price_unknown'
  | 'credential_missing'
  | 'not_translatable'
  | 'upstream_away'
  | 'upstream_timeout'
  | 'not_recorded'
  | 'internal_error'

/** A request turned down, in words for whoever reads the error at the client. */
export interface Problem {
  readonly code: ProblemCode
  readonly message: string
  /** The member of the body at fault. */
  readonly field?: string
}

interface Status {
  readonly openai: number
  readonly anthropic: number
}

const both = (status: number): Status => ({ openai: status, anthropic: status })

/**
 * Statuses with which real clients stop and show the message. On the OpenAI wires 402 and 403 are sent again by some and
 * 429 loses the message; on the Anthropic wire 400 is sent again by some.
 */
const statuses: { readonly [C in ProblemCode]: Status } = {
  invalid_api_key: both(401),
  invalid_request: both(400),
  request_too_large: both(413),
  unknown_endpoint: both(404),
  method_not_allowed: both(405),
  no_websocket: both(426),
  too_many_requests: both(429),
  model_not_found: both(404),
  policy_denied: { openai: 400, anthropic: 403 },
  approval_pending: { openai: 400, anthropic: 403 },
  budget_exceeded: { openai: 400, anthropic: 402 },
  budget_unavailable: { openai: 400, anthropic: 402 },
  price_unknown: { openai: 400, anthropic: 402 },
  credential_missing: { openai: 400, anthropic: 403 },
  not_translatable: both(400),
  upstream_away: both(502),
  upstream_timeout: both(504),
  not_recorded: both(503),
  internal_error: both(500),
}

/** The status that a problem has in a dialect. */
export function statusOf(dialect: Dialect, code: ProblemCode): number {
  if (dialect === 'responses' && code === 'model_not_found') return 400
  return statuses[code][dialect === 'messages' ? 'anthropic' : 'openai']
}

/** A problem as JSON of the dialect. */
export function problemJson(dialect: Dialect, { code, message, field }: Problem): string {
  const status = statusOf(dialect, code)
  return JSON.stringify(
    errorBody(dialect, { status, message, code, ...(field === undefined ? {} : { field }) }),
  )
}

/** Ends a response with a problem, unless it has begun already. */
export function turnAway(response: ServerResponse, dialect: Dialect, problem: Problem): void {
  answerJson(response, statusOf(dialect, problem.code), problemJson(dialect, problem))
}

/** Ends a response with JSON, unless it has begun already. */
export function answerJson(
  response: ServerResponse,
  status: number,
  json: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  const length = Buffer.byteLength(json)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers })
    .end(json)
}
