import t, { type Test } from 'tap'
import { readEvents } from '../../../proxy/follow/read-events.ts'
import { tokens, until } from '../world.ts'
import { entryOf, keyOfAna, type PodWorld, podWorld, tokenOf } from './pod-world.ts'

/** How a route keeps a proxy to its own: in a sentence, and as what happens. */
interface Statement {
  readonly says: string
  readonly shows: (t: Test, world: PodWorld) => Promise<unknown>
}

const post = (body: unknown) => ({ method: 'POST', body })
const ndjson = (body: string) => ({ method: 'POST', body, type: 'application/x-ndjson' })

async function asked(world: PodWorld, some: object = {}): Promise<string> {
  const question = await world.question('team-a', some)
  const { body } = await world.as('a1', '/api/v1/approvals/questions', post(question))
  return body.id
}

interface Told {
  readonly type: string
  readonly data: string
}

/** What a pod hears over a stream that is open when this settles. */
async function listening(t: Test, { url }: PodWorld, pod: string, path: string): Promise<Told[]> {
  const stop = new AbortController()
  const headers = { authorization: `Bearer ${tokenOf(pod)}` }
  const answer = await fetch(new URL(path, url), { headers, signal: stop.signal })
  const told: Told[] = []
  const reading = async () => {
    for await (const { type, data } of readEvents(answer.body!)) told.push({ type, data })
  }
  const ended = reading().catch(() => undefined)
  t.teardown(() => {
    stop.abort()
    return ended
  })
  return told
}

