import Type from 'typebox'
import { closed, type Frozen, httpUrl, oneOf, secretRef, stringMap, text } from './field.ts'

/** How a connection to a mail server is protected. */
const mailSecurity = ['starttls', 'tls', 'none'] as const

import type { Kind } from './resource.ts'

export const NotificationChannelSpec = closed(
  {
    type: oneOf(
      ['github', 'slack', 'mattermost', 'mail', 'webhook', 'push'],
      'Where people are told.',
    ),
    url: Type.Optional(
      httpUrl(
        'Address of the webhook, for mattermost and webhook; when it is a secret, secretRef.',
      ),
    ),
    secretRef: Type.Optional(
      secretRef(
        'slack, mattermost, webhook: the address of the webhook; mail: `user:password` for the mail server; github: the token of the account that asks.',
      ),
    ),
    signingSecretRef: Type.Optional(
      secretRef(
        'slack: the signing secret of the Slack app; mattermost: a random key of your own; both turn the buttons on. webhook: the key it is signed with, `whsec_…`. github: the secret of a webhook of the repository, by which answers are heard at once.',
      ),
    ),
    headers: Type.Optional(stringMap('Headers sent with a webhook; never credentials.')),
    repository: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$',
        maxLength: 256,
        description: 'owner/name, for github.',
      }),
    ),
    thread: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Number of the issue or pull request in which people are asked, for github.',
      }),
    ),
    apiUrl: Type.Optional(
      httpUrl('Address of the API, for github; https://api.github.com when omitted.'),
    ),
    host: Type.Optional(text('Mail server, for mail.', 253)),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'Its port; 587 for starttls, 465 for tls and 25 for none when omitted.',
      }),
    ),
    security: Type.Optional(
      oneOf(
        mailSecurity,
        'How the connection to the mail server is protected; starttls when omitted.',
      ),
    ),
    from: Type.Optional(text('Sender address, for mail.', 320)),
    to: Type.Optional(
      Type.Array(text('Recipient address.', 320), {
        maxItems: 64,
        description:
          'Addresses that are told besides the people asked, for mail; they get no link that decides.',
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
