import type { Era, Reply } from './upstream/link.ts'

/** Hands a result on as it is; a stateless client is told that it is complete when the server did not say. */
export function finishFor(era: Era): (reply: Reply) => string {
  return era === 'legacy' ? asItIs : completed
}

function asItIs({ text }: Reply): string {
  return text
}

function completed({ text, value }: Reply): string {
  if (Object.hasOwn(value, 'resultType')) return text
  const rest = text.slice(text.indexOf('{') + 1)
  const separator = Object.keys(value).length === 0 ? '' : ','
  return `{"resultType":"complete"${separator}${rest}`
}

/** A result that nobody else may be given out of a cache, for the next caller may not be allowed to see it. */
export function privately(reply: Reply): string {
  if (reply.value.resultType === 'input_required') return reply.text
  const { resultType = 'complete', ...value } = reply.value
  return JSON.stringify({ resultType, ...value, ttlMs: 0, cacheScope: 'private' })
}
