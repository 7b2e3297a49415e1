import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { type Filter, readCursor, writeCursor } from '../../controller/ledger/filter.ts'
import { Ledger } from '../../controller/ledger/ledger.ts'
import { Proxies } from '../../controller/proxies.ts'
import { emptyTable } from '../../controller/publish/empty-table.ts'
import { Releases } from '../../controller/publish/releases.ts'
import { openSigningKey } from '../../controller/publish/signing-key.ts'
import { openStore } from '../../controller/store/open-store.ts'
import type { NewEntry } from '../../proxy/journal/line.ts'
import { readControllerKey, verifySigned } from '../../proxy/table/controller-key.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { everyStore, type StoreKind } from './stores.ts'

function lines(proxy: string, seqs: readonly number[], some: Partial<NewEntry> = {}): string[] {
  return seqs.map(seq => line(proxy, seq, entry(some)).trimEnd())
}

const newest: Filter = { words: {}, order: 'newest' }

function seqs(entries: readonly string[]): number[] {
  return entries.map(text => JSON.parse(text).seq)
}

async function ledgerTests(t: Test, stores: StoreKind): Promise<void> {
  t.test('entries come back as they were written, a page at a time', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    const written = lines('proxy-a', [1, 2, 3, 4, 5])
    t.strictSame(await ledger.append(written), { stored: 5, repeated: 0 })
    const first = await ledger.list(newest, null, 2)
    t.strictSame(first.entries, [written[4], written[3]])
    const cursor = readCursor(writeCursor(first.next!))
    const second = await ledger.list(newest, cursor, 3)
    t.strictSame(second.entries, [written[2], written[1], written[0]])
    t.strictSame(await ledger.list(newest, second.next, 3), { entries: [], next: null })
    t.strictSame(
      (await ledger.list({ words: {}, order: 'oldest' }, cursor, 10)).entries,
      [written[4]],
      'the other way round',
    )
    t.equal(readCursor('bm90IGEgY3Vyc29y'), null)
  })

  t.test('an entry is kept once, however often it comes', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    await ledger.append(lines('proxy-a', [1, 2, 3]))
    t.strictSame(await ledger.append(lines('proxy-a', [2, 3, 4, 4])), { stored: 1, repeated: 3 })
    t.strictSame(seqs((await ledger.list(newest, null, 10)).entries), [4, 3, 2, 1])
    t.strictSame(await ledger.counts(), [{ proxy: 'proxy-a', stored: 4, lastSeq: 4, missing: 0 }])
  })

  t.test('another entry under a taken number is not swallowed', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    await ledger.append(lines('proxy-a', [1, 2]))
    const other = lines('proxy-a', [2], { action: 'deny' })
    const conflict = { code: 'sequence_conflict' }
    await t.rejects(ledger.append([...other, ...lines('proxy-a', [3])]), conflict)
    await t.rejects(
      ledger.append([...lines('proxy-a', [5]), ...lines('proxy-a', [5], { call: 'x' })]),
      conflict,
    )
    t.strictSame(seqs((await ledger.list(newest, null, 10)).entries), [2, 1], 'all or none')
  })

  t.test('numbers that never came are gaps', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    await ledger.append(lines('proxy-a', [3, 4, 8, 9]))
    await ledger.append(lines('proxy-b', [1, 2]))
    t.strictSame(await ledger.counts(), [
      { proxy: 'proxy-a', stored: 4, lastSeq: 9, missing: 5 },
      { proxy: 'proxy-b', stored: 2, lastSeq: 2, missing: 0 },
    ])
    t.strictSame(await ledger.gaps('proxy-a', 10), [
      { proxy: 'proxy-a', from: 5, to: 7 },
      { proxy: 'proxy-a', from: 1, to: 2 },
    ])
    t.strictSame(await ledger.gaps('proxy-b', 10), [])
  })

  t.test('entries are found by any word and by time', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    await ledger.append([
      ...lines('proxy-a', [1], { tool: 'read_file', time: '2026-11-21T09:00:00Z', session: 's1' }),
      ...lines('proxy-a', [2], {
        tool: 'delete_file',
        action: 'deny',
        time: '2026-11-21T10:00:00Z',
      }),
      ...lines('proxy-a', [3], {
        ...{ phase: 'outcome', status: 'refused', time: '2026-11-21T11:00:00.123Z' },
        ...{ server: 'git', agent: 'ben', user: 'ana', reason: 'unmatched', call: 'c3' },
      }),
    ])
    const found = async (filter: Partial<Filter>) =>
      seqs((await ledger.list({ ...newest, ...filter }, null, 10)).entries)
    t.strictSame(await found({ words: { tool: 'delete_file' } }), [2])
    t.strictSame(await found({ words: { action: 'allow', server: 'files' } }), [1])
    t.strictSame(await found({ words: { status: 'refused', phase: 'outcome' } }), [3])
    t.strictSame(await found({ words: { agent: 'ben', user: 'ana', reason: 'unmatched' } }), [3])
    t.strictSame(await found({ words: { session: 's1' } }), [1])
    t.strictSame(await found({ words: { call: 'c3' } }), [3])
    t.strictSame(await found({ words: { tool: "' or 1=1 --" } }), [])
    t.strictSame(await found({ since: Date.parse('2026-11-21T10:00:00Z') }), [3, 2])
    t.strictSame(await found({ until: Date.parse('2026-11-21T10:00:00Z') }), [1])
  })

  t.test('nothing an agent sends keeps an entry out of the ledger', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    const hostile: Partial<NewEntry>[] = [
      { tool: 'nul \0 byte', args: { '\0': '\0', backslash: '\\u0000 \\\0' } },
      { tool: 'half \ud800 pair', args: ['\udfff\ud83d\ude00\ud83d'] },
      { tool: 'x'.repeat(8192), session: 'ü'.repeat(4000) },
      { args: Array.from({ length: 200_000 }, () => 0) },
      { args: { huge: 1e308, tiny: -5e-324 }, costMicroUsd: Number.MAX_SAFE_INTEGER },
      { time: '2026-11-21T09:00:00.123456789Z', durationMs: 0.1 },
      JSON.parse('{ "fromALaterVersion": true }'),
    ]
    const written = hostile.flatMap((some, i) => lines('proxy-a', [i + 1], some))
    const [last = ''] = lines('proxy-a', [hostile.length + 1], { args: 'deep' })
    written.push(last.replace('"deep"', `${'['.repeat(5000)}${']'.repeat(5000)}`))
    t.strictSame(await ledger.append(written), { stored: written.length, repeated: 0 })
    t.strictSame(await ledger.append(written), { stored: 0, repeated: written.length })
    const { entries } = await ledger.list({ words: {}, order: 'oldest' }, null, 100)
    t.strictSame(new Set(entries), new Set(written), 'byte for byte')
    const { entries: found } = await ledger.list(
      { words: { tool: 'x'.repeat(8192) }, order: 'newest' },
      null,
      10,
    )
    t.strictSame(seqs(found), [3], 'and it can be found')
  })

  t.test('a page of large entries is shorter', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    const args = 'x'.repeat(1_500_000)
    for (const seq of [1, 2, 3, 4, 5, 6, 7]) await ledger.append(lines('proxy-a', [seq], { args }))
    const first = await ledger.list(newest, null, 100)
    t.strictSame(seqs(first.entries), [7, 6, 5, 4, 3])
    const second = await ledger.list(newest, first.next, 100)
    t.strictSame(seqs(second.entries), [2, 1])
    t.equal(second.next, null)
  })

  t.test('what is no entry is refused, with all that came with it', async t => {
    const ledger = new Ledger((await stores.empty()).db)
    const good = lines('proxy-a', [1])
    const text = good[0]!
    const bad = [
      'not json',
      'null',
      '[]',
      text.replace('"seq":1', '"seq":0'),
      text.replace('"seq":1', '"seq":1.5'),
      text.replace('"seq":1', '"seq":"1"'),
      text.replace('"proxy-a"', '"a b"'),
      text.replace('"proxy-a"', '"proxy-b"'),
      text.replace('2026-11-21', 'yesterday'),
      text.replace('"action":"allow"', '"action":true'),
      text.replace('"reason":"rule"', '"reason":""'),
    ]
    for (const line of bad) {
      await t.rejects(ledger.append([...good, line]), { code: 'entry_malformed' }, line)
    }
    t.strictSame(await ledger.list(newest, null, 10), { entries: [], next: null })
    t.strictSame(await ledger.append([]), { stored: 0, repeated: 0 })
  })
}

