import Type from 'typebox'
import { ApiKey } from './api-key.ts'
import { closed, type Frozen, oneOf, text } from './field.ts'
import type { Kind } from './resource.ts'

export const UserSpec = closed(
  {
    displayName: Type.Optional(text('Name shown to people.', 256)),
    email: Type.Optional(
      Type.String({ format: 'email', maxLength: 320, description: 'Mail address.' }),
    ),
    roles: Type.Optional(
      Type.Array(oneOf(['owner'], 'An `owner` is asked when a workflow names nobody.'), {
        maxItems: 8,
        uniqueItems: true,
        description: 'What this person is in the namespace.',
      }),
    ),
    apiKeys: Type.Optional(
      Type.Array(ApiKey, {
        maxItems: 32,
        description: 'Keys with which this person decides from a program or a terminal.',
      }),
    ),
    identities: Type.Optional(
      closed(
        {
          github: Type.Optional(
            closed(
              {
                id: Type.Integer({ minimum: 1, description: 'Numeric GitHub user id.' }),
                login: Type.Optional(text('GitHub login, for people to read.', 64)),
              },
              'GitHub account; the number identifies it, the login may change.',
            ),
          ),
          kubernetes: Type.Optional(
            Type.Array(text('User name as the API server verified it.', 512), {
              maxItems: 32,
              description: 'Kubernetes user names.',
            }),
          ),
          slack: Type.Optional(text('Slack member id, for example U024BE7LH.', 64)),
          mattermost: Type.Optional(text('Mattermost user id.', 64)),
          oidc: Type.Optional(text('Subject at the identity provider.', 256)),
          account: Type.Optional(
            text('Name of the account with which this person signs in to the console.', 64),
          ),
          signingKeys: Type.Optional(
            Type.Array(
              text('SSH public key on one line, or OpenPGP public key in ASCII armour.', 16_384),
              { maxItems: 32, description: 'Keys with which this person signs commits.' },
            ),
          ),
        },
        'The names of this person elsewhere.',
      ),
    ),
  },
  "A person and that person's names elsewhere.",
)
export type UserSpec = Frozen<Type.Static<typeof UserSpec>>

export const User = {
  kind: 'User',
  plural: 'users',
  shortNames: [],
  description: 'A person who owns agents or answers questions.',
  spec: UserSpec,
  served: true,
  columns: [{ name: 'Display name', type: 'string', jsonPath: '.spec.displayName' }],
} satisfies Kind
