import Type from 'typebox'
import { closed } from '../../schemas/field.ts'

/** Where something in force is written. */
export const PlaceAnswer = closed(
  {
    file: Type.String({ description: 'File.' }),
    line: Type.Integer({ description: 'Line from 1.' }),
    column: Type.Integer({ description: 'Column from 1.' }),
    commit: Type.Optional(Type.String({ description: 'Commit of the file.' })),
  },
  'Where it is written.',
)
