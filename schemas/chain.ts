import Type from 'typebox'
import { closed, type Frozen, instant } from './field.ts'

const keyId = Type.String({
  pattern: '^[0-9a-f]{32}$',
  description: 'First 32 hex digits of the SHA-256 of the public key in SPKI form.',
})
const signature = Type.String({
  pattern: '^[\\w-]{86}$',
  description: 'Ed25519, base64url, of the canonical JSON (RFC 8785) of every other field.',
})
const signed = { keyId, signature }
const proxy = Type.String({ pattern: '^[\\w.-]{1,128}$', description: 'The proxy.' })
const seq = Type.Integer({ minimum: 1, description: 'Number of an entry at that proxy.' })
const digest = (description: string) => Type.String({ pattern: '^[\\w-]{43}$', description })
const publicKey = Type.String({
  pattern: '^[A-Za-z0-9+/]{59}=$',
  description: 'Ed25519 public key, SPKI in DER, base64.',
})

/** A proxy's word which key it seals with: signed by that key, and by the one before when there was one. */
export const ChainKey = closed(
  {
    type: Type.Literal('writ.chain-key.v1'),
    proxy,
    publicKey,
    from: Type.Integer({
      minimum: 1,
      description: 'No entry before this number is sealed with it.',
    }),
    time: instant('When the key was made.'),
    previous: Type.Optional(keyId),
    previousSignature: Type.Optional(signature),
    ...signed,
  },
  'Which key a proxy seals with. `previousSignature` is by the key before and covers every field but the two signatures; `signature` covers it too.',
)
export type ChainKey = Frozen<Type.Static<typeof ChainKey>>

/** A proxy's word that its chain up to an entry is this one. */
export const Seal = closed(
  {
    type: Type.Literal('writ.seal.v1'),
    proxy,
    seq,
    link: digest('Link of that entry: what the next one is chained to.'),
    time: instant('When it was sealed.'),
    ...signed,
  },
  'The end of a chain, signed by its proxy.',
)
export type Seal = Frozen<Type.Static<typeof Seal>>

/** Entries that were deleted, and what they leave: enough to go on with the chain behind them. */
export const PrunedRange = closed(
  {
    proxy,
    from: seq,
    to: seq,
    before: digest('What the first of them was chained to.'),
    after: digest('What the entry behind the last is chained to.'),
  },
  'A run of entries that retention deleted.',
)
export type PrunedRange = Frozen<Type.Static<typeof PrunedRange>>

/** The controller's word, by a key that no proxy has, on how far it holds which chains. */
export const Checkpoint = closed(
  {
    type: Type.Literal('writ.checkpoint.v1'),
    number: Type.Integer({ minimum: 1, description: 'No gaps.' }),
    previous: Type.Union([digest('Digest of the checkpoint before.'), Type.Null()], {
      description: 'SHA-256 of the canonical JSON of the checkpoint before; null in the first.',
    }),
    time: instant('When it was made.'),
    chains: Type.Array(
      closed(
        { proxy, seq, link: digest('Link of that entry.'), chainKey: Type.Optional(keyId) },
        'A chain.',
      ),
      { maxItems: 1000, description: 'Chains that grew since they were last in a checkpoint.' },
    ),
    pruned: Type.Array(PrunedRange, {
      maxItems: 1000,
      description: 'Runs that were deleted since the checkpoint before.',
    }),
    nextKey: Type.Optional(publicKey),
    ...signed,
  },
  'How far the controller holds which chains. With `nextKey` it is the last that its key signs.',
)
export type Checkpoint = Frozen<Type.Static<typeof Checkpoint>>

/** Entries that an export leaves out, by the digests of their lines: the chain can be followed, and says nothing of them. */
export const OmittedRange = closed(
  {
    type: Type.Literal('writ.omitted.v1'),
    proxy,
    from: seq,
    digests: Type.Array(digest('Digest of a line.'), { minItems: 1, maxItems: 1000 }),
  },
  'Entries in sequence that are not shown.',
)
export type OmittedRange = Frozen<Type.Static<typeof OmittedRange>>
