import type { Dialect } from './translation.ts'

/** An error as a client of any dialect is told it. */
export interface DialectError {
  readonly status: number
  readonly message: string
  /** Stable name for programs, such as `budget_exceeded`; OpenAI dialects only. */
  readonly code?: string
  /** Path of the member at fault; OpenAI dialects only. */
  readonly field?: string
}

const openaiTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
}

const anthropicTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** The JSON body of an error in a dialect. */
export function errorBody(dialect: Dialect, error: DialectError): object {
  if (dialect === 'messages')
    return { type: 'error', error: { type: anthropicType(error.status), message: error.message } }
  return {
    error: {
      message: error.message,
      type: openaiTypes[error.status] ?? (error.status < 500 ? openaiTypes[400] : 'server_error'),
      param: error.field ?? null,
      code: error.code ?? null,
    },
  }
}

function anthropicType(status: number): string {
  const fallback = status < 500 ? 'invalid_request_error' : 'api_error'
  return anthropicTypes[status] ?? fallback
}
