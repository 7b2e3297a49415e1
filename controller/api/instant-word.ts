import { RequestFailure } from './problem-answer.ts'

/** Words of a query that say from when and until when. */
interface Times {
  readonly since?: string
  readonly until?: string
}

/** The times of a query in milliseconds since 1970. Throws a RequestFailure for one that is none. */
export function timesOf({ since, until }: Times): {
  readonly since?: number
  readonly until?: number
} {
  return {
    ...(since !== undefined && { since: instantOf('since', since) }),
    ...(until !== undefined && { until: instantOf('until', until) }),
  }
}

/** An instant in milliseconds since 1970. Throws a RequestFailure that names the word when it is none. */
function instantOf(name: string, given: string): number {
  const at = Date.parse(given)
  if (!Number.isNaN(at)) return at
  throw new RequestFailure(400, `${name} is an instant such as 2026-11-21T09:00:00Z.`)
}
