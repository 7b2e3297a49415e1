import type { ChainKey } from '../schemas/chain.ts'
import { isSignature, isSignedBy, keyIdOf, type StatementKey, signStatement } from './statement.ts'

/** What a proxy says of a key besides the key. */
export interface NewChainKey {
  readonly proxy: string
  /** The first entry that may be sealed with it. */
  readonly from: number
  /** RFC 3339. */
  readonly time: string
}

/** The statement by which a proxy begins to seal with a key, vouched for by the key before when there was one. */
export function chainKey(
  { proxy, from, time }: NewChainKey,
  key: StatementKey,
  previous: StatementKey | null = null,
): ChainKey {
  const { publicKey } = key
  const own = { type: 'writ.chain-key.v1', proxy, publicKey, from, time } as const
  if (previous === null) return signStatement(own, key)
  // The key before signs under the name of the new one: what it vouches for is all but the two signatures.
  const named = { ...own, previous: previous.id }
  const { signature: previousSignature } = signStatement(named, { ...previous, id: key.id })
  return signStatement({ ...named, previousSignature }, key)
}

/** Whether the key itself signed the statement. */
export function isOwn(statement: ChainKey): boolean {
  return isSignedBy(statement, statement.publicKey)
}

/** Whether the key before, given as SPKI in DER and base64, signed the statement for the new one. */
export function isVouchedFor(statement: ChainKey, previousPublicKey: string): boolean {
  const { previous, previousSignature } = statement
  if (previous === undefined || previousSignature === undefined) return false
  if (previous !== keyIdOf(previousPublicKey)) return false
  const { previousSignature: _, ...named } = statement
  return isSignature({ ...named, signature: previousSignature }, previousPublicKey)
}
