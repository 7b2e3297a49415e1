import { ForgeFailure, type ForgeFailureCode } from '../forge/failure.ts'

/** What a request came to that did not go well, as far as it is looked at here. */
interface RequestError {
  readonly status: number
  readonly message: string
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>
    readonly data?: unknown
  }
}

/** What went wrong, without anything of the request: that holds the credentials. */
export function forgeFailure(error: unknown, now: number): ForgeFailure {
  if (error instanceof ForgeFailure) return error
  const within = error instanceof Error && error.cause instanceof ForgeFailure ? error.cause : null
  if (within !== null) return within
  const refusal = graphqlRefusal(error)
  if (refusal !== null) {
    const code = graphqlCodes.get(refusal) ?? 'refused'
    return new ForgeFailure(code, `GitHub answered ${word(refusal)}`)
  }
  if (!isRequestError(error)) return new ForgeFailure('malformed', 'GitHub answered nonsense')
  if (error.response === undefined) return new ForgeFailure('unreachable', 'GitHub is not reached')
  const waitMs = waitOf(error, now)
  const code = codeOf(error, waitMs)
  const said = wordsOf(error.response.data)
  return new ForgeFailure(code, `GitHub answered ${error.status}${said && `: ${said}`}`, waitMs)
}

/** What GraphQL refuses with, by a success: a word, empty when it names none; null for any other error. */
export function graphqlRefusal(error: unknown): string | null {
  if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) return null
  const { type = '' } = (error.errors[0] ?? {}) as { readonly type?: unknown }
  return String(type)
}

const graphqlCodes: ReadonlyMap<string, ForgeFailureCode> = new Map([
  ['NOT_FOUND', 'not_found'],
  ['FORBIDDEN', 'forbidden'],
  ['INSUFFICIENT_SCOPES', 'forbidden'],
  ['RATE_LIMITED', 'rate_limited'],
])

function word(text: string): string {
  return /^[A-Z_]{1,40}$/.test(text) ? text : 'with a refusal'
}

/** Whether another try soon could go better, by itself. */
export function mayPass({ code }: ForgeFailure): boolean {
  return code === 'unavailable' || code === 'unreachable' || code === 'rate_limited'
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
}

function codeOf({ status }: RequestError, waitMs: number | null): ForgeFailureCode {
  if (waitMs !== null || status === 429) return 'rate_limited'
  if (status === 401) return 'unauthorized'
  if (status === 403) return 'forbidden'
  if (status === 404 || status === 410) return 'not_found'
  return status >= 500 ? 'unavailable' : 'refused'
}

/** How long GitHub wants to be left alone: it says so in seconds, or names the second when its patience is back. */
function waitOf({ status, response }: RequestError, now: number): number | null {
  if (status !== 403 && status !== 429) return null
  const { headers = {} } = response ?? {}
  const seconds = Number(headers['retry-after'])
  if (headers['retry-after'] !== undefined && seconds >= 0) return seconds * 1000
  const reset = Number(headers['x-ratelimit-reset'])
  const spent = String(headers['x-ratelimit-remaining']) === '0'
  if (spent && reset > 0) return Math.max(0, reset * 1000 - now)
  // Without a word about when, GitHub asks for a minute.
  return /secondary rate limit/i.test(wordsOf(response?.data)) ? 60_000 : null
}

/** The message of a refusal, if it is plain; words that are long enough to be a credential are left out. */
function wordsOf(data: unknown): string {
  const { message = '', errors = [] } = (data ?? {}) as { message?: unknown; errors?: unknown }
  const details = Array.isArray(errors) ? errors.map(one => one?.message ?? one?.code ?? '') : []
  return [message, ...details]
    .join(' ')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/\S{33,}/g, '…')
    .trim()
    .slice(0, 200)
}
