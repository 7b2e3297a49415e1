import type { ChainKey, Seal } from '../../schemas/chain.ts'
import { isOwn, isVouchedFor } from '../chain-key.ts'
import { isSignedBy } from '../statement.ts'
import type { FlawCode } from './flaws.ts'

/** Why a statement of a proxy does not count: a code and how the sentence goes on. */
export type Objection = readonly [code: FlawCode, what: string]

/** The keys of one chain, in their order. */
export class ChainKeys {
  readonly #ids: string[] = []
  #current: ChainKey | null = null

  get ids(): readonly string[] {
    return this.#ids
  }

  /** Takes the next key; what is wrong with it when it does not count. `sealed` is the last entry that is sealed. */
  take(key: ChainKey, sealed: number): Objection | null {
    const current = this.#current
    if (!isOwn(key)) return ['key_invalid', `key ${key.keyId} did not sign its own statement`]
    if (current === null && key.previous !== undefined) {
      return ['key_unvouched', `key ${key.keyId} follows one that is not in the export`]
    }
    if (current !== null && !isVouchedFor(key, current.publicKey)) {
      return ['key_unvouched', `key ${key.keyId} is not vouched for by ${current.keyId}`]
    }
    if (key.from <= sealed) {
      return ['key_unvouched', `key ${key.keyId} is for entries that were sealed before it`]
    }
    this.#current = key
    this.#ids.push(key.keyId)
    return null
  }

  /** What is wrong with the signature of a seal; null when the key of its time signed it. */
  objection(seal: Seal): Objection | null {
    const current = this.#current
    if (current === null) return ['seal_invalid', 'is sealed with a key that is not in the export']
    if (seal.keyId !== current.keyId) {
      return this.#ids.includes(seal.keyId)
        ? ['seal_old_key', `is sealed with key ${seal.keyId}, which another one followed`]
        : ['seal_invalid', `is sealed with key ${seal.keyId}, which is none of its proxy`]
    }
    if (seal.seq < current.from) return ['seal_invalid', 'is sealed with a key of later entries']
    return isSignedBy(seal, current.publicKey)
      ? null
      : ['seal_invalid', 'has a seal that is forged']
  }
}
