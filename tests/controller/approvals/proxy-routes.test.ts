import t, { type Test } from 'tap'
import { newsFeed } from '../../../controller/approvals/news-feed.ts'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import { type ApiWorld, apiWorld, keyOf } from '../api-world.ts'
import { embeddedStores } from '../stores.ts'
import { tokens, until } from '../world.ts'
import { person, sha256 } from './approval-world.ts'

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
  feed.add({
    send: () => t.fail('there is no news'),
    end: () => {
      ended = true
    },
    whenClosed: () => undefined,
  })
  await world.ask()
  await until(() => ended)
  t.match(failures, [{ message: 'no store' }])
})
