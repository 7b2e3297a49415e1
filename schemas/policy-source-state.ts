import Type from 'typebox'
import { closed, type Frozen, instant } from './field.ts'

const Drifted = closed(
  {
    object: Type.String({ description: 'Plural and name.' }),
    by: Type.Optional(
      Type.String({ description: 'The field manager that wrote last, such as kubectl-edit.' }),
    ),
    at: Type.Optional(instant('When it did.')),
  },
  'An object that was edited by hand.',
)

const Problem = closed(
  {
    code: Type.String({ description: 'What is wrong; see the list of problems.' }),
    message: Type.String({ description: 'A sentence, with the place in the repository.' }),
  },
  'What keeps the newest commit from being applied.',
)

/** What a PolicySource brought into the cluster: counts and digests, and never more than 20 of anything. */
export const PolicySourceState = closed(
  {
    commit: Type.Optional(Type.String({ description: 'The commit that is applied.' })),
    author: Type.Optional(Type.String({ description: 'Who wrote it, as it says.' })),
    subject: Type.Optional(Type.String({ description: 'The first line of its message.' })),
    committedAt: Type.Optional(instant('When it was made, as it says.')),
    signedBy: Type.Optional(Type.String({ description: 'Who signed it.' })),
    objects: Type.Optional(Type.Integer({ minimum: 0, description: 'Objects that it brings.' })),
    digest: Type.Optional(Type.String({ description: 'sha256: of all that it says of them.' })),
    problems: Type.Optional(Type.Array(Problem, { maxItems: 20, description: 'The first 20.' })),
    drifted: Type.Optional(Type.Array(Drifted, { maxItems: 20, description: 'The first 20.' })),
    drifts: Type.Optional(Type.Integer({ minimum: 0, description: 'Objects edited by hand.' })),
  },
  'What the source brought.',
)
export type PolicySourceState = Frozen<Type.Static<typeof PolicySourceState>>
