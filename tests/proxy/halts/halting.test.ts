import t from 'tap'
import { until } from '../../controller/world.ts'
import type { RawClient } from '../mcp/raw-client.ts'
import { type HaltingWorld, haltingWorld } from './halting-world.ts'

const reason = 'incident 4711'

async function halted(client: RawClient): Promise<boolean> {
  const { result } = await client.call('look')
  return result?.structuredContent?.reason === 'halted'
}

/** Halts as ana, and gives the id. */
async function halt({ ask }: HaltingWorld, more: object = {}): Promise<string> {
  const { status, body } = await ask('ana', 'POST', '/halts', {
    namespace: 'default',
    reason,
    ...more,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.id
}

async function lift({ ask }: HaltingWorld, id: string): Promise<void> {
  for (const who of ['ana', 'ben'] as const) {
    await ask(who, 'POST', `/halts/${id}/lift`, { reason: 'over' })
  }
}

async function clients(world: HaltingWorld, count: number): Promise<readonly RawClient[]> {
  const names = Array.from({ length: count }, (_, i) => `proxy-${i}`)
  return Promise.all(names.map(async name => (await world.proxy(name)).connect()))
}

async function all(clients: readonly RawClient[], halts: boolean): Promise<void> {
  for (const client of clients) await until(async () => (await halted(client)) === halts)
}

t.test(
  'every proxy refuses, says so, and lets calls through again once two owners agree',
  async t => {
    const world = await haltingWorld(t)
    const { ask } = world
    const agents = await clients(world, 5)
    const { status, body } = await ask('ana', 'POST', '/halt', { reason, namespace: 'default' })
    t.equal(status, 201)
    const { id } = body
    t.match(body, { what: 'all', namespace: 'default', by: 'ana', state: 'standing' })
    await all(agents, true)
    const progress = async () => (await ask('ana', 'GET', `/halts/${id}`)).body.progress
    await until(async () => (await progress()).done === 5)
    t.strictSame(await progress(), { proxies: 5, done: 5, waitingFor: [], silent: [] })
    const { body: status1 } = await ask('admin', 'GET', '/status')
    t.match(status1.halts, [{ id, reason, progress: { proxies: 5, done: 5 } }])
    const metrics = await (await world.inner.get(world.url, '/metrics')).text()
    t.match(metrics, /^writ_halts 1$/m)
    t.match(metrics, /^writ_halt_proxies_missing 0$/m)

    t.equal((await ask('ana', 'POST', `/halts/${id}/lift`, { reason: 'over' })).status, 202)
    t.match(await ask('ana', 'POST', `/halts/${id}/lift`, { reason: 'over' }), {
      status: 409,
      body: { code: 'asked_by_you' },
    })
    await all(agents, true)
    t.match(await ask('ben', 'POST', `/halts/${id}/lift`, { reason: 'I agree' }), {
      status: 200,
      body: { state: 'lifted', lifted: { by: 'ben', reviewed: true } },
    })
    await all(agents, false)
    await until(async () => (await progress()).done === 5)
  },
)

t.test('who may not halt or lift does neither, and is on record', async t => {
  const world = await haltingWorld(t)
  const { ask } = world
  const wanted = { reason, namespace: 'default' }
  for (const [who, status] of [
    ['bot', 403],
    ['proxy', 403],
    ['cleo', 403],
    ['eve', 403],
  ] as const) {
    t.equal((await ask(who, 'POST', '/halts', wanted)).status, status, who)
  }
  t.equal((await ask('ana', 'POST', '/halts', { reason })).status, 403, 'what others own')
  const bad = [
    { namespace: 'default' },
    { reason: '' },
    { reason: 'a\nb' },
    { reason, what: 'money' },
  ]
  for (const body of [...bad, { reason: 'x'.repeat(301) }, { ...wanted, more: 1 }]) {
    t.equal(
      (await ask('admin', 'POST', '/halts', body)).status,
      400,
      JSON.stringify(body).slice(0, 40),
    )
  }
  t.match(await ask('admin', 'POST', '/halts', { ...wanted, agent: 'bott' }), {
    body: { code: 'unknown_agent' },
  })
  t.match(await ask('admin', 'POST', '/halts', { reason, namespace: 'nope' }), {
    body: { code: 'unknown_namespace' },
  })
  const everything = (await ask('admin', 'POST', '/halts', { reason })).body.id
  const own = await halt(world)
  const tried = [
    ['bot', own, 403],
    ['proxy', own, 403],
    ['cleo', own, 403],
    ['eve', own, 404],
  ] as const
  for (const [who, id, status] of [
    ...tried,
    ['admin', own, 403],
    ['ana', everything, 403],
  ] as const) {
    const lifted = await ask(who, 'POST', `/halts/${id}/lift`, { reason: 'over' })
    t.equal(lifted.status, status, `${who} lifts ${id === own ? 'default' : 'everything'}`)
  }
  t.equal(
    (await ask('admin', 'POST', `/halts/${everything}/lift`, { reason: 'x' })).body.code,
    'no_common_owner',
  )
  t.equal(
    (await ask('admin', 'POST', '/halts/hlt-0000000000000000/lift', { reason: 'x' })).status,
    404,
  )
  t.strictSame(
    (await ask('eve', 'GET', '/halts')).body.halts.map(({ id }: { id: string }) => id),
    [everything],
  )
  const { events } = (await ask('admin', 'GET', '/halts/events')).body
  t.strictSame(
    events.filter(({ type }: { type: string }) => type === 'refused').length,
    7,
    'people who tried in vain',
  )
  t.equal((await ask('ana', 'GET', '/halts/events')).status, 403)
})

t.test('a call that was approved while it was halted is made once that is lifted', async t => {
  const world = await haltingWorld(t)
  const { ask, bank } = world
  const [client] = (await clients(world, 1)) as [RawClient]
  const answer = client.call('pay', { text: 'rent' })
  const requests = async (state: string) =>
    (await ask('admin', 'GET', `/approval-requests?state=${state}`)).body.requests
  await until(async () => (await requests('pending')).length === 1)
  const [request] = await requests('pending')
  const id = await halt(world)
  await all([client], true)
  t.equal((await ask('ben', 'POST', `/approval-requests/${request.id}/approve`, {})).status, 200)
  t.match((await answer).result, {
    isError: true,
    structuredContent: { reason: 'halted', halt: id },
  })
  t.strictSame(
    bank.heard.filter(({ method }) => method === 'tools/call'),
    [],
  )
  t.equal((await requests('approved')).length, 1, 'it is not used up')
  await lift(world, id)
  await all([client], false)
  t.notMatch(await client.call('pay', { text: 'rent' }), { result: { isError: true } })
  t.equal((await requests('consumed')).length, 1)
})

t.test(
  'a proxy stays halted while its controller is gone, over a restart, and until it is lifted',
  async t => {
    const world = await haltingWorld(t)
    const first = await world.proxy('proxy')
    const client = await first.connect()
    const id = await halt(world)
    await all([client], true)
    const startAgain = await world.stopController()
    t.ok(await halted(client))
    await first.stop()
    await startAgain()
    const again = await world.proxy('proxy')
    const next = await again.connect()
    t.ok(await halted(next), 'before it can have heard anything')
    await lift(world, id)
    await all([next], false)
  },
)
