import { createHash, generateKeyPairSync } from 'node:crypto'
import { digestOf, genesisOf, linkOf } from '../records/chain.ts'
import { chainKey } from '../records/chain-key.ts'
import { headOf } from '../records/line.ts'
import { signStatement, statementKey } from '../records/statement.ts'
import { verifier } from '../records/verify/verifier.ts'

/** What it costs to verify an export. */
export interface VerifyCost {
  readonly entries: number
  readonly bytes: number
  /** Entries a second of one core. */
  readonly rate: number
  readonly heapMb: number
  readonly proved: boolean
}

const time = '2026-11-21T12:00:00.000Z'
const proxies = 4
const perSeal = 100

/** Verifies an export of so many entries that is written meanwhile; only the work of the verifier counts. */
export function verifying(entries: number): VerifyCost {
  const key = statementKey(generateKeyPairSync('ed25519').privateKey)
  const verify = verifier()
  const hash = createHash('sha256')
  let [lines, bytes, spent] = [0, 0, 0]
  let block: Buffer[] = []
  const flush = () => {
    const begin = process.cpuUsage()
    for (const line of block) verify.take(line)
    const { user, system } = process.cpuUsage(begin)
    spent += user + system
    block = []
  }
  const write = (text: string) => {
    const line = Buffer.from(text)
    hash.update(line).update('\n')
    lines += 1
    bytes += line.length + 1
    block.push(line)
    if (block.length === 1000) flush()
  }
  const { publicKey: checkpointKey } = key
  const header = { type: 'writ.export.v1', controller: 'writ/bench', time, filter: {} }
  write(JSON.stringify({ ...header, checkpointKey }))
  for (let i = 0; i < proxies; i += 1) writeChain(`proxy-${i}`, entries / proxies, write)
  const end = { type: 'writ.export-end.v1', lines, sha256: hash.digest('base64url'), time }
  flush()
  verify.take(Buffer.from(JSON.stringify(signStatement(end, key))))
  const { proved } = verify.end()
  globalThis.gc?.()
  const heapMb = process.memoryUsage().heapUsed / 1024 / 1024
  return { entries, bytes, rate: entries / (spent / 1_000_000), heapMb, proved }
}

/** Entries as they are for calls of tools, about 900 bytes each. */
function writeChain(proxy: string, count: number, write: (line: string) => void): void {
  const key = statementKey(generateKeyPairSync('ed25519').privateKey)
  let link = genesisOf(proxy)
  const begin = { type: 'writ.export-chain.v1', proxy, from: 1, prev: link, to: count }
  write(JSON.stringify(begin))
  write(JSON.stringify(chainKey({ proxy, from: 1, time }, key)))
  for (let seq = 1; seq <= count; seq += 1) {
    const line = `${headOf(proxy, seq, link)}"time":"${time}","call":"call-${seq >> 1}",${rest}}`
    write(line)
    link = linkOf(link, digestOf(line))
    if (seq % perSeal !== 0) continue
    write(JSON.stringify(signStatement({ type: 'writ.seal.v1', proxy, seq, link, time }, key)))
  }
}

const rest = `"phase":"attempt","namespace":"default","agent":"bot","apiKey":"laptop","session":"s-1","kind":"tool","server":"bank","tool":"pay","action":"allow","reason":"rule","policy":"payments","rule":"small","commit":"${'0'.repeat(40)}","table":"sha256:${'0'.repeat(64)}","args":${JSON.stringify({ text: 'x'.repeat(450) })}`
