import type { NotificationChannelSpec } from '../../../schemas/notification-channel.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { Resource } from '../resource.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Channels that lack what their type needs, or have what means nothing in it. */
export function* channels({ resources }: World): Iterable<Problem> {
  for (const channel of ofKind(resources, 'NotificationChannel')) yield* incomplete(channel)
}

type Field = keyof NotificationChannelSpec

/** What each type needs, one field of every group, and what it may have besides. */
const fields: Readonly<
  Record<
    NotificationChannelSpec['type'],
    { readonly needs: readonly (readonly Field[])[]; readonly takes: readonly Field[] }
  >
> = {
  github: {
    needs: [['repository'], ['thread'], ['secretRef']],
    takes: ['apiUrl', 'signingSecretRef'],
  },
  slack: { needs: [['secretRef']], takes: ['signingSecretRef'] },
  mattermost: { needs: [['url', 'secretRef']], takes: ['signingSecretRef'] },
  mail: { needs: [['host'], ['from']], takes: ['port', 'security', 'secretRef', 'to'] },
  webhook: { needs: [['url', 'secretRef']], takes: ['signingSecretRef', 'headers'] },
  push: { needs: [], takes: [] },
}

function* incomplete({ spec, origin }: Resource<'NotificationChannel'>): Iterable<Problem> {
  const { needs, takes } = fields[spec.type]
  if (origin.unsure(['spec', 'type'])) return
  const has = (field: Field) => spec[field] !== undefined || origin.unsure(['spec', field])
  for (const group of needs) {
    if (group.some(has)) continue
    yield problemAt(origin, ['spec', 'type'], {
      severity: 'error',
      code: 'missing_key',
      message: `A channel of type ${spec.type} needs ${group.join(' or ')}.`,
    })
  }
  const known = new Set(['type', ...needs.flat(), ...takes])
  for (const field of Object.keys(spec).filter(field => !known.has(field))) {
    yield problemAt(
      origin,
      ['spec', field],
      {
        severity: 'error',
        code: 'stray_key',
        message: `${field} means nothing in a channel of type ${spec.type}.`,
        suggestion: 'Remove it, or choose another type.',
      },
      'key',
    )
  }
  if (spec.type === 'mail' && spec.security === 'none' && spec.secretRef !== undefined) {
    yield problemAt(origin, ['spec', 'security'], {
      severity: 'warning',
      code: 'password_in_the_clear',
      message: 'The password travels to the mail server in the clear.',
      suggestion: 'Write starttls or tls.',
    })
  }
}
