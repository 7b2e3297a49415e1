import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { Proxies } from '../../../controller/proxies.ts'
import { emptyDirectory, emptyTable } from '../../../controller/publish/empty-table.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey, type SigningKey } from '../../../controller/publish/signing-key.ts'
import { followStore } from '../../../controller/store/follow-store.ts'
import { openStore, type Store } from '../../../controller/store/open-store.ts'
import { everyStore, postgresStores, type StoreKind } from '../stores.ts'
import { until } from '../world.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')

const table = (namespace: string, mark = '') => {
  const { json } = emptyTable(namespace)
  return [namespace, { json: json + mark, digest: `sha256:${namespace}${mark}` }] as const
}

const tables = (...all: readonly ReturnType<typeof table>[]) => new Map(all)

const report = (proxy: string, digest: string, shipped = 1) => ({
  proxy,
  version: '1',
  startedAt: '2026-11-21T09:00:00Z',
  enforced: { a: digest },
  upstreams: [],
  journal: { seq: shipped, shipped },
})

const pod = { name: 'agent-0', uid: 'u1', serviceAccount: 'agent' }

async function releaseTests(t: Test, stores: StoreKind, key: SigningKey): Promise<void> {
  const needs = async (fenced: boolean) => ({
    ...{ db: (await stores.empty()).db, key, now: () => noon, fenced },
  })
  const first = { term: 1, holder: 'one' }
  const second = { term: 2, holder: 'two' }
  const shown = (releases: Releases) =>
    releases.current().map(({ namespace, sequence, digest }) => ({ namespace, sequence, digest }))

  t.test('who is not the leader publishes nothing', async t => {
    const shared = await needs(true)
    const [one, two] = [new Releases(shared), new Releases(shared)]
    await one.open()
    await two.open()
    await t.rejects(one.publish(tables(table('a')), null), { code: 'fenced' })
    await one.publish(tables(table('a', '1')), null, [emptyDirectory('a')], first)
    await two.publish(tables(table('a', '2')), null, [], second)
    await t.rejects(one.publish(tables(table('a', '3')), null, [], first), { code: 'fenced' })
    await t.rejects(one.publish(tables(table('a', '1')), null, [], { term: 2, holder: 'one' }), {
      code: 'fenced',
    })
    await one.look()
    t.match(shown(one), [{ digest: 'sha256:a2' }])
    t.equal((await one.history(10)).length, 2)
  })

  t.test('a leader with nothing new ends the term before', async t => {
    const shared = await needs(true)
    const [one, two] = [new Releases(shared), new Releases(shared)]
    await one.publish(tables(table('a', '1')), null, [], first)
    await two.open()
    t.strictSame(await two.publish(tables(table('a', '1')), null, [], second), [])
    await t.rejects(one.publish(tables(table('a', '0')), null, [], first), { code: 'fenced' })
  })

  t.test('what another process published is taken, told once, and not signed again', async t => {
    const shared = await needs(false)
    const [one, two] = [new Releases(shared), new Releases(shared)]
    await one.open()
    await two.open()
    const told: string[] = []
    two.subscribe(({ namespace, digest }) => told.push(`${namespace} ${digest}`))
    two.directories.subscribe(({ namespace }) => told.push(`directory of ${namespace}`))
    await one.publish(tables(table('a', '1'), table('b', '1')), 'c0ffee', [emptyDirectory('a')])
    await two.look()
    await two.look()
    t.strictSame(told, ['directory of a', 'a sha256:a1', 'b sha256:b1'])
    t.strictSame(two.current(), one.current())
    t.strictSame(two.directories.of('a'), emptyDirectory('a'))

    await one.publish(tables(table('a', '2'), table('b', '1')), null)
    const published = await two.publish(tables(table('a', '2'), table('b', '2')), null)
    t.strictSame(
      published.map(({ namespace }) => namespace),
      ['b'],
      'the other one published a meanwhile',
    )
    t.strictSame(told.slice(3), ['a sha256:a2', 'b sha256:b2'])
    await one.look()
    t.strictSame(one.current(), two.current())
    t.equal((await one.history(10)).length, 4)
  })

  t.test('what another key signed is signed anew by the leader alone', async t => {
    const shared = await needs(false)
    await new Releases(shared).publish(tables(table('a'), table('b')), 'c0ffee')
    const other = await openSigningKey(t.testdir())
    const releases = new Releases({ ...shared, key: other, fenced: true })
    await releases.open()
    t.match(releases.current(), [{ keyId: key.id }, { keyId: key.id }])
    await releases.publish(tables(table('b', '2')), null, [], first)
    t.match(releases.current(), [
      { namespace: 'a', keyId: other.id, digest: 'sha256:a', commit: 'c0ffee' },
      { namespace: 'b', keyId: other.id, digest: 'sha256:b2' },
    ])
    t.equal(await releases.body('sha256:a'), table('a')[1].json)
  })
}

