import { type Kysely, sql } from 'kysely'
import t, { type Test } from 'tap'
import { keepCoverage } from '../../../controller/coverage/keep-coverage.ts'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { coverageTables } from '../../../controller/store/coverage-tables.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { entryLine, type Some } from './entry-line.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

/** A ledger that counts, and how to add entries to it. */
async function counting(store: Store, start = now) {
  const { db } = store
  const onFailure = (error: unknown) => t.fail('forgetting', { error })
  const coverage = keepCoverage({ db, now: () => start, onFailure })
  const ledger = new Ledger(db, { settling: coverage })
  let seq = 0
  return {
    service: coverage.service,
    add: (entries: readonly Some[]) =>
      ledger.append(
        entries.map(some => {
          seq += 1
          return entryLine(seq, { policy: 'p', rule: 'r', ...some })
        }),
      ),
    again: (lines: readonly string[]) => ledger.append(lines),
  }
}

async function rows({ db }: Store) {
  const all = await db
    .selectFrom('coverage_days')
    .select(['day', 'name', 'policy', 'rule', 'reason', 'observed', 'more', 'calls', 'agents'])
    .orderBy('day')
    .orderBy('name')
    .orderBy('policy')
    .orderBy('rule')
    .execute()
  return all.map(({ day, name, policy, rule, reason, observed, more, calls, agents }) => [
    day,
    name,
    [policy, rule, reason].join('/'),
    calls,
    agents.join(' '),
    ...(observed ? ['observed'] : []),
    ...(more ? ['more'] : []),
  ])
}

const attempt = (tool: string, some: Some = {}) => ({ tool, ...some })

