import type { Request } from 'express'
import { RequestFailure } from './problem-answer.ts'

/** The body as text. Throws a RequestFailure when there is none of the right type, or it is not UTF-8. */
export function textBody(request: Request): string {
  if (!Buffer.isBuffer(request.body))
    throw new RequestFailure(415, 'The body has not the type expected here.')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(request.body)
  } catch {
    throw new RequestFailure(400, 'The body is not UTF-8.')
  }
}

/** The body as JSON. Throws a RequestFailure. */
export function jsonBody(request: Request): unknown {
  try {
    return JSON.parse(textBody(request))
  } catch (error) {
    if (error instanceof RequestFailure) throw error
    throw new RequestFailure(400, 'The body is not JSON.')
  }
}
