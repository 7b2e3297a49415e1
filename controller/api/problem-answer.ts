import type { ErrorRequestHandler, Response } from 'express'
import { ControllerFailure, type ControllerFailureCode } from '../failure.ts'

/** Something the caller must do differently. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure'
  readonly status: number
  /** What programs match on, where the status does not say it. */
  readonly code: string | undefined
  /** Seconds after which it may go better. */
  readonly retryAfter: number | undefined

  constructor(status: number, message: string, code?: string, retryAfter?: number) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = retryAfter
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Cannot be processed',
  429: 'Too many',
  500: 'Internal error',
  503: 'Not ready',
}

/** Answers with problem details (RFC 9457). */
export function answerProblem(
  response: Response,
  status: number,
  detail: string,
  code?: string,
): void {
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: titles[status] ?? 'Error',
        status,
        detail,
        code,
      }),
    )
}

const statuses: { readonly [Code in ControllerFailureCode]?: number } = {
  entry_malformed: 422,
  sequence_conflict: 409,
  too_many_proxies: 429,
  too_many_questions: 429,
  question_conflict: 409,
  budget_outdated: 409,
  window_closed: 409,
  run_ended: 409,
  run_unknown: 409,
  lease_conflict: 409,
  foreign_proxy: 403,
  identity_unavailable: 503,
  change_refused: 409,
  compile_failed: 422,
  plan_failed: 413,
  too_busy: 429,
}

/** Turns whatever a handler threw into an answer. What is not the caller's doing is logged and not told. */
export function onError(log: {
  error(fields: object, message: string): void
}): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const { status, detail, code } = describe(error)
    // Who could not say whose a token is has told why already, once.
    if (status >= 500 && code !== 'identity_unavailable')
      log.error({ err: error }, 'request failed')
    if (error instanceof RequestFailure && error.retryAfter !== undefined) {
      response.set('retry-after', `${error.retryAfter}`)
    }
    if (response.headersSent) response.destroy()
    else answerProblem(response, status, detail, code)
  }
}

function describe(error: unknown): { status: number; detail: string; code?: string | undefined } {
  if (error instanceof RequestFailure) {
    return { status: error.status, detail: error.message, code: error.code }
  }
  if (error instanceof ControllerFailure) {
    const status = statuses[error.code]
    if (status !== undefined) return { status, detail: error.message, code: error.code }
  }
  const status = statusOfParser(error)
  return status < 500
    ? { status, detail: 'The request cannot be read.' }
    : { status, detail: 'See the log of the controller.' }
}

/** Errors of body-parser carry the status they stand for. */
function statusOfParser(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500 ? status : 500
}
