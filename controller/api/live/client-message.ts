import Type from 'typebox'
import { text } from '../../../schemas/field.ts'
import { validator } from '../validator.ts'

/** What a client may say. */
const ClientMessage = Type.Object({
  type: text('What it is.', 64),
  topic: Type.Optional(text('What to follow.', 64)),
  /** `seq` of the last message that was heard. */
  since: Type.Optional(text('Position to go on from.', 64)),
  token: Type.Optional(text('Bearer token.', 512)),
})
export type ClientMessage = Type.Static<typeof ClientMessage>

const valid = validator(ClientMessage)

/** The message, or null for what is none. */
export function readMessage(data: string): ClientMessage | null {
  try {
    return valid(JSON.parse(data))
  } catch {
    return null
  }
}
