import Type from 'typebox'
import { closed, instant, text } from './field.ts'

/** A key of an agent or of a person; only its hash is written down. */
export const ApiKey = closed(
  {
    name: text('Name of the key, unique within its owner; policies can select it.', 128),
    sha256: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'SHA-256 of the key in hex, as `writ keys create` prints it.',
    }),
    expires: Type.Optional(instant('When the key stops working.')),
  },
  'A key; only its hash is written down.',
)