/** Every route that a proxy opens. One that is not here fails the test: say how it keeps a proxy to its own. */
const statements: Readonly<Record<string, Statement>> = {
  'get /api/v1/key': {
    says: 'the public key is the same for everybody',
    shows: async (t, world) => {
      const [a, b] = [await world.as('a1', '/api/v1/key'), await world.as('b1', '/api/v1/key')]
      t.equal(a.status, 200)
      t.strictSame(a, b)
    },
  },
  'get /api/v1/tables/stream': {
    says: 'a proxy hears of releases of its namespace, after who it is',
    shows: async (t, world) => {
      const path = '/api/v1/tables/stream'
      const [a, b] = [await listening(t, world, 'a1', path), await listening(t, world, 'b1', path)]
      world.inner.write('c.yaml', [more('team-a'), more('team-b')].join('---\n'))
      await until(() => a.length === 3 && b.length === 3)
      for (const [pod, told] of [['a', a] as const, ['b', b] as const]) {
        const namespace = `team-${pod}`
        const [who, ...releases] = told
        const identity = { namespace, pod: `${pod}1`, serviceAccount: 'claude' }
        t.strictSame(who, { type: 'identity', data: JSON.stringify(identity) })
        t.match(
          releases.map(({ data }) => JSON.parse(data)),
          [{ namespace }, { namespace }],
        )
      }
    },
  },
  'get /api/v1/tables/{digest}': {
    says: 'a table is given to the namespace that has or had it',
    shows: async (t, world) => {
      const digest = await world.table('team-a')
      t.equal((await world.as('a1', `/api/v1/tables/${digest}`)).status, 200)
      const foreign = await world.as('b1', `/api/v1/tables/${digest}`)
      const none = await world.as('b1', `/api/v1/tables/sha256:${'0'.repeat(64)}`)
      t.equal(foreign.status, 404)
      t.strictSame(foreign, none, 'as if it were not there')
    },
  },
  'get /api/v1/runtime-tokens/revocations': {
    says: 'the list is of tokens of the namespace, and says so under the signature',
    shows: async (t, world) => {
      const ids = await Promise.all(['team-a', 'team-b'].map(name => revoked(world, name)))
      const list = async (pod: string) =>
        (await world.as(pod, '/api/v1/runtime-tokens/revocations')).body
      t.match(await list('a1'), { namespace: 'team-a', revoked: [ids[0]] })
      t.match(await list('b1'), { namespace: 'team-b', revoked: [ids[1]] })
      const all = await list(tokens.proxy)
      t.strictSame(all.revoked, [...ids].sort())
      t.notOk('namespace' in all)
    },
  },
  'get /api/v1/runtime-tokens/revocations/stream': {
    says: 'a proxy is told that something changed in its namespace',
    shows: async (t, world) => {
      const path = '/api/v1/runtime-tokens/revocations/stream'
      const [a, b] = [await listening(t, world, 'a1', path), await listening(t, world, 'b1', path)]
      await revoked(world, 'team-a')
      await revoked(world, 'team-a')
      await until(() => a.length === 3)
      await revoked(world, 'team-b')
      await until(() => b.length > 1)
      t.equal(b.length, 2, 'at first, and of its own')
    },
  },
  'post /api/v1/records': {
    says: 'entries of another namespace or another pod are refused, with all that came with them',
    shows: async (t, world) => {
      const own = entryOf('proxy-of-a2', 1, { namespace: 'team-a' })
      const foreign = entryOf('proxy-of-a2', 2, { namespace: 'team-b' })
      const send = (pod: string, text: string) => world.as(pod, '/api/v1/records', ndjson(text))
      t.match(await send('a2', own + foreign), { status: 403, body: { code: 'foreign_namespace' } })
      t.match(await send('a2', own), { status: 200, body: { stored: 1 } }, 'none was kept before')
      const another = entryOf('proxy-of-a2', 2, { namespace: 'team-a' })
      t.match(await send('a1', another), { status: 403, body: { code: 'foreign_proxy' } })
      t.match(await send('b1', entryOf('proxy-of-a2', 3, { namespace: 'team-b' })), { status: 403 })
    },
  },
  'put /api/v1/proxies/{id}': {
    says: 'a report speaks of the namespace of its proxy only, and only the pod of the proxy reports',
    shows: async (t, world) => {
      const put = (pod: string, some: object) =>
        world.as(pod, '/api/v1/proxies/proxy-of-a1', {
          method: 'PUT',
          body: { ...report, ...some },
        })
      const table = { 'team-a': `sha256:${'0'.repeat(64)}` }
      t.equal((await put('a1', { enforced: table })).status, 204)
      const upstream = { namespace: 'team-b', name: 'bank', state: 'failed' }
      const rejected = { namespace: 'team-b', digest: 'sha256:', error: '' }
      for (const some of [
        { enforced: { ...table, 'team-b': 'x' } },
        { upstreams: [upstream] },
        { rejected: [rejected] },
      ]) {
        t.match(await put('a1', some), { status: 403, body: { code: 'foreign_namespace' } })
      }
      t.match(await put('a2', {}), { status: 403, body: { code: 'foreign_proxy' } })
      t.match(await put('b1', {}), { status: 403, body: { code: 'foreign_proxy' } })
    },
  },
  'post /api/v1/approvals/questions': {
    says: 'a proxy asks in its namespace, by its own name',
    shows: async (t, world) => {
      const path = '/api/v1/approvals/questions'
      const mine = await world.question('team-a')
      t.equal((await world.as('a1', path, post(mine))).status, 200)
      const theirs = await world.question('team-b', { proxy: 'proxy-of-b1' })
      const refused = await world.as('a1', path, post(theirs))
      t.match(refused, { status: 403, body: { code: 'foreign_namespace' } })
      const named = await world.as('a2', path, post(mine))
      t.match(named, { status: 403, body: { code: 'foreign_proxy' } })
    },
  },
  'post /api/v1/approvals/news': {
    says: 'news of another namespace are left out, like those of nothing',
    shows: async (t, world) => {
      const id = await asked(world)
      const news = (pod: string) => world.as(pod, '/api/v1/approvals/news', post({ ids: [id] }))
      t.match(await news('a1'), { status: 200, body: { news: [{ id }] } })
      t.strictSame(await news('b1'), { status: 200, body: { news: [] } })
    },
  },
  'get /api/v1/approvals/stream': {
    says: 'a proxy hears of requests of its namespace',
    shows: async (t, world) => {
      const path = '/api/v1/approvals/stream'
      const [a, b] = [await listening(t, world, 'a1', path), await listening(t, world, 'b1', path)]
      const id = await asked(world, { call: 'heard in team-a' })
      await until(() => a.length === 1)
      const question = await world.question('team-b', { proxy: 'proxy-of-b1' })
      await world.as('b1', '/api/v1/approvals/questions', post(question))
      await until(() => b.length > 0)
      t.match(JSON.parse(a[0]!.data), { id })
      t.match(
        b.map(({ data }) => JSON.parse(data)),
        [{ asker: { namespace: 'team-b' } }],
      )
    },
  },
  'post /api/v1/approvals/{id}/claim': {
    says: 'what another namespace asked is not there',
    shows: async (t, world) => {
      const id = await asked(world)
      const { digest } = await world.question('team-a')
      const claim = (pod: string, proxy: string) =>
        world.as(pod, `/api/v1/approvals/${id}/claim`, {
          method: 'POST',
          body: { proxy, call: 'c', digest, workflows: [''], table: digest },
        })
      t.match(await claim('a1', 'proxy-of-a1'), { status: 200, body: { granted: false } })
      t.equal((await claim('b1', 'proxy-of-b1')).status, 404)
      t.match(await claim('a2', 'proxy-of-a1'), { status: 403, body: { code: 'foreign_proxy' } })
    },
  },
  'post /api/v1/approvals/{id}/outcome': {
    says: 'how a call of another namespace ended is not noted, and nobody hears whether there was one',
    shows: async (t, world) => {
      const question = await world.question('team-a', { call: 'released' })
      const { body } = await world.as('a1', '/api/v1/approvals/questions', post(question))
      const { id, digest } = body
      const request = `/api/v1/approval-requests/${id}`
      await world.as(keyOfAna('team-a'), `${request}/approve`, post({}))
      const table = await world.table('team-a')
      const claim = { proxy: 'proxy-of-a1', call: 'released', digest, workflows: [''], table }
      const claimed = await world.as('a1', `/api/v1/approvals/${id}/claim`, post(claim))
      t.match(claimed, { status: 200, body: { granted: true } })
      const tell = (pod: string, of: string) => {
        const ending = { call: 'released', outcome: 'failed' }
        return world.as(pod, `/api/v1/approvals/${of}/outcome`, post(ending))
      }
      const told = async () => {
        const { events } = (await world.as(tokens.admin, `${request}/events`)).body
        return events.filter(({ type }: { type: string }) => type === 'outcome').length
      }
      t.strictSame(await tell('b1', id), await tell('b1', 'apr-0000000000000000'))
      t.equal(await told(), 0)
      t.equal((await tell('a1', id)).status, 204)
      t.equal(await told(), 1)
    },
  },
  'post /api/v1/budgets/leases': {
    says: 'a proxy borrows of budgets of its namespace, by its own name',
    shows: async (t, world) => {
      const lease = async (pod: string, namespace: string, proxy: string) =>
        world.as(pod, '/api/v1/budgets/leases', post(await wanted(world, namespace, proxy)))
      t.match(await lease('a1', 'team-a', 'proxy-of-a1'), { status: 200, body: { lease: {} } })
      const foreign = { status: 403, body: { code: 'foreign_namespace' } }
      t.match(await lease('b1', 'team-a', 'proxy-of-b1'), foreign)
      const named = { status: 403, body: { code: 'foreign_proxy' } }
      t.match(await lease('a2', 'team-a', 'proxy-of-a1'), named)
    },
  },
  'post /api/v1/budgets/leases/renewals': {
    says: 'a proxy renews leases of its own, which are those of its namespace',
    shows: async (t, world) => {
      const request = await wanted(world, 'team-a', 'proxy-of-a1')
      const { body } = await world.as('a1', '/api/v1/budgets/leases', post(request))
      const { id, fence } = body.lease
      const leases = [{ id, fence, used: 0, held: 0, keep: 0 }]
      const renew = (pod: string, proxy: string) =>
        world.as(pod, '/api/v1/budgets/leases/renewals', {
          method: 'POST',
          body: { proxy, run: 'run 1', leases },
        })
      const nothing = { limit: 0, extended: 0, spent: 0, reserved: 0 }
      const stranger = await renew('b1', 'proxy-of-b1')
      t.strictSame(stranger.body.leases, [{ id, ttlMs: 0, state: nothing }], 'as an unknown lease')
      t.match(await renew('b1', 'proxy-of-a1'), { status: 403, body: { code: 'foreign_proxy' } })
      const mine = await renew('a1', 'proxy-of-a1')
      t.match(mine.body.leases, [{ id, state: { limit: 1_000_000 } }])
    },
  },
  'post /api/v1/budgets/runs': {
    says: 'only the pod of a proxy says that it has started',
    shows: async (t, world) => {
      const begin = (pod: string) =>
        world.as(pod, '/api/v1/budgets/runs', {
          method: 'POST',
          body: { proxy: 'proxy-of-a1', run: 'run 2', firstSeq: 1, start: 2 },
        })
      t.match(await begin('b1'), { status: 403, body: { code: 'foreign_proxy' } })
      t.match(await begin('a2'), { status: 403, body: { code: 'foreign_proxy' } })
      t.equal((await begin('a1')).status, 204)
    },
  },
  // The last one: what is halted stays so.
  'get /api/v1/halts/stream': {
    says: 'the list is of halts that concern the namespace, and says so under the signature',
    shows: async (t, world) => {
      const path = '/api/v1/halts/stream'
      const [a, b] = [await listening(t, world, 'a1', path), await listening(t, world, 'b1', path)]
      const made = await Promise.all(
        ['team-a', 'team-b'].map(namespace =>
          world.as(tokens.admin, '/api/v1/halts', post({ namespace, reason: 'a test' })),
        ),
      )
      const [ofA, ofB] = made.map(({ body }) => body.id)
      const heard = (told: readonly Told[]) => told.map(({ data }) => JSON.parse(data))
      const ids = (told: readonly Told[]) =>
        new Set(heard(told).flatMap(({ halts }) => halts.map(({ id }: { id: string }) => id)))
      await until(() => ids(a).size > 0 && ids(b).size > 0)
      for (const [pod, told, id] of [['a', a, ofA] as const, ['b', b, ofB] as const]) {
        t.strictSame(ids(told), new Set([id]))
        t.strictSame([...new Set(heard(told).map(({ namespace }) => namespace))], [`team-${pod}`])
      }
    },
  },
}

