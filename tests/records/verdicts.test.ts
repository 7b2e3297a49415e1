import t from 'tap'
import { chainKey } from '../../records/chain-key.ts'
import { type StatementKey, signStatement, statementDigest } from '../../records/statement.ts'
import type { Published } from '../../records/verify/published.ts'
import type { Report } from '../../records/verify/verifier.ts'
import { wordsOf } from '../../records/verify/words.ts'
import type { Checkpoint } from '../../schemas/chain.ts'
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

/** What those do who hold keys that they should not: the table in docs/audit.md. */
const seals = [4, 8]
const honest = writeChain({ proxy: 'proxy-1', entries: 8, seals, newKeyFrom: 5 })
const [own, next] = [keyNamed('controller 1'), keyNamed('controller 2')]
const plans = [
  { heads: { 'proxy-1': 4 } },
  { heads: {}, nextKey: next },
  { heads: { 'proxy-1': 8 } },
]
const checkpoints = writeCheckpoints([honest], plans, own)
const exported = (made: readonly Checkpoint[], body: readonly string[], endKey: StatementKey) =>
  writeExport({ checkpoints: made, bodies: [body], endKey })
const published: Published = new Map(
  checkpoints.map(made => [made.number, { digest: statementDigest(made), time: made.time }]),
)

const lie = (seq: number) =>
  `"time":"${at(seq)}","call":"call-${seq}","action":"${seq === 6 ? 'deny' : 'allow'}"`
const rewritten = (keys?: readonly StatementKey[]) =>
  writeChain({
    proxy: 'proxy-1',
    entries: 8,
    seals,
    newKeyFrom: 5,
    text: lie,
    ...(keys && { keys }),
  })

const unanchored = 'No published checkpoint was compared'
const saysSo = (report: Report) =>
  report.proved && wordsOf(report).notProved.some(text => text.startsWith(unanchored))

t.test('honest', async t => {
  const text = exported(checkpoints, bodyOf(honest), next)
  t.strictSame(codesOf(verdict(text, { published, key: next.id })), [])
})

t.test('the key of a proxy: entries that a checkpoint holds cannot be rewritten', async t => {
  const text = exported(checkpoints, bodyOf(rewritten()), next)
  t.strictSame(codesOf(verdict(text)), ['checkpoint_differs proxy-1 8'])
})

t.test('the key of a proxy: what no checkpoint holds can, and that is said', async t => {
  const early = checkpoints.slice(0, 2)
  const report = verdict(exported(early, bodyOf(rewritten()), next))
  t.strictSame(codesOf(report), [])
  t.match(report.chains[0]?.checkpointed, { seq: 4 })
})

t.test('an old key of a proxy', async t => {
  const [first] = [keyNamed('proxy-1 1')]
  const link = honest.links.get(8) ?? ''
  const seal = signStatement(
    { type: 'writ.seal.v1', proxy: 'proxy-1', seq: 8, link, time: at(8) },
    first,
  )
  const body = bodyOf(honest).with(-1, JSON.stringify(seal))
  t.strictSame(codesOf(verdict(exported(checkpoints, body, next))), ['seal_old_key proxy-1 8'])
})

t.test('a new key that the old one does not vouch for', async t => {
  const foreign = chainKey(
    { proxy: 'proxy-1', from: 9, time: at(9) },
    keyNamed('thief'),
    keyNamed('other'),
  )
  const body = [...bodyOf(honest), JSON.stringify(foreign)]
  t.strictSame(codesOf(verdict(exported(checkpoints, body, next))), ['key_unvouched proxy-1 9'])
})

t.test(
  'an old key of the controller, after a copy of what was published is at hand or the new key is known',
  async t => {
    const made = writeCheckpoints(
      [rewritten()],
      [{ heads: { 'proxy-1': 4 } }, { heads: { 'proxy-1': 8 } }],
      own,
    )
    const text = exported(made, bodyOf(rewritten()), own)
    t.ok(saysSo(verdict(text)), 'without either it is said that nothing shows it')
    t.strictSame(codesOf(verdict(text, { key: next.id })), ['key_not_pinned'])
    t.strictSame(codesOf(verdict(text, { published })), ['published_differs', 'published_missing'])
  },
)

t.test('an old key of the controller behind the one that followed', async t => {
  const [first, second] = checkpoints as [Checkpoint, Checkpoint]
  const forged = signStatement(
    {
      ...{ type: 'writ.checkpoint.v1', number: 3, previous: statementDigest(second) },
      ...{ time: at(1002), chains: [], pruned: [] },
    },
    own,
  ) as Checkpoint
  const report = verdict(exported([first, second, forged], bodyOf(honest), own))
  t.strictSame(codesOf(report), ['checkpoint_old_key', 'end_unsigned'])
})

t.test('all keys: nothing but a published copy shows it', async t => {
  const all = writeCheckpoints([rewritten()], plans, own)
  const text = exported(all, bodyOf(rewritten()), next)
  t.ok(saysSo(verdict(text, { key: next.id })))
  t.strictSame(codesOf(verdict(text, { published })), ['published_differs'])
})

t.test('everything made anew with other keys', async t => {
  const thief = keyNamed('thief')
  const chain = rewritten([keyNamed('thief 1'), keyNamed('thief 2')])
  const made = writeCheckpoints([chain], [{ heads: { 'proxy-1': 8 } }], thief)
  const text = writeExport({
    checkpoints: made,
    bodies: [bodyOf(chain)],
    firstKey: thief,
    endKey: thief,
  })
  t.ok(saysSo(verdict(text)))
  t.strictSame(codesOf(verdict(text, { key: next.id })), ['key_not_pinned'])
  const found = codesOf(verdict(text, { published }))
  t.strictSame(found, ['published_differs', 'published_missing'])
})

t.test('an older export is a sound one: it says when it was made', async t => {
  const report = verdict(exported(checkpoints.slice(0, 2), bodyOf(honest, { to: 4 }), next), {
    published: new Map([...published].filter(([number]) => number < 3)),
  })
  t.strictSame(codesOf(report), [])
  t.equal(report.header?.time, at(2000))
})
