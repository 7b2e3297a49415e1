import Type from 'typebox'
import { ApprovalQuestion, ApprovalRequest } from './approval.ts'
import { closed, type Frozen, instant, text } from './field.ts'
import { TableRelease } from './table-release.ts'

const line = Type.String({ maxLength: 17 * 1024 * 1024 })

/** Everything that speaks for one call, in one file. */
export const EvidenceBundle = closed(
  {
    type: Type.Literal('writ.bundle.v1'),
    controller: text('The program that wrote it, with its version.', 64),
    time: instant('When it was written.'),
    call: text('The call.', 64),
    proof: Type.Array(line, {
      maxItems: 10_000,
      description:
        'Lines of an export: the entries of the call, and what leads from them to a seal and a checkpoint.',
    }),
    signingKey: Type.String({
      pattern: '^[A-Za-z0-9+/]{59}=$',
      description: 'Public key of releases: Ed25519, SPKI in DER, base64.',
    }),
    table: Type.Union([
      closed(
        {
          digest: text('Digest that the entries name.', 80),
          body: Type.Union([Type.String(), Type.Null()], {
            description: 'Its canonical JSON; null when it is not kept any more.',
          }),
          release: Type.Union([TableRelease, Type.Null()], {
            description: 'The statement that put it in force; null when there is none.',
          }),
          version: Type.Unknown({
            description:
              'What brought it: the commit, and how it was reviewed; as the controller says.',
          }),
        },
        'The table that decided.',
      ),
      Type.Null(),
    ]),
    approval: Type.Union([
      closed(
        { question: ApprovalQuestion, request: ApprovalRequest },
        'What people were asked, and answered; as the controller says.',
      ),
      Type.Null(),
    ]),
  },
  'Everything that speaks for one call.',
)
export type EvidenceBundle = Frozen<Type.Static<typeof EvidenceBundle>>
