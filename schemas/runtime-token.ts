import Type from 'typebox'
import { closed, type Frozen, instant, resourceName, text } from './field.ts'

const day = 86_400

/** What is asked for. */
export const RuntimeTokenRequest = closed(
  {
    namespace: Type.Optional(resourceName('Namespace of the agent; `default` when omitted.')),
    agent: resourceName('The Agent that calls with it.'),
    ttlSeconds: Type.Integer({ minimum: 1, maximum: day, description: 'How long it is good.' }),
    session: Type.Optional(text('The one session that it is good for.', 256)),
  },
  'A token to be made.',
)

/** A token as it is remembered: never its text. */
const remembered = {
  id: text('Its id; `jti` in the token.', 64),
  namespace: resourceName('Namespace.'),
  agent: resourceName('The Agent.'),
  session: Type.Optional(text('The one session that it is good for.', 256)),
  createdBy: text('Who made it.', 512),
  createdAt: instant('When it was made.'),
  expiresAt: instant('When it ends.'),
  revokedAt: Type.Optional(instant('When it was revoked.')),
  revokedBy: Type.Optional(text('Who revoked it.', 512)),
}

export const RuntimeToken = closed(remembered, 'A token of a runtime.')
export type RuntimeToken = Frozen<Type.Static<typeof RuntimeToken>>

export const MadeRuntimeToken = closed(
  { ...remembered, token: Type.String({ description: 'The token; shown this once.' }) },
  'A token that was just made.',
)
export type MadeRuntimeToken = Frozen<Type.Static<typeof MadeRuntimeToken>>

/**
 * The controller's word which tokens are revoked before their time. The signature (Ed25519) covers the canonical JSON
 * (RFC 8785) of every other field.
 */
export const RevocationList = closed(
  {
    format: Type.Literal('writ.dev/revocations/v1'),
    namespace: Type.Optional(resourceName('Tokens of this one; of every namespace when absent.')),
    sequence: Type.Integer({ minimum: 0, description: 'Grows with every revocation.' }),
    publishedAt: instant('When it was written.'),
    revoked: Type.Array(Type.String(), { description: 'Ids of tokens that have not expired.' }),
    keyId: Type.String({ description: 'Which key signed.' }),
    signature: Type.String({ description: 'Ed25519, base64url.' }),
  },
  'A signed list of revoked tokens.',
)
export type RevocationList = Frozen<Type.Static<typeof RevocationList>>
