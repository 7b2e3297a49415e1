import { generateKeyPairSync } from 'node:crypto'
import type { NewEntry } from '../../../proxy/journal/line.ts'
import { digestOf, genesisOf, linkOf } from '../../../records/chain.ts'
import { chainKey } from '../../../records/chain-key.ts'
import { headOf } from '../../../records/line.ts'
import { type StatementKey, signStatement, statementKey } from '../../../records/statement.ts'
import { entry } from '../../proxy/journal-entry.ts'

const time = '2026-11-21T09:00:00.000Z'

export function newKey(): StatementKey {
  return statementKey(generateKeyPairSync('ed25519').privateKey)
}

/** What a proxy writes: lines that are chained, and statements about them. */
export class WrittenChain {
  readonly proxy: string
  readonly key: StatementKey
  seq = 0
  link: string

  constructor(proxy: string, key = newKey()) {
    this.proxy = proxy
    this.key = key
    this.link = genesisOf(proxy)
  }

  line(some: Partial<NewEntry> = {}): string {
    this.seq += 1
    const line = headOf(this.proxy, this.seq, this.link) + JSON.stringify(entry(some)).slice(1)
    this.link = linkOf(this.link, digestOf(line))
    return line
  }

  lines(count: number, some: Partial<NewEntry> = {}): string[] {
    return Array.from({ length: count }, () => this.line(some))
  }

  keyLine(from = 1, previous: StatementKey | null = null, key = this.key): string {
    return JSON.stringify(chainKey({ proxy: this.proxy, from, time }, key, previous))
  }

  seal(key = this.key, link = this.link): string {
    const seal = { type: 'writ.seal.v1', proxy: this.proxy, seq: this.seq, link, time }
    return JSON.stringify(signStatement(seal, key))
  }

  /** So many lines as they are shipped. */
  batch(count: number, some: Partial<NewEntry> = {}): string[] {
    return [this.keyLine(), ...this.lines(count, some), this.seal()]
  }
}
