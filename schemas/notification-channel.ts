import Type from 'typebox'
import { closed, type Frozen, httpUrl, oneOf, secretRef, stringMap, text } from './field.ts'
import type { Kind } from './resource.ts'

export const NotificationChannelSpec = closed(
  {
    type: oneOf(
      ['github', 'slack', 'mattermost', 'mail', 'webhook', 'push'],
      'Where people are told.',
    ),
    url: Type.Optional(httpUrl('Address of the webhook, for mattermost and webhook.')),
    secretRef: Type.Optional(
      secretRef('Credential: webhook URL, signing secret or token, by type.'),
    ),
    headers: Type.Optional(stringMap('Headers sent with a webhook; never credentials.')),
    repository: Type.Optional(text('owner/name, for github.', 256)),
    from: Type.Optional(text('Sender address, for mail.', 320)),
    to: Type.Optional(
      Type.Array(text('Recipient address.', 320), {
        maxItems: 64,
        description: 'Recipients besides the people asked, for mail.',
      }),
    ),
  },
  'Where people are told: GitHub, Slack, Mattermost, mail, webhook, push.',
)
export type NotificationChannelSpec = Frozen<Type.Static<typeof NotificationChannelSpec>>

export const NotificationChannel = {
  kind: 'NotificationChannel',
  plural: 'notificationchannels',
  shortNames: ['nc'],
  description: 'A place where people are told about questions.',
  spec: NotificationChannelSpec,
  served: true,
  columns: [{ name: 'Type', type: 'string', jsonPath: '.spec.type' }],
} satisfies Kind
