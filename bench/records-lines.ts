import { generateKeyPairSync } from 'node:crypto'
import { digestOf, linkOf } from '../records/chain.ts'
import { chainKey } from '../records/chain-key.ts'
import { headOf } from '../records/line.ts'
import { type StatementKey, signStatement, statementKey } from '../records/statement.ts'
import type { Seal } from '../schemas/chain.ts'

/** Entries that a ledger is filled with, the same for the same numbers. */
export interface RecordLoad {
  readonly proxies: number
  /** Entries of each proxy. */
  readonly entries: number
  /** Times of the first entries and of the last ones, ms since 1970. */
  readonly from: number
  readonly to: number
}

/** A proxy that writes them. */
export interface WritingProxy {
  readonly id: string
  readonly key: StatementKey
  /** The number of its newest entry, and what the next one is chained to. */
  seq: number
  link: string
}

/** A proxy that goes on behind an entry. */
export function writingProxy(index: number, seq: number, link: string): WritingProxy {
  const key = statementKey(generateKeyPairSync('ed25519').privateKey)
  return { id: `proxy-${String(index).padStart(3, '0')}`, key, seq, link }
}

/** A generator of numbers in [0, 1) for each call: mulberry32. */
function randomFor(proxy: number, call: number): () => number {
  let state = (proxy * 0x9e3779b1 + call * 0x85ebca6b) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A few of many are chosen often: the first of a hundred about as often as the last fifty. */
const skewed = (random: number, count: number) => Math.floor(random ** 3 * count)

const subjects = ['order', 'invoice', 'customer', 'ticket', 'flight', 'refund', 'parcel', 'report']
const people = ['ana', 'ben', 'cleo', 'dan', 'eve', 'finn', 'gus', 'hana', 'ida', 'jon']

/** The attempt and the outcome of a call, as JSON without the brace that opens them. */
function callOf(load: RecordLoad, proxy: number, call: number): readonly [string, string] {
  const random = randomFor(proxy, call)
  const at = load.from + Math.floor((call / (load.entries / 2)) * (load.to - load.from))
  const who = skewed(random(), 200)
  const isModel = random() < 0.2
  const number = skewed(random(), 100)
  const tool = random() < 0.000_02 ? 'wipe_disk' : `tool_${number}`
  const subject = subjects[skewed(random(), subjects.length)]
  const friend = people[Math.floor(random() * people.length)]
  const id = Math.floor(random() * 1e7)
  const denied = random() < 0.03
  const failed = !denied && random() < 0.02
  const asked = !denied && random() < 0.01
  const target = isModel
    ? {
        kind: 'model',
        model: `model-${number % 12}`,
        provider: `vendor-${number % 4}`,
      }
    : { kind: 'tool', server: `server-${number % 20}`, tool }
  const args = isModel
    ? { messages: 3, temperature: 0.2 }
    : {
        path: `/srv/${subject}s/2026/${id}.json`,
        to: `${friend}.${id % 997}@example.com`,
        note: `please look at ${subject} ${subject?.slice(0, 3).toUpperCase()}-${id}`,
      }
  const action = denied ? 'deny' : asked ? 'require_approval' : 'allow'
  const shared = {
    call: `${proxy.toString(16).padStart(8, '0')}-0000-4000-8000-${call.toString(16).padStart(12, '0')}`,
    ...{ namespace: `team-${who % 10}`, agent: `agent-${who}`, apiKey: `key-${who}` },
    user: people[who % 7],
    ...{ session: `s-${proxy}-${Math.floor(call / 40)}`, ...target },
    ...{ action, reason: denied ? 'unmatched' : 'rule' },
    ...(denied ? {} : { policy: `policy-${number % 40}`, rule: `rule-${number % 9}` }),
    ...{ commit: `${(call >> 16).toString(16).padStart(8, '0')}c0ffeec0ffeec0ffeec0ffeec0ffee00` },
    ...{ table: `sha256:${String(call >> 16).padStart(64, '0')}` },
    ...(asked ? { approval: `ask-${proxy}-${call}` } : {}),
  }
  const ended = denied
    ? { status: 'refused' }
    : {
        status: failed ? 'failed' : 'succeeded',
        durationMs: Math.round(5 / (1.0005 - random())),
        upstreamStatus: failed ? '502' : '200',
        ...(failed ? { error: `upstream answered 502 for ${subject}` } : { resultBytes: 512 }),
        ...(isModel ? usage(random()) : {}),
      }
  const time = (offset: number) => new Date(at + offset).toISOString()
  return [
    JSON.stringify({ time: time(0), phase: 'attempt', ...shared, args }).slice(1),
    JSON.stringify({ time: time(40), phase: 'outcome', ...shared, ...ended }).slice(1),
  ]
}

function usage(random: number) {
  const inputTokens = Math.floor(random * 8000)
  return {
    ...{ usage: { inputTokens, outputTokens: 200 }, usageSource: 'provider' },
    ...{ costMicroUsd: Math.round(40 / (1.0001 - random)), costSource: 'catalogue' },
  }
}

/** The next entries of a proxy as it ships them, an even number, with its key before and its seal behind them. */
export function nextBatch(
  load: RecordLoad,
  index: number,
  proxy: WritingProxy,
  count: number,
): string[] {
  const { id, key } = proxy
  const time = new Date(load.to).toISOString()
  const lines = [JSON.stringify(chainKey({ proxy: id, from: 1, time }, key))]
  for (let i = 0; i < count; i += 2) {
    for (const rest of callOf(load, index, proxy.seq / 2)) {
      proxy.seq += 1
      const line = headOf(id, proxy.seq, proxy.link) + rest
      proxy.link = linkOf(proxy.link, digestOf(line))
      lines.push(line)
    }
  }
  const seal = { type: 'writ.seal.v1', proxy: id, seq: proxy.seq, link: proxy.link, time } as const
  lines.push(JSON.stringify(signStatement(seal, key) satisfies Seal))
  return lines
}