function more(namespace: string): string {
  return `apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: newcomer, namespace: ${namespace} }
spec: {}
`
}

const report = {
  proxy: 'proxy-of-a1',
  version: '1',
  startedAt: '2026-11-21T09:00:00Z',
  enforced: {},
  upstreams: [],
  journal: { seq: 0, shipped: 0 },
}

async function revoked(world: PodWorld, namespace: string): Promise<string> {
  const path = '/api/v1/runtime-tokens'
  const admin = tokens.admin
  const wanted = { namespace, agent: 'bot', ttlSeconds: 60 }
  const { body } = await world.as(admin, path, post(wanted))
  await world.as(admin, `${path}/${body.id}`, { method: 'DELETE' })
  return body.id
}

let leases = 0

async function wanted(world: PodWorld, namespace: string, proxy: string): Promise<object> {
  leases += 1
  const counter = { namespace, budget: 'money', counter: '', window: '' }
  const table = await world.table(namespace)
  return { ...counter, proxy, run: 'run 1', lease: `lease ${leases}`, table, need: 1 }
}

const shared = await podWorld(t)
// Each goes by its own name from here on.
for (const pod of ['a1', 'a2', 'b1']) {
  const run = { proxy: `proxy-of-${pod}`, run: 'run 1', firstSeq: 1, start: 1 }
  await shared.as(pod, '/api/v1/budgets/runs', post(run))
}

t.test(
  'every route that a proxy opens has a statement how it keeps a proxy to its own',
  async t => {
    const { body } = await shared.as(tokens.admin, '/openapi.json')
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(Object(methods))
        .filter(([, operation]) => Array.from(Object(operation)['x-roles']).includes('proxy'))
        .map(([method]) => `${method} ${path}`),
    )
    t.strictSame(routes.sort(), Object.keys(statements).sort())
  },
)

for (const [route, { says, shows }] of Object.entries(statements)) {
  t.test(`${route}: ${says}`, async t => shows(t, shared))
}