everyStore(t, async (t: Test, stores: StoreKind) => {
  t.test('attempts are counted by day, name and what decided them', async t => {
    const store = await stores.empty()
    const { add } = await counting(store)
    await add([
      attempt('read'),
      attempt('read', { phase: 'outcome', status: 'succeeded' }),
      attempt('read', { agent: 'codex', time: '2026-11-21T23:59:59.999Z' }),
      attempt('read', { time: '2026-11-22T00:00:00.000Z' }),
    ])
    await add([
      attempt('read', { agent: 'aider' }),
      attempt('write', { action: 'deny', reason: 'unmatched', rule: undefined }),
      { kind: 'model', model: 'gpt-4o', tool: undefined, server: undefined },
      { kind: 'resource', uri: 'file:///a', tool: undefined },
    ])
    t.strictSame(await rows(store), [
      ['2026-11-21', 'file:///a', 'p/r/rule', 1, 'claude'],
      ['2026-11-21', 'gpt-4o', 'p/r/rule', 1, 'claude'],
      ['2026-11-21', 'read', 'p/r/rule', 3, 'aider claude codex'],
      ['2026-11-21', 'write', 'p//unmatched', 1, 'claude'],
      ['2026-11-22', 'read', 'p/r/rule', 1, 'claude'],
    ])
  })

  t.test('an entry that comes twice is counted once', async t => {
    const store = await stores.empty()
    const { again } = await counting(store)
    const lines = [entryLine(1)]
    await again(lines)
    await again(lines)
    t.strictSame(await rows(store), [['2026-11-21', 'read_file', '//rule', 1, 'claude']])
  })

  t.test('what policies in observe mode would have said is counted apart', async t => {
    const store = await stores.empty()
    const { add } = await counting(store)
    const observed = [
      { policy: 'trial', action: 'deny', reason: 'rule', rule: 'no writing' },
      { policy: 'trial', action: 7, reason: 'rule' },
      'nonsense',
      { policy: 'other', action: 'deny', reason: 'unmatched' },
    ]
    await add([attempt('read', { observed }), attempt('write', { observed })])
    await add([attempt('read', { observed: { policy: 'x' } as never })])
    t.strictSame(await rows(store), [
      ['2026-11-21', '', 'other//unmatched', 2, '', 'observed'],
      ['2026-11-21', '', 'trial/no writing/rule', 2, '', 'observed'],
      ['2026-11-21', 'read', 'p/r/rule', 2, 'claude'],
      ['2026-11-21', 'write', 'p/r/rule', 1, 'claude'],
    ])
  })

  t.test('names beyond the bound of a day are counted together, rule by rule', async t => {
    const store = await stores.empty()
    const { add } = await counting(store)
    await add([attempt('known', { action: 'deny' })])
    for (let from = 0; from < 1500; from += 500) {
      await add(
        Array.from({ length: 500 }, (_, i) =>
          attempt(`made-up-${from + i}`, { action: 'deny', rule: i % 2 === 0 ? 'even' : 'odd' }),
        ),
      )
    }
    await add([attempt('known', { action: 'deny' }), attempt('read')])
    const all = await rows(store)
    t.equal(all.length, 1003)
    t.strictSame(
      all.filter(row => row.includes('more')).map(row => row.slice(1, 3)),
      [
        ['', 'p/even/rule'],
        ['', 'p/odd/rule'],
      ],
    )
    t.equal(
      all.reduce((sum, row) => sum + Number(row[3]), 0),
      1503,
    )
    t.match(
      all.filter(([, name]) => name === 'known' || name === 'read'),
      [
        ['2026-11-21', 'known', 'p/r/rule', 2],
        ['2026-11-21', 'read', 'p/r/rule', 1],
      ],
    )
  })

  t.test('a row names some agents, and one more where there are more', async t => {
    const store = await stores.empty()
    const { add } = await counting(store)
    for (let i = 0; i < 30; i++) await add([attempt('read', { agent: `agent-${i % 20}` })])
    const [row] = await rows(store)
    t.strictSame(row?.slice(3), [
      30,
      'agent-0 agent-1 agent-10 agent-11 agent-12 agent-13 agent-14 agent-15 agent-16',
    ])
  })

  t.test('the migration counts what is on record as the ledger does', async t => {
    const store = await stores.empty()
    const { db } = store
    const { add } = await counting(store)
    await add([
      ...Array.from({ length: 1200 }, (_, i) => attempt(`junk-${i}`, { action: 'deny' })),
      ...Array.from({ length: 30 }, (_, i) =>
        attempt(`tool é ${i % 7}`, { agent: `agent-${i}`, rule: i % 2 ? 'a' : 'b' }),
      ),
      { kind: 'prompt', prompt: 'p', tool: undefined, server: undefined, agent: undefined },
      attempt('read', { phase: 'outcome', status: 'succeeded' }),
    ])
    const read = () => db.selectFrom('coverage_days').selectAll().orderBy('key').execute()
    const counted = await read()
    t.strictSame(await db.selectFrom('coverage_starts').selectAll().execute(), [])
    await sql`drop table coverage_days`.execute(db)
    await sql`drop table coverage_starts`.execute(db)
    await coverageTables(db as Kysely<unknown>)
    const migrated = await read()
    const apart = ({ more, action }: { more: boolean; action: string }) =>
      !more && action !== 'deny'
    t.strictSame(migrated.filter(apart), counted.filter(apart))
    t.strictSame(
      migrated.filter(({ more }) => more),
      counted.filter(({ more }) => more),
    )
    t.equal(migrated.length, counted.length)
    t.equal((await db.selectFrom('coverage_starts').selectAll().execute()).length, 1)
  })

  t.test('what is older than anybody asks about is forgotten', async t => {
    const store = await stores.empty()
    const { add, service } = await counting(store, now + 380 * 86_400_000)
    await add([attempt('old', { time: '2026-10-30T00:00:00.000Z' }), attempt('young')])
    const stop = new AbortController()
    const running = service.run(stop.signal)
    for (let i = 0; i < 100 && (await rows(store)).length > 1; i++) {
      await new Promise(done => setTimeout(done, 20))
    }
    stop.abort()
    await running
    t.match(await rows(store), [['2026-11-21', 'young']])
  })
})
