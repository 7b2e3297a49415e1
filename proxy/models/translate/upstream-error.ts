import { type DialectError, errorBody } from './error-body.ts'
import type { Dialect, Translated } from './translation.ts'

type Failed = Extract<Translated, { kind: 'failed' }>

/** What the provider library tells of an error. */
interface Told {
  readonly message: string
  readonly statusCode?: number
  readonly responseHeaders?: Readonly<Record<string, string>>
}

/** An error of the provider before any part of an answer, for a client of the dialect. */
export function failed(dialect: Dialect, error: unknown): Failed {
  const told = read(error)
  const upstreamStatus = told.statusCode ?? 200
  const shown = upstreamError(dialect, error)
  return {
    kind: 'failed',
    status: shown.status,
    json: errorBody(dialect, shown),
    upstreamStatus,
    retryAfter: told.responseHeaders?.['retry-after'] ?? null,
  }
}

/** What a client of the dialect is told of an error of the provider. */
export function upstreamError(dialect: Dialect, error: unknown): DialectError {
  const told = read(error)
  const upstream = told.statusCode
  if (upstream === undefined || upstream < 400)
    return { status: 502, message: 'The provider broke off or sent an answer that cannot be read.' }
  if (upstream === 401 || upstream === 403)
    return { status: upstream, message: 'The provider refused the credential of the gateway.' }
  return { status: statusFor(dialect, upstream), message: told.message.slice(0, 2000) }
}

/** Overload has a status of its own in Anthropic's API. */
function statusFor(dialect: Dialect, upstream: number): number {
  if (dialect === 'messages') return upstream === 503 ? 529 : upstream
  return upstream === 529 ? 503 : upstream
}

function read(error: unknown): Told {
  if (!(error instanceof Error)) return { message: '' }
  return error
}