async function releaseTests(t: Test, stores: StoreKind): Promise<void> {
  const noon = Date.parse('2026-11-21T12:00:00Z')
  const table = (namespace: string, mark = '') => {
    const { json } = emptyTable(namespace)
    return { json: json + mark, digest: `sha256:${namespace}${mark}` }
  }

  t.test('releases are signed, numbered and outlive the process', async t => {
    const key = await openSigningKey(t.testdir())
    const first = new Releases({ db: (await stores.empty()).db, key, now: () => noon })
    await first.open()
    const told: unknown[] = []
    first.subscribe(release => told.push(release))
    const tables = new Map([
      ['a', table('a')],
      ['b', table('b')],
    ])
    const published = await first.publish(tables, 'c0ffee')
    t.strictSame(told, published)
    for (const release of published) verifySigned(release, readControllerKey(key.publicKey))
    t.strictSame(
      published.map(({ namespace, sequence }) => [namespace, sequence]),
      [
        ['a', noon / 1000],
        ['b', noon / 1000 + 1],
      ],
    )
    t.strictSame(await first.publish(tables, 'c0ffee'), [], 'nothing new, nothing released')
    t.equal(await first.body('sha256:a'), table('a').json)
    t.equal(await first.body('sha256:none'), null)
  })

  t.test('a clock that goes back does not take the numbers with it', async t => {
    const key = await openSigningKey(t.testdir())
    const { db, close } = await stores.open(t)
    const first = new Releases({ db, key, now: () => noon })
    await first.publish(new Map([['a', table('a')]]), null)
    await close()
    const second = new Releases({ db: (await stores.again(t)).db, key, now: () => 0 })
    await second.open()
    t.match(second.current(), [{ namespace: 'a', sequence: noon / 1000 }])
    const [release] = await second.publish(new Map([['a', table('a', '2')]]), 'c0ffee')
    t.equal(release?.sequence, noon / 1000 + 1)
    t.match(await second.history(10), [{ commit: 'c0ffee' }, { digest: 'sha256:a' }])
  })

  t.test('a new key signs anew what is in force', async t => {
    const { db } = await stores.empty()
    const old = new Releases({ db, key: await openSigningKey(t.testdir()), now: () => noon })
    await old.publish(new Map([['a', table('a')]]), 'c0ffee')
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })
    const key = await openSigningKey(t.testdir(), String(pem))
    const releases = new Releases({ db, key, now: () => noon })
    await releases.open()
    t.match(releases.current(), [
      {
        namespace: 'a',
        digest: 'sha256:a',
        sequence: noon / 1000 + 1,
        keyId: key.id,
        commit: 'c0ffee',
      },
    ])
  })

  t.test('old tables are forgotten, what is in force never', async t => {
    const { db } = await stores.empty()
    const releases = new Releases({ db, key: await openSigningKey(t.testdir()), now: () => noon })
    await releases.publish(new Map([['still', table('still')]]), null)
    for (let i = 0; i < 55; i += 1)
      await releases.publish(new Map([['a', table('a', `${i}`)]]), null)
    t.equal(await releases.body('sha256:a0'), null)
    t.equal(await releases.body('sha256:still'), table('still').json)
    t.equal(await releases.body('sha256:a54'), table('a', '54').json)
  })
}

