import t, { type Test } from 'tap'
import type { Flaw } from '../../../controller/ledger/follow-chain.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { entry } from '../../proxy/journal-entry.ts'
import { line } from '../../proxy/journal-line.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { newKey, WrittenChain } from './written-chain.ts'

function told(db: Store['db']) {
  const flaws: [string, number][] = []
  const onFlaws = (_proxy: string, some: readonly Flaw[]) => {
    flaws.push(...some.map(({ code, seq }): [string, number] => [code, seq]))
  }
  return { ledger: new Ledger(db, { onFlaws }), flaws }
}

const head = (db: Store['db']) =>
  db.selectFrom('chain_heads').selectAll().where('proxy', '=', 'proxy-a').executeTakeFirst()

async function suite(t: Test, stores: StoreKind): Promise<void> {
  t.test('a chain that fits is followed, and its seals are kept thinned', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    const chain = new WrittenChain('proxy-a')
    for (const count of [3, 4, 5]) {
      t.strictSame(await ledger.append(chain.batch(count)), { stored: count, repeated: 0 })
    }
    t.strictSame(await head(db), {
      ...{ proxy: 'proxy-a', seq: 12, link: chain.link, chained: true },
      ...{ chain_key: chain.key.id, sealed_seq: 12, flaw: null },
    })
    t.strictSame(flaws, [])
    const seals = await db.selectFrom('chain_seals').select('seq').orderBy('seq').execute()
    t.strictSame(seals, [{ seq: 3 }, { seq: 12 }], 'the first one, and the newest')
    t.strictSame(await db.selectFrom('chain_keys').select(['key_id', 'believed']).execute(), [
      { key_id: chain.key.id, believed: true },
    ])
  })

  t.test('what does not fit is kept, and noted once a batch', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    const chain = new WrittenChain('proxy-a')
    const [one = '', two = '', three = '', four = ''] = chain.lines(4)
    await ledger.append([one, two.replace('claude', 'cloude'), three, four])
    t.strictSame(flaws, [['link_differs', 3]])
    const entries = await db.selectFrom('records').select('entry').orderBy('seq').execute()
    t.strictSame(
      entries.map(({ entry }) => entry),
      [one, two.replace('claude', 'cloude'), three, four],
    )
    t.equal((await head(db))?.flaw, 'link_differs')
    t.strictSame(await ledger.chains(), {
      flaws: [{ code: 'link_differs', count: 1 }],
      deleted: 0,
    })
  })

  t.test('lost entries are told from entries that were never written', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    const chain = new WrittenChain('proxy-a')
    await ledger.append(chain.lines(2))
    chain.seq += 1
    await ledger.append(chain.lines(1))
    t.strictSame(flaws, [], 'a number that a power failure took breaks no chain')
    const lost = chain.lines(2)
    await ledger.append(chain.lines(1))
    t.strictSame(flaws, [['entries_missing', 7]])
    await ledger.append(lost)
    t.strictSame(flaws.length, 1, 'they come late, and fit')
    t.strictSame(await ledger.gaps('proxy-a', 9), [{ proxy: 'proxy-a', from: 3, to: 3 }])
    t.equal((await head(db))?.seq, 7)
  })

  t.test('lines of before there were chains go on as one', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    await ledger.append([1, 2, 3].map(seq => line('proxy-a', seq, entry()).trimEnd()))
    t.strictSame(flaws, [])
    const chain = new WrittenChain('proxy-a')
    chain.seq = 3
    chain.link = (await head(db))?.link ?? ''
    await ledger.append(chain.batch(2))
    t.strictSame(flaws, [])
    await ledger.append([line('proxy-a', 6, entry()).trimEnd()])
    t.strictSame(flaws, [
      ['unchained', 6],
      ['unsealed', 6],
    ])
  })

  t.test(
    'a seal of another chain, by another key or with another signature counts for nothing',
    async t => {
      const { db } = await stores.empty()
      const { ledger, flaws } = told(db)
      const chain = new WrittenChain('proxy-a')
      const other = new WrittenChain('proxy-a').lines(1)
      t.equal(other.length, 1)
      await ledger.append(chain.batch(1))
      await ledger.append([
        ...chain.lines(1),
        chain.seal(chain.key, new WrittenChain('proxy-b').link),
      ])
      await ledger.append([...chain.lines(1), chain.seal(newKey())])
      const forged = JSON.parse(chain.seal())
      const signature = `${forged.signature[0] === 'A' ? 'B' : 'A'}${forged.signature.slice(1)}`
      await ledger.append([...chain.lines(1), JSON.stringify({ ...forged, seq: 4, signature })])
      t.strictSame(flaws, [
        ['seal_invalid', 2],
        ['seal_invalid', 3],
        ['seal_invalid', 4],
      ])
      t.equal((await head(db))?.sealed_seq, 1)
    },
  )

  t.test('a new key needs the word of the one before, and is noted once without it', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    const chain = new WrittenChain('proxy-a')
    await ledger.append(chain.batch(1))
    const stranger = newKey()
    for (const _ of [1, 2]) {
      await ledger.append([
        chain.keyLine(2, null, stranger),
        ...chain.lines(1),
        chain.seal(stranger),
      ])
    }
    t.strictSame(flaws, [['key_unvouched', 2]])
    t.match(await head(db), { chain_key: chain.key.id, sealed_seq: 1 })
    const next = newKey()
    await ledger.append([chain.keyLine(4, chain.key, next), ...chain.lines(1), chain.seal(next)])
    t.match(await head(db), { chain_key: next.id, sealed_seq: 4, seq: 4 })
    const late = newKey()
    await ledger.append([chain.keyLine(4, next, late), ...chain.lines(1), chain.seal(late)])
    t.strictSame(flaws.slice(1), [['key_unvouched', 4]], 'what is sealed is not sealed anew')
  })

  t.test('a batch that comes again behind a new key is no news', async t => {
    const { db } = await stores.empty()
    const { ledger, flaws } = told(db)
    const chain = new WrittenChain('proxy-a')
    const batch = chain.batch(2)
    await ledger.append(batch)
    const next = newKey()
    await ledger.append([chain.keyLine(3, chain.key, next), ...chain.lines(1), chain.seal(next)])
    t.strictSame(await ledger.append(batch), { stored: 0, repeated: 2 })
    t.strictSame(flaws, [])
    t.match(await head(db), { chain_key: next.id, sealed_seq: 3, seq: 3 })
    await ledger.append([...chain.lines(1), chain.seal(chain.key)])
    t.strictSame(flaws, [['seal_invalid', 4]], 'what is new is not sealed with the old one')
  })

  t.test('statements are of the same proxy, of a known kind, and come with entries', async t => {
    const { ledger } = told((await stores.empty()).db)
    const chain = new WrittenChain('proxy-a')
    const lines = chain.lines(1)
    const malformed = { code: 'entry_malformed' }
    await t.rejects(ledger.append([new WrittenChain('proxy-b').keyLine(), ...lines]), malformed)
    await t.rejects(ledger.append([...lines, '{"type":"writ.seal.v1"}']), malformed)
    await t.rejects(ledger.append([...lines, '{"type":"writ.other.v1"}']), malformed)
    await t.rejects(ledger.append([chain.keyLine()]), malformed)
    const twice = lines.map(line => `${line.slice(0, -1)},"seq":2}`)
    await t.rejects(
      ledger.append(twice),
      malformed,
      'one number for the chain, another for readers',
    )
    t.strictSame(await ledger.counts(), [])
  })

  t.test('two controllers that take the same batches at once keep each entry once', async t => {
    const { db } = await stores.empty()
    const first = told(db)
    const second = told(db)
    const chain = new WrittenChain('proxy-a')
    const batches = Array.from({ length: 8 }, () => chain.batch(20))
    const appended = await Promise.all(
      batches.map(async (batch, i) => {
        const both = [first, second].map(({ ledger }) => ledger.append(batch))
        const done = await Promise.all(i % 2 === 0 ? both : both.reverse())
        return done.reduce((sum, { stored }) => sum + stored, 0)
      }),
    )
    t.strictSame(
      appended,
      batches.map(() => 20),
    )
    t.match(await first.ledger.counts(), [{ stored: 160, lastSeq: 160, missing: 0 }])
    const seqs = await db.selectFrom('records').select('seq').orderBy('seq').execute()
    t.strictSame(
      seqs.map(({ seq }) => seq),
      Array.from({ length: 160 }, (_, i) => i + 1),
    )
    t.equal((await head(db))?.link, chain.link)
  })

  t.test('a number is taken on every day, whatever time the other entry names', async t => {
    const { ledger } = told((await stores.empty()).db)
    const at = (seq: number, time: string) => line('proxy-a', seq, entry({ time })).trimEnd()
    await ledger.append([at(1, '2026-11-01T00:00:00Z'), at(2, '2026-11-20T00:00:00Z')])
    const conflict = { code: 'sequence_conflict' }
    await t.rejects(ledger.append([at(1, '2026-11-20T00:00:00Z')]), conflict)
    await t.rejects(ledger.append([at(2, '0004-01-01T00:00:00Z')]), conflict)
    t.strictSame(await ledger.append([at(1, '2026-11-01T00:00:00Z')]), { stored: 0, repeated: 1 })
  })
}

everyStore(t, suite)
