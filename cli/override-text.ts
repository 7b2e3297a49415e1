import type { Override } from '../schemas/override.ts'

/** An override in words: what it is of, until when it stood or stands, who applied it, and why. */
export function overrideText(override: Override): readonly string[] {
  const { documents, expiresAt, endedAt, by, reason } = override
  const [first, ...others] = documents.map(
    ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
  )
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return [`${first ?? ''}${more}`, endedAt ?? expiresAt, by, reason]
}
