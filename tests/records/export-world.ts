import { createHash, createPrivateKey } from 'node:crypto'
import { digestOf, genesisOf, linkOf } from '../../records/chain.ts'
import { chainKey } from '../../records/chain-key.ts'
import { headOf } from '../../records/line.ts'
import {
  type StatementKey,
  signStatement,
  statementDigest,
  statementKey,
} from '../../records/statement.ts'
import { type Report, type VerifyOptions, verifier } from '../../records/verify/verifier.ts'
import type { ChainKey, Checkpoint, PrunedRange } from '../../schemas/chain.ts'

/** PKCS #8 of Ed25519 begins like this; 32 bytes of the key follow (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The same key for the same name, every time. */
export function keyNamed(name: string): StatementKey {
  const seed = createHash('sha256').update(name).digest()
  const key = Buffer.concat([pkcs8, seed])
  return statementKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

/** An instant for a number: the same every time. */
export const at = (second: number) =>
  new Date(Date.UTC(2026, 10, 21, 12) + second * 1000).toISOString()

/** A chain as a proxy writes it: lines, links by number, seals and keys where they stand. */
export interface WrittenChain {
  readonly proxy: string
  /** Lines of an export, without the statement that begins them. */
  readonly parts: readonly WrittenPart[]
  /** Link behind every entry. */
  readonly links: ReadonlyMap<number, string>
  readonly last: number
}

interface WrittenPart {
  readonly kind: 'entry' | 'key' | 'seal'
  readonly seq: number
  readonly line: string
}

interface ChainPlan {
  readonly proxy: string
  readonly entries: number
  /** Entries after which a seal stands. */
  readonly seals: readonly number[]
  /** A new key from this number on, which must follow a seal. */
  readonly newKeyFrom?: number
  /** What the entries say, by number. */
  readonly text?: (seq: number) => string
  readonly keys?: readonly StatementKey[]
}

/** Writes a chain as a proxy does. */
export function writeChain(plan: ChainPlan): WrittenChain {
  const { proxy, entries, seals, newKeyFrom, text = usualText } = plan
  const keys = plan.keys ?? [keyNamed(`${proxy} 1`), keyNamed(`${proxy} 2`)]
  const [first, second] = keys as [StatementKey, StatementKey]
  const parts: WrittenPart[] = []
  const key = (made: ChainKey) =>
    parts.push({ kind: 'key', seq: made.from, line: JSON.stringify(made) })
  key(chainKey({ proxy, from: 1, time: at(0) }, first))
  const links = new Map<number, string>()
  let link = genesisOf(proxy)
  let signer = first
  for (let seq = 1; seq <= entries; seq += 1) {
    if (seq === newKeyFrom) {
      key(chainKey({ proxy, from: seq, time: at(seq) }, second, first))
      signer = second
    }
    const line = `${headOf(proxy, seq, link)}${text(seq)}}`
    link = linkOf(link, digestOf(line))
    links.set(seq, link)
    parts.push({ kind: 'entry', seq, line })
    if (seals.includes(seq)) {
      const seal = { type: 'writ.seal.v1', proxy, seq, link, time: at(seq) }
      parts.push({ kind: 'seal', seq, line: JSON.stringify(signStatement(seal, signer)) })
    }
  }
  return { proxy, parts, links, last: entries }
}

const usualText = (seq: number) => `"time":"${at(seq)}","call":"call-${seq}","action":"allow"`

interface CheckpointPlan {
  /** What it says of each chain: the last entry it knows. */
  readonly heads: Readonly<Record<string, number>>
  readonly pruned?: readonly PrunedRange[]
  readonly nextKey?: StatementKey
}

/** Makes checkpoints as a controller does; `key` signs until one names the next. */
export function writeCheckpoints(
  chains: readonly WrittenChain[],
  plans: readonly CheckpointPlan[],
  key: StatementKey = keyNamed('controller 1'),
): readonly Checkpoint[] {
  const made: Checkpoint[] = []
  let signer = key
  for (const { heads, pruned = [], nextKey } of plans) {
    const previous = made.at(-1)
    const checkpoint = signStatement(
      {
        type: 'writ.checkpoint.v1',
        number: made.length + 1,
        previous: previous === undefined ? null : statementDigest(previous),
        time: at(1000 + made.length),
        chains: Object.entries(heads).map(([proxy, seq]) => ({
          ...{ proxy, seq, link: linkIn(chains, proxy, seq) },
          chainKey: keyNamed(`${proxy} 1`).id,
        })),
        pruned: [...pruned],
        ...(nextKey && { nextKey: nextKey.publicKey }),
      },
      signer,
    ) as Checkpoint
    made.push(checkpoint)
    signer = nextKey ?? signer
  }
  return made
}

function linkIn(chains: readonly WrittenChain[], proxy: string, seq: number): string {
  return chains.find(chain => chain.proxy === proxy)?.links.get(seq) ?? genesisOf(proxy)
}

export interface ExportPlan {
  readonly checkpoints?: readonly Checkpoint[]
  /** The key that signed the first checkpoint, and the one that signs the end. */
  readonly firstKey?: StatementKey
  readonly endKey?: StatementKey
  /** Lines of each chain; those of the chain when omitted. */
  readonly bodies: readonly (readonly string[])[]
  readonly header?: object
}

/** The part of a chain that an export holds, as lines. */
export function bodyOf(
  { proxy, parts, links, last }: WrittenChain,
  { from = 1, to = last } = {},
): string[] {
  const prev = links.get(from - 1) ?? genesisOf(proxy)
  const begin = JSON.stringify({ type: 'writ.export-chain.v1', proxy, from, prev, to })
  const shown = parts.filter(({ kind, seq }) => seq <= to && (kind === 'key' || seq >= from))
  return [begin, ...shown.map(({ line }) => line)]
}

/** An export as text. */
export function writeExport(plan: ExportPlan): string {
  const { checkpoints = [], bodies, firstKey = keyNamed('controller 1') } = plan
  const header = {
    ...{ type: 'writ.export.v1', controller: 'writ/test', time: at(2000) },
    ...{ filter: {}, checkpointKey: firstKey.publicKey, ...plan.header },
  }
  const lines = [header, ...checkpoints].map(line => JSON.stringify(line))
  return ended([...lines, ...bodies.flat()], plan.endKey ?? firstKey)
}

/** The lines with the end that goes with them. */
export function ended(lines: readonly string[], key: StatementKey): string {
  const text = lines.map(line => `${line}\n`).join('')
  const end = signStatement(
    {
      ...{ type: 'writ.export-end.v1', lines: lines.length },
      ...{ sha256: createHash('sha256').update(text).digest('base64url'), time: at(2001) },
    },
    key,
  )
  return `${text}${JSON.stringify(end)}\n`
}

/** What the verifier says of an export. */
export function verdict(text: string | Buffer, options: VerifyOptions = {}): Report {
  const bytes = Buffer.from(text as string)
  const verifying = verifier(options)
  let from = 0
  while (from < bytes.length) {
    const end = bytes.indexOf(10, from)
    verifying.take(bytes.subarray(from, end < 0 ? bytes.length : end))
    from = end < 0 ? bytes.length : end + 1
  }
  return verifying.end()
}

/** Codes of the flaws, each with the entry that is named. */
export const codesOf = ({ flaws }: Report) =>
  flaws.map(({ code, proxy, seq }) =>
    [code, proxy, seq].filter(part => part !== undefined).join(' '),
  )
