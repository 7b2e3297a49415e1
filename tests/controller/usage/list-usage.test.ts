import t from 'tap'
import { listSessions, type SessionCursor } from '../../../controller/usage/list-sessions.ts'
import { listUsage } from '../../../controller/usage/list-usage.ts'
import { embeddedStores } from '../stores.ts'
import { store, toolRow, usageRow } from './usage-rows.ts'

const stores = await embeddedStores(t)
const { db } = await stores.open(t)
const minute = (n: number) => new Date(Date.parse('2026-11-20T12:00:00Z') + n * 60_000)

const calls = Array.from({ length: 30 }, (_, i) =>
  (i % 3 === 0 ? toolRow : usageRow)({
    time: minute(Math.floor(i / 4)),
    session: i === 29 ? null : `s-${i % 7}`,
    agent: i % 7 === 6 ? 'codex' : 'claude',
    proxy: i % 2 === 0 ? 'proxy-a' : 'proxy-b',
  }),
)
await store(db, calls)

t.test('calls are listed newest first, a page at a time, each once', async t => {
  const seen: string[] = []
  let after = null
  do {
    const page = await listUsage(db, { words: {} }, after, 7)
    seen.push(...page.rows.map(({ call }) => call))
    after = page.next
  } while (after !== null)
  const wanted = calls
    .toSorted(
      (a, b) =>
        b.time.getTime() - a.time.getTime() ||
        (a.proxy < b.proxy ? 1 : -1) * Number(a.proxy !== b.proxy) ||
        b.seq - a.seq,
    )
    .map(({ call }) => call)
  t.strictSame(seen, wanted)
})

t.test('each word narrows, and the time does', async t => {
  const list = async (filter: Parameters<typeof listUsage>[1]) =>
    (await listUsage(db, filter, null, 100)).rows.length
  t.equal(await list({ words: { kind: 'tool' } }), 10)
  const own = calls.filter(({ agent, kind }) => agent === 'codex' && kind === 'model')
  t.equal(await list({ words: { agent: 'codex', kind: 'model' } }), own.length)
  t.equal(await list({ words: { tool: 'nothing' } }), 0)
  t.equal(await list({ words: {}, since: minute(1).getTime(), until: minute(2).getTime() }), 4)
})

t.test('a session says whose it is, since when, and what it used', async t => {
  const { sessions } = await listSessions(db, { session: 's-6', namespace: 'default' }, null, 10)
  const own = calls.filter(({ session }) => session === 's-6')
  const models = own.filter(({ kind }) => kind === 'model')
  t.strictSame(
    sessions.map(({ key: _, ...session }) => session),
    [
      {
        namespace: 'default',
        agent: 'codex',
        user_name: 'ana',
        session: 's-6',
        last_model: 'gpt-4o',
        calls: own.length,
        failed_calls: 0,
        unpriced_calls: 0,
        estimated_calls: 0,
        input_tokens: models.length * 100,
        output_tokens: models.length * 20,
        cache_read_tokens: models.length * 10,
        cache_write_tokens: 0,
        reasoning_tokens: models.length * 5,
        cost_micro_usd: models.length * 450,
        model_calls: models.length,
        tool_calls: own.length - models.length,
        started_at: own[0]?.time,
        last_at: own.at(-1)?.time,
      },
    ],
  )
})

t.test('sessions are listed by when they called last, each once', async t => {
  const seen: string[] = []
  let after: SessionCursor | null = null
  do {
    const page = await listSessions(db, {}, after, 3)
    seen.push(...page.sessions.map(({ session }) => session))
    after = page.next
  } while (after !== null)
  t.strictSame([...seen].sort(), ['s-0', 's-1', 's-2', 's-3', 's-4', 's-5', 's-6'])
  t.equal(seen.at(-1), 's-1', 'the one whose last call is oldest')
})

t.test('sessions are found by who and when', async t => {
  const list = async (filter: Parameters<typeof listSessions>[1]) =>
    (await listSessions(db, filter, null, 100)).sessions.length
  t.equal(await list({ agent: 'claude' }), 6)
  t.equal(await list({ user: 'ana' }), 7)
  t.equal(await list({ user: 'ben' }), 0)
  t.equal(await list({ since: minute(7).getTime() }), 1)
  t.equal(await list({ until: minute(7).getTime() }), 6)
})

t.test('what comes late changes the beginning and not the last model', async t => {
  await store(db, [
    usageRow({ session: 's-6', agent: 'codex', time: minute(-60), model: 'gpt-older' }),
  ])
  await store(db, [toolRow({ session: 's-6', agent: 'codex', time: minute(60) })])
  const { sessions } = await listSessions(db, { session: 's-6' }, null, 10)
  t.match(sessions, [{ started_at: minute(-60), last_at: minute(60), last_model: 'gpt-4o' }])
})