async function proxyTests(t: Test, stores: StoreKind): Promise<void> {
  const report = (proxy: string, tools?: { name: string; description?: string }[]) => ({
    proxy,
    version: '1',
    startedAt: '2026-11-21T09:00:00Z',
    enforced: {},
    upstreams: [
      { namespace: 'default', name: 'files', state: 'connected' as const, ...(tools && { tools }) },
    ],
    journal: { seq: 1, shipped: 1 },
  })

  t.test('what proxies report outlives the process, for a day', async t => {
    let now = Date.parse('2026-11-21T12:00:00Z')
    let changes = 0
    const onToolsChanged = () => {
      changes += 1
    }
    const { db } = await stores.empty()
    const first = new Proxies({ db, now: () => now, onToolsChanged })
    await first.report(report('proxy-b', [{ name: 'old' }]))
    now += 1000
    await first.report(report('proxy-a', [{ name: 'read', description: 'nul \0' }]))
    await first.report(report('proxy-a', [{ name: 'read', description: 'nul \0' }]))
    t.equal(changes, 2, 'the same tools again are no change')
    const second = new Proxies({ db, now: () => now, onToolsChanged })
    await second.open()
    t.strictSame(
      second.list().map(({ report, seenAt }) => [report.proxy, seenAt]),
      [
        ['proxy-a', '2026-11-21T12:00:01.000Z'],
        ['proxy-b', '2026-11-21T12:00:00.000Z'],
      ],
    )
    t.strictSame(
      second.offered(),
      new Map([['default/files', [{ name: 'read', description: 'nul \0' }]]]),
      'the newest report counts',
    )
    const away = (proxy: string) => ({
      ...report(proxy),
      upstreams: [
        { namespace: 'default', name: 'files', state: 'failed' as const, error: 'gone', tools: [] },
        { namespace: 'default', name: 'other', state: 'failed' as const, error: 'gone', tools: [] },
      ],
    })
    await second.report(away('proxy-b'))
    t.strictSame(
      second.offered(),
      new Map([['default/files', [{ name: 'read', description: 'nul \0' }]]]),
      'a server that cannot be reached has unknown tools, not none',
    )
    now += 25 * 3600 * 1000
    t.strictSame(second.list(), [])
    await second.report(report('proxy-c'))
    const third = new Proxies({ db, now: () => 0, onToolsChanged })
    await third.open()
    t.strictSame(
      third.list().map(({ report }) => report.proxy),
      ['proxy-c'],
    )
  })
}

