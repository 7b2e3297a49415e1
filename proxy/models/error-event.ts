import { errorBody } from './translate/error-body.ts'
import type { Dialect } from './translate/translation.ts'

/** The event by which a client learns that a stream broke off, as providers of the dialect write it. */
export function errorEvent(dialect: Dialect, message: string): string {
  const body = errorBody(dialect, { status: 500, message, code: 'upstream_lost' })
  switch (dialect) {
    case 'messages':
      return `event: error\ndata: ${JSON.stringify(body)}\n\n`
    case 'chat':
      return `data: ${JSON.stringify(body)}\n\n`
    case 'responses':
      return `event: error\ndata: ${JSON.stringify({ type: 'error', code: 'upstream_lost', message, param: null })}\n\n`
  }
}
