import t, { type Test } from 'tap'
import { keepApprovals } from '../../../controller/approvals/keeping/keep-approvals.ts'
import { keeper } from '../../../controller/approvals/keeping/keeper.ts'
import { newsFeed } from '../../../controller/approvals/news-feed.ts'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import { type ApiWorld, apiWorld, keyOf } from '../api-world.ts'
import { embeddedStores } from '../stores.ts'
import { tokens, until } from '../world.ts'
import { approvalWorld, payments, people, person, sha256 } from './approval-world.ts'

const stores = embeddedStores(t)

/** Sends as a proxy does. */
function post({ send }: ApiWorld, path: string, body: unknown, key = tokens.proxy) {
  const headers = { 'content-type': 'application/json' }
  return send(path, { key, method: 'POST', headers, body: JSON.stringify(body) })
}

/** What the stream says, as it comes. */
async function stream(t: Test, { url }: ApiWorld) {
  const stop = new AbortController()
  t.teardown(() => stop.abort())
  const response = await fetch(new URL('/api/v1/approvals/stream', url), {
    headers: { authorization: `Bearer ${tokens.proxy}` },
    signal: stop.signal,
  })
  const said = { text: '', ended: false }
  const read = async () => {
    for await (const chunk of response.body ?? []) said.text += Buffer.from(chunk).toString()
  }
  read()
    .catch(() => undefined)
    .finally(() => {
      said.ended = true
    })
  return {
    said,
    news: (): readonly ApprovalNews[] =>
      [...said.text.matchAll(/^event: news\ndata: (.*)\n\n/gm)].map(([, data = '']) =>
        JSON.parse(data),
      ),
  }
}

t.test('a proxy asks, hears, claims and tells how it ended', async t => {
  const world = await apiWorld(t, await (await stores).empty())
  const question = world.question({ keySha256: sha256(keyOf('bot')) })
  const heard = await stream(t, world)
  const asked = await post(world, '/api/v1/approvals/questions', question)
  t.match(asked, { status: 200, json: { state: 'pending', digest: question.digest } })
  const { id } = asked.json
  await until(() => heard.news().length === 1)
  await world.approvals.note(id, { type: 'notified', by: 'mail', detail: 'ana' })
  await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
  await until(() => heard.news().length === 2)
  const claim = world.claim(question)
  t.match(await post(world, `/api/v1/approvals/${id}/claim`, claim), {
    status: 200,
    json: { granted: true, news: { state: 'consumed' } },
  })
  await until(() => heard.news().length === 3)
  t.strictSame(
    heard.news().map(({ id: told, state }) => [told === id, state]),
    [
      [true, 'pending'],
      [true, 'approved'],
      [true, 'consumed'],
    ],
  )
  const ending = { call: question.call, outcome: 'succeeded' }
  t.equal((await post(world, `/api/v1/approvals/${id}/outcome`, ending)).status, 204)
  t.match((await world.approvals.history(id)).at(-1), { type: 'outcome', detail: 'succeeded' })
  t.match(await post(world, '/api/v1/approvals/news', { ids: [id, 'apr-0000000000000000'] }), {
    status: 200,
    json: { news: [{ id, state: 'consumed' }] },
  })
  world.beat()
  await until(() => heard.said.text.endsWith(': beat\n\n'))
})

t.test('what is no question, or comes from nobody who may ask, is refused', async t => {
  const world = await apiWorld(t, await (await stores).empty())
  const path = '/api/v1/approvals/questions'
  const { question } = world
  const status = async (body: unknown, key?: string) => (await post(world, path, body, key)).status
  t.equal(await status(question(), tokens.admin), 403)
  t.equal(await status(question(), keyOf('ana')), 403)
  t.equal(await status(question(), keyOf('bot')), 403)
  t.equal(await status({ ...question(), more: 1 }), 400)
  t.equal(await status({ ...question(), workflows: [] }), 400)
  t.equal(await status({ ...question(), digest: 'sha256:abc' }), 400)
  t.equal(await status({ ...question(), args: 'x'.repeat(1_100_000) }), 413)
  t.equal((await post(world, '/api/v1/approvals/nothing/claim', {})).status, 404)
  const unknown = '/api/v1/approvals/apr-0000000000000000'
  t.equal((await post(world, `${unknown}/claim`, world.claim(question()))).status, 404)
  t.equal((await post(world, `${unknown}/claim`, { more: 1 })).status, 400)
  t.equal((await post(world, '/api/v1/approvals/news', { ids: ['x'] })).status, 400)
  t.strictSame((await world.approvals.list({}, null, 9)).requests, [])
})

