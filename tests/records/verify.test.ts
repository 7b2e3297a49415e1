import t from 'tap'
import { statementDigest } from '../../records/statement.ts'
import {
  at,
  bodyOf,
  codesOf,
  keyNamed,
  verdict,
  writeChain,
  writeCheckpoints,
  writeExport,
} from './export-world.ts'

const first = writeChain({ proxy: 'proxy-1', entries: 12, seals: [4, 8, 11], newKeyFrom: 9 })
const second = writeChain({ proxy: 'proxy-2', entries: 6, seals: [6] })
const chains = [first, second]
const checkpoints = writeCheckpoints(chains, [
  { heads: { 'proxy-1': 4, 'proxy-2': 3 } },
  { heads: { 'proxy-1': 12 } },
  { heads: { 'proxy-2': 6 } },
])
const bodies = [bodyOf(first), bodyOf(second)]
const sound = writeExport({ checkpoints, bodies })

t.test('an export that nobody touched is proved', async t => {
  const { proved, flaws, chains, checkpoints, signedBy, pinned } = verdict(sound)
  t.strictSame(
    { proved, flaws, signedBy, pinned },
    {
      proved: true,
      flaws: [],
      signedBy: keyNamed('controller 1').id,
      pinned: false,
    },
  )
  const nothing = { numbers: 0, first: [] }
  t.strictSame(chains[0], {
    proxy: 'proxy-1',
    from: 1,
    to: 12,
    begins: 'whole',
    entries: 12,
    omitted: 0,
    unchained: 0,
    lost: nothing,
    pruned: nothing,
    keys: [keyNamed('proxy-1 1').id, keyNamed('proxy-1 2').id],
    keyNamedBy: 1,
    sealed: { seq: 11, time: at(11) },
    checkpointed: {
      seq: 12,
      link: first.links.get(12),
      chainKey: keyNamed('proxy-1 1').id,
      checkpoint: 2,
      time: at(1001),
    },
  })
  t.strictSame(checkpoints, {
    first: { number: 1, time: at(1000) },
    last: { number: 3, time: at(1002) },
    keys: [keyNamed('controller 1').id],
    anchor: null,
    notCompared: { older: 0, newer: 0 },
  })
})

t.test('published checkpoints and a known key are compared', async t => {
  const copy = (i: number) => {
    const checkpoint = checkpoints[i]
    if (checkpoint === undefined) throw new RangeError()
    const { number, time } = checkpoint
    return [number, { digest: statementDigest(checkpoint), time }] as const
  }
  const published = new Map([copy(0), copy(1)])
  const key = keyNamed('controller 1').id
  const report = verdict(sound, { published, key })
  t.match(report, { proved: true, pinned: true, checkpoints: { anchor: { number: 2 } } })
  const cut = writeExport({ checkpoints: checkpoints.slice(0, 1), bodies })
  t.strictSame(codesOf(verdict(cut, { published })), ['published_missing'])
  const forged = new Map([[2, { digest: statementDigest(checkpoints[0]!), time: at(1001) }]])
  t.strictSame(codesOf(verdict(sound, { published: forged })), ['published_differs'])
  t.strictSame(codesOf(verdict(sound, { key: keyNamed('other').id })), ['key_not_pinned'])
})

const lines = sound.split('\n').slice(0, -1)

t.test('what is done to an entry is found, and the entry is named', async t => {
  const entry = (proxy: string, seq: number) =>
    lines.findIndex(line => line.startsWith(`{"proxy":"${proxy}","seq":${seq},`))
  const codes = (changed: readonly string[]) =>
    codesOf(verdict(changed.map(line => `${line}\n`).join(''))).slice(0, 2)
  const [i, j] = [entry('proxy-1', 2), entry('proxy-1', 3)]
  const changed = lines.with(i, lines[i]!.replace('allow', 'denyy'))
  t.strictSame(codes(changed), ['link_differs proxy-1 2', 'end_differs'])
  t.strictSame(codes(lines.toSpliced(i, 1)), ['entry_missing proxy-1 2', 'end_differs'])
  t.strictSame(codes(lines.toSpliced(i, 0, lines[i]!)), ['entry_repeated proxy-1 2', 'end_differs'])
  const swapped = lines.with(i, lines[j]!).with(j, lines[i]!)
  t.strictSame(codes(swapped), ['entry_missing proxy-1 2', 'entry_repeated proxy-1 2'])
  const last = entry('proxy-1', 12)
  t.strictSame(codes(lines.toSpliced(last, 1)), ['tail_missing proxy-1 12', 'end_differs'])
  t.strictSame(codes(lines.slice(0, last)), ['tail_missing proxy-1 12', 'end_missing'])
})
