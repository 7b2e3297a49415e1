import t from 'tap'
import { digestOf, linkOf } from '../../records/chain.ts'
import type { Report } from '../../records/verify/verifier.ts'
import { wordsOf } from '../../records/verify/words.ts'
import type { PrunedRange } from '../../schemas/chain.ts'
import {
  bodyOf,
  codesOf,
  ended,
  keyNamed,
  verdict,
  type WrittenChain,
  writeChain,
  writeCheckpoints,
  writeExport,
} from './export-world.ts'
import { mutationsOf, randomFrom } from './mutations.ts'

const count = Number(process.env.MUTATIONS ?? 10_000)

const first = writeChain({ proxy: 'proxy-1', entries: 9, seals: [3, 6, 9], newKeyFrom: 7 })
const second = writeChain({ proxy: 'proxy-2', entries: 7, seals: [4] })
const chains = [first, second]

function without({ proxy, links }: WrittenChain, from: number, to: number): PrunedRange {
  const before = links.get(from - 1) ?? ''
  return { proxy, from, to, before, after: links.get(to) ?? '' }
}

/** Two keys of the controller, a run that was deleted, and entries that are left out. */
function sound(): Buffer {
  const checkpoints = writeCheckpoints(chains, [
    { heads: { 'proxy-1': 4, 'proxy-2': 4 } },
    { heads: {}, nextKey: keyNamed('controller 2') },
    { heads: { 'proxy-1': 9 }, pruned: [without(second, 2, 3)] },
  ])
  const pruned = bodyOf(second).filter(line => !/"seq":[23],/.test(line))
  const hidden = bodyOf(first).flatMap(line => {
    if (!/^{"proxy":"proxy-1","seq":[45],/.test(line)) return [line]
    if (line.includes('"seq":5,')) return []
    const digests = [4, 5].map(seq => digestOf(lineOf(first, seq)))
    return [JSON.stringify({ type: 'writ.omitted.v1', proxy: 'proxy-1', from: 4, digests })]
  })
  return Buffer.from(
    writeExport({ checkpoints, bodies: [hidden, pruned], endKey: keyNamed('controller 2') }),
  )
}

function lineOf({ parts }: WrittenChain, at: number): string {
  return parts.find(({ kind, seq }) => kind === 'entry' && seq === at)?.line ?? ''
}

/** What an export means: its lines. That the last one has an end or not changes nothing. */
const meaning = (bytes: Buffer) => bytes.toString('latin1').replace(/\n$/, '')

t.test('the export that is changed has no flaw', async t => {
  t.strictSame(codesOf(verdict(sound())), [])
  const [hidden, pruned] = verdict(sound()).chains
  t.match(hidden, { entries: 7, omitted: 2, sealed: { seq: 9 } })
  t.match(pruned, { entries: 5, pruned: { numbers: 2, first: [{ from: 2, to: 3 }] } })
  t.equal(linkOf(first.links.get(8) ?? '', digestOf(lineOf(first, 9))), first.links.get(9))
})

t.test('every change to an export is found, or is none', async t => {
  const bytes = sound()
  const found = new Map<string, number>()
  const missed: string[] = []
  for (const { name, bytes: changed } of mutationsOf(bytes, count, randomFrom(1))) {
    if (meaning(changed) === meaning(bytes)) continue
    if (verdict(changed).proved) missed.push(`${name}: ${changed.toString('latin1')}`)
    else found.set(name, (found.get(name) ?? 0) + 1)
  }
  t.strictSame(missed, [])
  const all = [...found.values()].reduce((sum, number) => sum + number, 0)
  t.comment(`${all} changes found`, Object.fromEntries(found))
  t.ok(all > count * 0.9, 'nearly all of them are changes')
  t.equal(found.size, 17, 'of every kind')
})

t.test('every bit counts', async t => {
  const bytes = sound()
  const step = Math.max(1, Math.floor((bytes.length * 8) / 2000))
  const missed: number[] = []
  for (let bit = 0; bit < bytes.length * 8; bit += step) {
    const changed = Buffer.from(bytes)
    const at = bit >> 3
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
    if (verdict(changed).proved) missed.push(bit)
  }
  t.strictSame(missed, [])
})

/** Entries of an export but the newest of proxy-2, which nothing but the end of the export speaks for. */
const spokenFor = (text: string) =>
  text
    .split('\n')
    .filter(line => line.startsWith('{"proxy":') && !line.startsWith('{"proxy":"proxy-2","seq":7,'))
    .join('\n')

/** As if the key of the controller were known to who changes it: the chains alone must do. */
t.test('what is done to entries is found although the end is made anew', async t => {
  const bytes = sound()
  const inner = bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1)
  const entries = spokenFor(inner.toString())
  const missed: string[] = []
  let found = 0
  for (const { name, bytes: changed } of mutationsOf(inner, count / 4, randomFrom(2))) {
    const text = changed.toString().replace(/\n$/, '')
    const report = verdict(ended(text.split('\n'), keyNamed('controller 2')))
    if (!report.proved) found += 1
    else if (spokenFor(text) !== entries || !isSaid(report)) missed.push(`${name}: ${text}`)
  }
  t.strictSame(missed, [])
  t.ok(found > count / 8, 'most of them are changes')
})

/** Whether it is said that nothing speaks for the newest entries. */
function isSaid(report: Report): boolean {
  const words = 'proxy-2: entries from 5 on are held by no seal and no checkpoint'
  return wordsOf(report).notProved.some(text => text.startsWith(words))
}
