import Type from 'typebox'
import { RequestFailure } from './problem-answer.ts'

/** The words of a query that asks for a page of a list that is made anew each time. */
export const pageWords = {
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many.' }),
  after: Type.Optional(
    Type.String({ minLength: 1, maxLength: 2048, description: 'The `next` of an earlier answer.' }),
  ),
}

/** What says where the next page begins. */
export const nextWord = Type.Union([Type.String(), Type.Null()], {
  description: '`after` for what follows; null at the end.',
})

/**
 * A page of items that are sorted by their keys, and how to go on. What comes and goes between two pages moves no
 * other item from one to the other. Throws a RequestFailure for an `after` that was never a `next`.
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): { readonly items: readonly T[]; readonly next: string | null } {
  const last = after === undefined ? null : keyIn(after)
  const rest = last === null ? items : items.filter(item => keyOf(item) > last)
  const shown = rest.slice(0, limit)
  const end = shown.at(-1)
  const isLast = end === undefined || rest.length === shown.length
  return { items: shown, next: isLast ? null : Buffer.from(keyOf(end)).toString('base64url') }
}

function keyIn(after: string): string {
  const bytes = Buffer.from(after, 'base64url')
  if (bytes.toString('base64url') === after) return bytes.toString('utf8')
  throw new RequestFailure(400, 'after is the `next` of an earlier answer.')
}