async function proxyTests(t: Test, stores: StoreKind): Promise<void> {
  const seen = (proxies: Proxies) =>
    proxies.list().map(({ seenAt, report, namespace, pod }) => ({
      proxy: report.proxy,
      enforced: report.enforced.a,
      shipped: report.journal.shipped,
      at: Date.parse(seenAt) - noon,
      namespace,
      pod: pod?.name,
    }))

  t.test('a report to any process counts at all of them', async t => {
    let now = noon
    const { db } = await stores.empty()
    const make = () => new Proxies({ db, now: () => now, onToolsChanged: () => undefined })
    const [one, two] = [make(), make()]
    await one.open()
    await two.open()
    const told: unknown[] = []
    two.subscribe(({ report }) => told.push(report.enforced.a))

    await one.report(report('p', 'd1'), { namespace: 'a', pod })
    await two.look()
    now += 5000
    await one.report(report('p', 'd1', 7))
    await one.report(report('p', 'd1', 8), { namespace: 'a', pod })
    now += 5000
    await one.report(report('p', 'd1', 9), { namespace: 'a', pod })
    await two.look()
    const known = { proxy: 'p', namespace: 'a', pod: 'agent-0' }
    t.strictSame(seen(two), [{ ...known, enforced: 'd1', shipped: 9, at: 10_000 }])
    t.strictSame(told, ['d1'], 'that it said the same again is no news')

    await two.report(report('p', 'd2', 9), { namespace: 'a', pod })
    await one.look()
    t.strictSame(seen(one), [{ ...known, enforced: 'd2', shipped: 9, at: 10_000 }])
    const later = make()
    await later.open()
    t.strictSame(seen(later), seen(one))
  })

  t.test('a proxy may go to another process and come back', async t => {
    let now = noon
    const { db } = await stores.empty()
    const make = () => new Proxies({ db, now: () => now, onToolsChanged: () => undefined })
    const [one, two, reader] = [make(), make(), make()]
    await one.report(report('p', 'd1'))
    await one.report(report('p', 'd1'))
    now += 1000
    await two.report(report('p', 'd2'))
    now += 5000
    await one.report(report('q', 'd1'))
    await reader.open()
    t.match(seen(reader), [{ enforced: 'd2' }, { proxy: 'q' }], 'what one heard before is older')
    await one.report(report('p', 'd1'))
    now += 5000
    await one.report(report('p', 'd1'))
    await reader.look()
    t.match(seen(reader), [{ enforced: 'd1', at: 11_000 }, { proxy: 'q' }])
  })

  t.test('a proxy in a pod is known until its pod is gone', async t => {
    let now = noon
    const { db } = await stores.empty()
    const make = () => new Proxies({ db, now: () => now, onToolsChanged: () => undefined })
    const [one, two] = [make(), make()]
    await one.report(report('p', 'd1'), { namespace: 'a', pod })
    await one.report(report('q', 'd1'))
    await two.open()
    now += 25 * 3600 * 1000
    await one.report(report('r', 'd1'))
    await two.look()
    t.match(seen(two), [{ proxy: 'p' }, { proxy: 'r' }])
    await one.forget(['p'])
    t.match(seen(one), [{ proxy: 'r' }])
    now += 60_000
    await two.look()
    t.match(seen(two), [{ proxy: 'r' }])
  })
}

everyStore(t, async (t, stores) => {
  const key = await openSigningKey(t.testdir())
  await releaseTests(t, stores, key)
  await proxyTests(t, stores)
})

t.test('processes on one PostgreSQL hear of each other', async t => {
  const stores = await postgresStores(t)
  if (typeof stores === 'string') {
    t.pass('not tried', { skip: stores })
    return
  }
  const databaseUrl = stores.url ?? ''
  await stores.empty()
  const key = await openSigningKey(t.testdir())
  const replica = async () => {
    const store: Store = await openStore({ folder: '', databaseUrl })
    const { db } = store
    const releases = new Releases({ db, key, now: Date.now })
    const proxies = new Proxies({ db, now: Date.now, onToolsChanged: () => undefined })
    await releases.open()
    await proxies.open()
    const following = followStore({
      databaseUrl,
      followers: [releases, proxies],
      onFailure: () => undefined,
    })
    const stop = new AbortController()
    const running = following.run(stop.signal)
    t.teardown(async () => {
      stop.abort()
      await running
      await store.close()
    })
    return { releases, proxies, db }
  }
  const [one, two] = [await replica(), await replica()]
  const { rows } = await sql`show idle_in_transaction_session_timeout`.execute(one.db)
  t.strictSame(rows, [{ idle_in_transaction_session_timeout: '10s' }], 'no pause keeps a lock')
  const digestAt = ({ releases }: typeof one) => releases.current()[0]?.digest
  await one.releases.publish(tables(table('a', '1')), null)
  await until(() => digestAt(two) === 'sha256:a1')
  await two.proxies.report(report('p', 'sha256:a1'))
  await until(() => one.proxies.list().length === 1)

  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'writ changes'`.execute(two.db)
  await two.releases.publish(tables(table('a', '2')), null)
  await until(() => digestAt(one) === 'sha256:a2')
})
