import { existsSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChainEnd } from '../../records/line.ts'
import { signStatement } from '../../records/statement.ts'
import { openChainKey, replaceChainKey, type SealingKey } from './chain-key.ts'

export interface SealsNeeds {
  readonly journal: { readonly folder: string; readonly proxy: string }
  readonly now: () => number
  /** A key is replaced when it is as old as this, in days; 0 means never. */
  readonly keyDays: number
}

/** Signs what is shipped. */
export class Seals {
  readonly #needs: SealsNeeds
  /** Null while it is not known which key the folder holds. */
  #key: SealingKey | null = null

  constructor(needs: SealsNeeds) {
    this.#needs = needs
  }

  /** Makes sure of a key, new ones for entries behind `shipped`. Rejects with a JournalFailure when what is kept is none. */
  async open(shipped: number): Promise<SealingKey> {
    this.#key ??= await openChainKey(this.#needs.journal.folder, this.#begins(shipped))
    return this.#key
  }

  /**
   * Lines as they are handed in, each ended by a newline: behind the statement of the key, before the seal of the
   * last. `shipped` is the last entry that was handed in before.
   */
  async around(lines: readonly string[], end: ChainEnd, shipped: number): Promise<string> {
    const { key, statement } = await this.open(shipped)
    const { proxy, time } = this.#begins(shipped)
    const seal = signStatement({ type: 'writ.seal.v1', proxy, ...end, time }, key)
    return [JSON.stringify(statement), ...lines, JSON.stringify(seal), ''].join('\n')
  }

  /**
   * Replaces the key when it is time to. To be called when the controller has just said that it has everything up
   * to entry `shipped` and can have nothing behind it: what one key seals comes before everything that the next does.
   */
  async renew(shipped: number): Promise<void> {
    const { folder } = this.#needs.journal
    const old = this.#key
    if (old === null || !this.#isDue(old)) return
    this.#key = null
    this.#key = await replaceChainKey(folder, this.#begins(shipped), old)
    await unlink(askedIn(folder)).catch(() => undefined)
  }

  #isDue({ statement }: SealingKey): boolean {
    const { journal, keyDays, now } = this.#needs
    const age = now() - Date.parse(statement.time)
    return (keyDays > 0 && age >= keyDays * dayMs) || existsSync(askedIn(journal.folder))
  }

  #begins(shipped: number) {
    const { journal, now } = this.#needs
    return { proxy: journal.proxy, from: shipped + 1, time: new Date(now()).toISOString() }
  }
}

const dayMs = 86_400_000

/** A file that asks for a new key. */
function askedIn(folder: string): string {
  return join(folder, 'renew-chain-key')
}