t.test('readers who could miss news are cut off, so that they ask', async t => {
  const world = await apiWorld(t, await (await stores).empty())
  const failures: unknown[] = []
  const broken = { ...world.approvals, news: () => Promise.reject(new Error('no store')) }
  const feed = newsFeed(
    Object.assign(Object.create(world.approvals), broken, {
      subscribe: (listener: Parameters<typeof world.approvals.subscribe>[0]) =>
        world.approvals.subscribe(listener),
    }),
    error => failures.push(error),
  )
  let ended = false
  const reader = {
    send: () => t.fail('there is no news'),
    end: () => {
      ended = true
    },
    whenClosed: () => undefined,
  }
  feed.add(reader, null)
  await world.ask()
  await until(() => ended)
  t.match(failures, [{ message: 'no store' }])
})

function running(t: Test, service: { run(signal: AbortSignal): Promise<void> }): void {
  const stop = new AbortController()
  const ended = service.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await ended
  })
}

t.test('time and change are seen to without anybody asking', async t => {
  const store = await (await stores).empty()
  const world = await approvalWorld(t, store)
  const { approvals, releases, question, clock } = world
  const state = async (id: string) => {
    const [news] = await approvals.news([id])
    return [news?.state, news?.reason].filter(Boolean).join(' ')
  }
  const before = await approvals.ask(question({ call: 'before' }))
  await world.publish(people, payments().replace('> 5', '> 6'))
  const kept = keepApprovals({
    approvals,
    releases,
    now: () => clock.now,
    onFailure: error => t.fail(String(error)),
  })
  running(t, kept)
  await until(async () => (await state(before.id)) === 'void rule_removed')
  t.pass('what changed while nothing ran')

  const { id } = await approvals.ask(question({ call: 'a' }))
  t.equal(await state(id), 'pending')
  clock.now += 300_000
  await until(async () => (await state(id)) === 'expired')
  t.pass('a clock that moves')

  const unused = await approvals.ask(question({ call: 'b' }))
  await approvals.decide(unused.id, { decision: 'approve' }, person('ana'))
  await world.publish(people.replace('users: [ana, ben]', 'users: [ben]'), payments())
  await until(async () => (await state(unused.id)) === 'void rule_removed')
  const schemaless = await approvals.ask(question({ call: 'c' }))
  await world.publish(people, payments(), '')
  kept.toolsChanged({
    proxy: 'proxy-a',
    version: '0',
    startedAt: new Date(clock.now).toISOString(),
    enforced: {},
    upstreams: [
      {
        namespace: 'default',
        name: 'bank',
        state: 'connected',
        tools: [{ name: 'pay', inputSchema: { type: 'object' } }],
      },
    ],
    journal: { seq: 0, shipped: 0 },
  })
  await until(async () => (await state(schemaless.id)) === 'void schema_changed')
  t.pass('tools that change')
})

t.test('what fails is tried again, and keeps nothing else from being done', async t => {
  const failures: unknown[] = []
  const done: string[] = []
  let tries = 0
  const kept = keeper({
    now: () => 0,
    sweep: async () => {
      done.push('sweep')
      return false
    },
    nextSweep: async () => 0,
    onFailure: error => failures.push(error),
  })
  kept.later('bad', async () => {
    tries += 1
    if (tries < 3) throw new Error('no')
    done.push('bad')
  })
  kept.later('good', async () => {
    done.push('good')
  })
  running(t, kept)
  await until(() => done.includes('bad'))
  t.strictSame(
    done.filter(name => name !== 'sweep'),
    ['good', 'bad'],
  )
  t.equal(failures.length, 2)
  t.ok(done.filter(name => name === 'sweep').length >= 3)
})

t.test('while nothing is due the store is left alone', async t => {
  const clock = { now: 0 }
  let due = 1_000_000
  let looks = 0
  let sweeps = 0
  const kept = keeper({
    now: () => clock.now,
    sweep: async () => {
      sweeps += 1
      due = 2_000_000
      return false
    },
    nextSweep: async () => {
      looks += 1
      return due
    },
    onFailure: error => t.fail(String(error)),
  })
  running(t, kept)
  await until(() => looks === 2)
  for (let i = 0; i < 5; i++) await new Promise(resolve => setTimeout(resolve, 50))
  t.strictSame([looks, sweeps], [2, 0])
  clock.now = 1_000_000
  await until(() => sweeps === 1)
  clock.now = 0
  kept.wake()
  const before = looks
  await until(() => looks > before)
  t.equal(sweeps, 1, 'a clock that moves back brings nothing again')
})
