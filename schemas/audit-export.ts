import Type from 'typebox'
import { closed, type Frozen, instant, text } from './field.ts'

const proxy = Type.String({ pattern: '^[\\w.-]{1,128}$', description: 'The proxy.' })
const seq = Type.Integer({ minimum: 1, description: 'Number of an entry at that proxy.' })
const digest = (description: string) => Type.String({ pattern: '^[\\w-]{43}$', description })

/** What an export is: its first line. */
export const ExportHeader = closed(
  {
    type: Type.Literal('writ.export.v1'),
    controller: text('The program that wrote it, with its version.', 64),
    time: instant('When it was begun.'),
    from: Type.Optional(instant('Entries before this instant are not in it.')),
    to: Type.Optional(instant('Entries from this instant on are not in it.')),
    filter: Type.Record(
      Type.String({ pattern: '^[A-Za-z]{1,32}$' }),
      Type.String({ maxLength: 8192 }),
      {
        description: 'Words that entries must have to be shown; the others are left out by digest.',
      },
    ),
    checkpointKey: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9+/]{59}=$',
        description:
          'Public key (Ed25519, SPKI in DER, base64) of the first checkpoint, or of the end when there is none.',
      }),
    ),
  },
  'The beginning of an export. Checkpoints follow, then every chain, then the end.',
)
export type ExportHeader = Frozen<Type.Static<typeof ExportHeader>>

/** Where the part of a chain begins and ends that an export holds. */
export const ExportChain = closed(
  {
    type: Type.Literal('writ.export-chain.v1'),
    proxy,
    from: Type.Integer({ minimum: 1, description: 'No entry before this number follows.' }),
    prev: digest('What the first entry that follows is chained to.'),
    to: seq,
  },
  'The lines up to the next of these are of this proxy, in the order of their numbers.',
)
export type ExportChain = Frozen<Type.Static<typeof ExportChain>>

/** The last line of an export: nothing was cut off, and who wrote it. */
export const ExportEnd = closed(
  {
    type: Type.Literal('writ.export-end.v1'),
    lines: Type.Integer({ minimum: 1, description: 'Lines before this one.' }),
    sha256: digest('SHA-256 of all bytes before this line.'),
    time: instant('When it was written.'),
    keyId: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'The key of the checkpoints.' }),
    signature: Type.String({ pattern: '^[\\w-]{86}$', description: 'As of every statement.' }),
  },
  'The end of an export, signed with the key of the newest checkpoint.',
)
export type ExportEnd = Frozen<Type.Static<typeof ExportEnd>>
