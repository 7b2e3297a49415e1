/** A body as JSON, and the header that says so. */
export function asJson(body: object) {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
