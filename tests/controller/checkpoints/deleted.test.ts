import t from 'tap'
import { StoredCheckpoints } from '../../../controller/checkpoints/stored-checkpoints.ts'
import { exportLines } from '../../../controller/export/export-lines.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { keepRetention } from '../../../controller/retention/keep-retention.ts'
import { type Retention, retentionOf } from '../../../controller/retention/retention.ts'
import { codesOf, keyNamed, verdict } from '../../records/export-world.ts'
import { WrittenChain } from '../ledger/written-chain.ts'
import { embeddedStores } from '../stores.ts'

const now = Date.now()
const ago = (days: number) => new Date(now - days * 86_400_000).toISOString()

t.test('an export goes on over what retention deleted', async t => {
  const { db } = await (await embeddedStores(t)).open(t)
  const ledger = new Ledger(db)
  const keys = { current: keyNamed('controller'), previous: null }
  const checkpoints = new StoredCheckpoints({ db, keys, now: () => now })
  const needs = { db, checkpoints, version: 'test', now: () => now }
  const exported = async (said: Readonly<Record<string, string>> = {}) => {
    let text = ''
    const filter = { words: said, order: 'oldest' } as const
    for await (const lines of exportLines(needs, { filter, said })) text += lines
    return verdict(text)
  }
  const fail = (error: unknown) => {
    throw error
  }
  const retention = retentionOf(['90d', 'team-a=400d']) as Retention
  const keeper = keepRetention({
    ...{ db, retention, now: () => now, onDeleted: () => undefined, onFailure: fail },
  })
  const chain = new WrittenChain('proxy-a')
  for (const [count, days, namespace] of [
    [4, 100, 'default'],
    [2, 100, 'team-a'],
    [3, 99, 'default'],
    [2, 1, 'default'],
  ] as const) {
    await ledger.append(chain.lines(count, { time: ago(days), namespace }))
  }
  t.strictSame(codesOf(await exported()), [])
  await keeper.look()
  const after = await exported()
  t.strictSame(codesOf(after), [])
  t.match(after.chains, [
    {
      ...{ begins: 'pruned', from: 5, to: 11, entries: 4, lost: { numbers: 0 } },
      pruned: {
        numbers: 7,
        first: [
          { from: 1, to: 4 },
          { from: 7, to: 9 },
        ],
      },
    },
  ])
  const some = await exported({ namespace: 'team-a' })
  t.strictSame(codesOf(some), [])
  t.match(some.chains, [{ entries: 2, omitted: 2, pruned: { numbers: 7 } }])
  await db.deleteFrom('records').where('seq', '=', 6).execute()
  t.strictSame(codesOf(await exported()), ['entry_missing proxy-a 6'], 'nothing else may go')
})
