import Type from 'typebox'
import { closed } from '../../schemas/field.ts'

/** What every refusal looks like (RFC 9457). */
export const ProblemDetails = closed(
  {
    type: Type.String({ description: 'about:blank: the status says what it is.' }),
    title: Type.String({ description: 'The status in words.' }),
    status: Type.Integer({ description: 'The status.' }),
    detail: Type.String({ description: 'What is wrong, in a sentence that may change.' }),
    code: Type.Optional(Type.String({ description: 'What programs match on.' })),
  },
  'Why something was refused.',
)
