import t, { type Test } from 'tap'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { keepRetention } from '../../../controller/retention/keep-retention.ts'
import { type Retention, retentionOf } from '../../../controller/retention/retention.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { dayOf, recordDays } from '../../../controller/store/record-days.ts'
import { genesisOf } from '../../../records/chain.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { WrittenChain } from './written-chain.ts'

const dayMs = 86_400_000
const now = Date.now()

const ago = (days: number) => new Date(now - days * dayMs).toISOString()

function keeping(db: Store['db'], words: readonly string[]) {
  const fail = (error: unknown) => {
    throw error
  }
  const retention = retentionOf(words) as Retention
  return keepRetention({ db, retention, now: () => now, onDeleted: fail, onFailure: fail })
}

/** As if a checkpoint spoke for a chain up to an entry. */
async function cover(db: Store['db'], proxy: string, seq: number): Promise<void> {
  await db
    .insertInto('checkpoint_heads')
    .values({ proxy, seq, checkpoint: 1 })
    .onConflict(known => known.column('proxy').doUpdateSet({ seq }))
    .execute()
}

const kept = async (db: Store['db']) =>
  (await db.selectFrom('records').select('seq').orderBy('seq').execute()).map(({ seq }) => seq)

const ranges = (db: Store['db']) =>
  db
    .selectFrom('pruned_ranges')
    .select(['from_seq', 'to_seq', 'before_link', 'after_link', 'checkpoint'])
    .orderBy('from_seq')
    .execute()

async function suite(t: Test, stores: StoreKind): Promise<void> {
  t.test(
    'days are dropped as a whole once a checkpoint speaks for them, and leave their links',
    async t => {
      const { db } = await stores.open(t)
      const ledger = new Ledger(db)
      const chain = new WrittenChain('proxy-a')
      const old = chain.lines(3, { time: ago(100) })
      const { link } = chain
      await ledger.append([...old, ...chain.lines(2, { time: ago(1) })])
      const keeper = keeping(db, ['90d'])
      t.strictSame(await keeper.look(), { entries: 0, days: 0 }, 'no checkpoint, no deletion')
      await cover(db, 'proxy-a', 2)
      t.match(await keeper.look(), { days: 0 })
      await cover(db, 'proxy-a', 5)
      await keeper.look()
      t.strictSame(await kept(db), [4, 5])
      const days = (await recordDays(db)).map(({ day }) => day)
      t.notOk(days.includes(dayOf(now - 100 * dayMs)))
      const left = await ranges(db)
      t.strictSame(left[0]?.before_link, genesisOf('proxy-a'))
      t.strictSame(left.at(-1)?.after_link, link)
      t.strictSame(left.at(-1)?.to_seq, 3)
      t.strictSame(await ledger.counts(), [{ proxy: 'proxy-a', stored: 2, lastSeq: 5, missing: 0 }])
      t.strictSame(await ledger.append(old), { stored: 0, repeated: 3 }, 'what is gone stays gone')
      t.strictSame(await kept(db), [4, 5])
      t.strictSame((await ledger.chains()).deleted, 3)
    },
  )

  t.test('namespaces that share a proxy are kept for times of their own', async t => {
    const { db } = await stores.open(t)
    const ledger = new Ledger(db)
    const chain = new WrittenChain('proxy-a')
    const links = [chain.link]
    const lines = ['shop', 'bank', 'bank', 'shop', 'bank'].map(namespace => {
      const line = chain.line({ namespace, time: ago(40) })
      links.push(chain.link)
      return line
    })
    await ledger.append([...lines, chain.line({ namespace: 'bank', time: ago(20) })])
    await cover(db, 'proxy-a', 6)
    t.match(await keeping(db, ['bank=30d']).look(), { entries: 3, days: 0 })
    t.strictSame(await kept(db), [1, 4, 6])
    t.strictSame(await ranges(db), [
      { from_seq: 2, to_seq: 3, before_link: links[1], after_link: links[3], checkpoint: null },
      { from_seq: 5, to_seq: 5, before_link: links[4], after_link: links[5], checkpoint: null },
    ])
    t.match(await keeping(db, ['10d', 'shop=365d']).look(), { entries: 1 })
    t.strictSame(await kept(db), [1, 4])
  })

  t.test('a chain that was broken is not mended by deleting the break', async t => {
    const { db } = await stores.open(t)
    const ledger = new Ledger(db)
    const chain = new WrittenChain('proxy-a')
    const lines = chain.lines(4, { time: ago(40) })
    await ledger.append(lines.map((line, i) => (i === 1 ? line.replace('claude', 'cloude') : line)))
    await cover(db, 'proxy-a', 4)
    await keeping(db, ['30d']).look()
    t.strictSame(await kept(db), [])
    const [first, second] = await ranges(db)
    t.match(
      [first, second],
      [
        { from_seq: 1, to_seq: 2 },
        { from_seq: 3, to_seq: 4 },
      ],
    )
    t.not(first?.after_link, second?.before_link)
  })

  t.test('usage goes with the entries, but never what a budget may still count', async t => {
    const { db } = await stores.open(t)
    const row = (seq: number, namespace: string, days: number) => ({
      ...{
        proxy: 'proxy-a',
        seq,
        call: `c${seq}`,
        time: new Date(ago(days)),
        namespace,
        kind: 'tool' as const,
      },
      ...{ status: 'succeeded', agent: null, api_key: null, user_name: null, session: null },
      ...{
        flow: null,
        provider: null,
        model: null,
        requested_model: null,
        server: null,
        tool: 'a',
      },
      ...{ endpoint: null, stream: null, upstream_status: null, input_tokens: null },
      ...{ output_tokens: null, cache_read_tokens: null, cache_write_tokens: null },
      ...{ reasoning_tokens: null, cost_micro_usd: null, cost_source: null, usage_source: null },
      duration_ms: null,
    })
    await db
      .insertInto('usage')
      .values([row(1, 'shop', 40), row(2, 'shop', 20), row(3, 'bank', 40)])
      .execute()
    await db
      .insertInto('budget_counters')
      .values({
        ...{ namespace: 'bank', budget: 'b', counter: '', window_start: '', window_end: null },
        ...{ unit: 'usd', definition: '{}', extended: 0, spent: 0, leased: 0, fence: 1 },
        ...{ wanted_at: null, soft_told_at: null },
      })
      .execute()
    await keeping(db, ['10d']).look()
    const left = await db.selectFrom('usage').select('seq').orderBy('seq').execute()
    t.strictSame(left, [{ seq: 2 }, { seq: 3 }], 'a month that is open, and a budget without end')
  })
}

everyStore(t, suite)

t.test('retention is said in days, for all and for namespaces, once each', t => {
  t.strictSame(retentionOf(['90d', 'payments=365d']), {
    others: 90 * dayMs,
    namespaces: new Map([['payments', 365 * dayMs]]),
  })
  t.strictSame(retentionOf(['a=1d']), { others: null, namespaces: new Map([['a', dayMs]]) })
  for (const words of [
    ['0d'],
    ['90'],
    ['12h'],
    ['1d', '2d'],
    ['a=1d', 'a=2d'],
    ['=1d'],
    ['A=1d'],
    [''],
  ]) {
    t.equal(retentionOf(words), null, words.join())
  }
  t.end()
})