async function suite(t: Test, stores: StoreKind): Promise<void> {
  await ledgerTests(t, stores)
  await releaseTests(t, stores)
  await proxyTests(t, stores)
  t.test('opening it again applies nothing twice', async t => {
    await (await stores.open(t)).close()
    const again = await stores.again(t)
    t.strictSame(await new Ledger(again.db).counts(), [])
    t.equal(again.kind, stores.name)
    t.equal(await again.answers(), true)
    await again.close()
    t.equal(await again.answers(), false)
  })
}

everyStore(t, suite)

t.test('the embedded store is opened by one process at a time, and by its owner only', async t => {
  const folder = join(t.testdir(), 'store')
  const store = await openStore({ folder })
  t.teardown(store.close)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  await t.rejects(openStore({ folder }), { code: 'data_in_use' })
})

t.test('an embedded database that cannot be opened says so, and lets go of the folder', async t => {
  const folder = t.testdir({ pg: 'a file where a folder should be' })
  await t.rejects(openStore({ folder }), {
    code: 'store_failed',
    message: 'the embedded database cannot be opened',
  })
  t.strictSame(readdirSync(folder), ['pg'])
})

t.test(
  'a transaction that comes while the embedded database closes fails, and nothing else does',
  async t => {
    const { db, close } = await openStore({ folder: t.testdir() })
    const count = () =>
      db.transaction().execute(tx => tx.selectFrom('records').select('seq').execute())
    await count()
    const closed = close()
    await t.rejects(count(), { message: /closed/ })
    await closed
    await t.rejects(count())
  },
)

t.test('what the embedded ledger acknowledged outlives kill -9', async t => {
  const folder = t.testdir()
  let kept = 0
  for (const after of [3, 30]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-writer.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(child, 'exit')
    let seen = 0
    for await (const said of createInterface(child.stdout)) {
      kept = Number(said)
      seen += 1
      if (seen === after) child.kill('SIGKILL')
    }
    await exit
    const store = await openStore({ folder })
    const [count] = await new Ledger(store.db).counts()
    t.ok(
      count !== undefined && count.lastSeq >= kept,
      `${kept} acknowledged, ${count?.lastSeq} there`,
    )
    t.equal(count?.missing, 0)
    await store.close()
  }
})

t.test('a database that cannot be reached says so and tells no password', async t => {
  const url = 'postgres://writ:hunter2@127.0.0.1:1/writ'
  const error = await openStore({ folder: '', databaseUrl: url }).catch(error => error)
  t.match(error, { code: 'store_failed' })
  t.notMatch(`${error.message} ${error.cause?.message}`, /hunter2/)
})

t.test('a signing key is made once, kept for its owner, and must be Ed25519', async t => {
  const folder = t.testdir()
  const first = await openSigningKey(folder)
  t.equal((await openSigningKey(folder)).publicKey, first.publicKey)
  t.strictSame(readdirSync(folder), ['signing-key.pem'])
  t.equal(statSync(join(folder, 'signing-key.pem')).mode & 0o777, 0o600)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const pem = String(rsa.export({ format: 'pem', type: 'pkcs8' }))
  await t.rejects(openSigningKey(folder, pem), { code: 'signing_key_unusable' })
  await t.rejects(openSigningKey(folder, 'no key'), { code: 'signing_key_unusable' })
})
