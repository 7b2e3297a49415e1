import Type from 'typebox'
import { closed, type Frozen, instant } from './field.ts'

/** Tables that one release names besides its own. */
export const mostNext = 20

/**
 * The controller's word that a table is in force for a namespace. The signature (Ed25519) covers the
 * canonical JSON (RFC 8785) of every other field; the table itself is fetched by its digest.
 */
export const TableRelease = closed(
  {
    namespace: Type.String({ description: 'Namespace that the table governs.' }),
    sequence: Type.Integer({
      minimum: 1,
      description: 'Grows with every release; a proxy never goes back to a smaller one.',
    }),
    digest: Type.String({ description: 'sha256: and hex of the canonical table.' }),
    publishedAt: instant('When it was published.'),
    next: Type.Optional(
      Type.Array(
        closed(
          {
            at: instant('From when.'),
            digest: Type.String({ description: 'sha256: and hex of the canonical table.' }),
          },
          'A table and when its time comes.',
        ),
        {
          minItems: 1,
          maxItems: mostNext,
          description:
            'Tables that take the place of this one by themselves, one after the other, whether the controller can be reached then or not.',
        },
      ),
    ),
    keyId: Type.String({ description: 'Which key signed.' }),
    signature: Type.String({ description: 'Ed25519, base64url.' }),
  },
  'A signed statement of which table is in force.',
)
export type TableRelease = Frozen<Type.Static<typeof TableRelease>>
