import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { hostNames } from '../../controller/api/guard.ts'
import type { ControllerOptions } from '../../controller/controller.ts'
import { readEvents } from '../../proxy/follow/read-events.ts'
import { permissions } from '../../schemas/account.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { answerChecker } from './answer-checker.ts'
import { policy } from './documents.ts'
import { tokens, until, world } from './world.ts'

const { admin, proxy } = tokens

interface Sent {
  readonly method?: string
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

/** One request on the wire, with whatever headers; the answer's status, type and body. */
async function send(
  url: URL,
  path: string,
  { method = 'GET', token, headers = {}, body }: Sent = {},
) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const sent = request(new URL(path, url), { method, headers: { ...authorization, ...headers } })
  sent.end(body)
  return new Promise<{ status: number; type: string; body: string }>((done, fail) => {
    sent.once('error', fail)
    sent.once('response', async answer => {
      const { statusCode = 0, headers } = answer
      const type = headers['content-type'] ?? ''
      const streams = type.startsWith('text/event-stream')
      if (streams) answer.destroy()
      done({ status: statusCode, type, body: streams ? '' : await text(answer) })
    })
  })
}

/** Keys of a person and of an agent. */
const keys = { ana: 'writ_key_of_ana', bot: 'writ_key_of_bot' }

function keyed(kind: 'User' | 'Agent', name: keyof typeof keys): string {
  const sha256 = createHash('sha256').update(keys[name]).digest('hex')
  return `
apiVersion: writ.dev/v1alpha1
kind: ${kind}
metadata: { name: ${name} }
spec: { apiKeys: [{ name: laptop, sha256: ${sha256} }] }
`
}

async function controller(t: Test, some: Partial<ControllerOptions> = {}) {
  const w = await world(t)
  const people = [keyed('User', 'ana'), keyed('Agent', 'bot')]
  w.write('a.yaml', [policy('p', '{ action: allow }'), ...people].join('---'))
  const { url } = await w.startController(some)
  const status = async () => (await send(url, '/api/v1/status', { token: admin })).body
  await until(async () => JSON.parse(await status()).source.state === 'in_force')
  return { w, url }
}

/** One controller for the tests that leave nothing behind. */
const shared = await controller(t)

const ndjson = { 'content-type': 'application/x-ndjson' }
const json = { 'content-type': 'application/json' }

function lines(count: number): string {
  const write = (_: unknown, i: number) => line('proxy-a', i + 1, entry({ call: `call-${i}` }))
  return Array.from({ length: count }, write).join('')
}

/** Who may call what: the answers to nobody, a wrong token, a proxy, who runs Writ, a person, and an agent. */
const access: Record<string, readonly number[]> = {
  'get /api/v1/key': [401, 401, 200, 200, 403, 403],
  'get /api/v1/tables/stream': [401, 401, 200, 403, 403, 403],
  'get /api/v1/tables': [401, 401, 403, 200, 403, 403],
  'get /api/v1/tables/{digest}': [401, 401, 404, 404, 403, 403],
  'post /api/v1/records': [401, 401, 415, 403, 403, 403],
  'put /api/v1/proxies/{id}': [401, 401, 415, 403, 403, 403],
  'get /api/v1/proxies': [401, 401, 403, 200, 403, 403],
  'get /api/v1/audit': [401, 401, 403, 200, 403, 403],
  'get /api/v1/audit/export': [401, 401, 403, 200, 403, 403],
  'get /api/v1/audit/calls/{call}/explanation': [401, 401, 403, 404, 403, 403],
  'get /api/v1/audit/calls/{call}/bundle': [401, 401, 403, 404, 403, 403],
  'get /api/v1/audit/checkpoints': [401, 401, 403, 200, 403, 403],
  'get /api/v1/coverage': [401, 401, 403, 200, 403, 403],
  'get /api/v1/usage': [401, 401, 403, 200, 403, 403],
  'get /api/v1/usage/summary': [401, 401, 403, 200, 403, 403],
  'get /api/v1/runtime-sessions': [401, 401, 403, 200, 403, 403],
  'get /api/v1/budgets': [401, 401, 403, 200, 403, 403],
  'get /api/v1/models': [401, 401, 403, 200, 403, 403],
  'get /api/v1/status': [401, 401, 403, 200, 403, 403],
  'get /api/v1/problems': [401, 401, 403, 200, 403, 403],
  'get /metrics': [401, 401, 403, 200, 403, 403],
  'get /healthz': [200, 200, 200, 200, 200, 200],
  'get /readyz': [200, 200, 200, 200, 200, 200],
  'post /api/v1/approvals/questions': [401, 401, 415, 403, 403, 403],
  'post /api/v1/approvals/news': [401, 401, 415, 403, 403, 403],
  'get /api/v1/approvals/stream': [401, 401, 200, 403, 403, 403],
  'post /api/v1/approvals/{id}/claim': [401, 401, 404, 403, 403, 403],
  'post /api/v1/approvals/{id}/outcome': [401, 401, 404, 403, 403, 403],
  'get /api/v1/approval-requests': [401, 401, 403, 200, 200, 403],
  'get /api/v1/approval-requests/{id}': [401, 401, 403, 404, 404, 403],
  'get /api/v1/approval-requests/{id}/events': [401, 401, 403, 404, 404, 403],
  'post /api/v1/approval-requests/{id}/approve': [401, 401, 403, 404, 404, 403],
  'post /api/v1/approval-requests/{id}/decline': [401, 401, 403, 404, 404, 403],
  'post /api/v1/approval-requests/{id}/decide': [401, 401, 403, 404, 404, 403],
  'post /api/v1/approval-requests/{id}/cancel': [401, 401, 403, 404, 404, 403],
  'get /api/v1/approval-workflows': [401, 401, 403, 200, 200, 403],
  'get /api/v1/approval-grants': [401, 401, 403, 200, 200, 403],
  'post /api/v1/approval-grants/{id}/revoke': [401, 401, 403, 404, 404, 403],
  'post /api/v1/channels/slack/{channel}': [404, 404, 404, 404, 404, 404],
  'post /api/v1/channels/mattermost/{channel}': [404, 404, 404, 404, 404, 404],
  'get /api/v1/push/key': [401, 401, 403, 200, 200, 403],
  'post /api/v1/push/subscriptions': [401, 401, 403, 415, 415, 403],
  'delete /api/v1/push/subscriptions': [401, 401, 403, 415, 415, 403],
  'post /api/v1/budgets/leases': [401, 401, 415, 403, 403, 403],
  'post /api/v1/budgets/leases/renewals': [401, 401, 415, 403, 403, 403],
  'post /api/v1/budgets/runs': [401, 401, 415, 403, 403, 403],
  'post /api/v1/runtime-tokens': [401, 401, 403, 415, 415, 403],
  'get /api/v1/runtime-tokens': [401, 401, 403, 200, 200, 403],
  'delete /api/v1/runtime-tokens/{id}': [401, 401, 403, 404, 404, 403],
  'get /api/v1/runtime-tokens/revocations': [401, 401, 200, 200, 403, 403],
  'get /api/v1/runtime-tokens/revocations/stream': [401, 401, 200, 403, 403, 403],
  'post /api/v1/halt': [401, 401, 403, 415, 415, 403],
  'post /api/v1/halts': [401, 401, 403, 415, 415, 403],
  'get /api/v1/halts': [401, 401, 403, 200, 200, 403],
  'get /api/v1/halts/events': [401, 401, 403, 200, 403, 403],
  'get /api/v1/halts/stream': [401, 401, 200, 403, 403, 403],
  'get /api/v1/halts/{id}': [401, 401, 403, 404, 404, 403],
  'post /api/v1/halts/{id}/lift': [401, 401, 403, 404, 404, 403],
  'get /api/v1/overrides': [401, 401, 403, 200, 200, 403],
  'get /api/v1/overrides/events': [401, 401, 403, 200, 403, 403],
  'post /api/v1/overrides': [401, 401, 403, 415, 415, 403],
  'delete /api/v1/overrides/{id}': [401, 401, 403, 404, 404, 403],
  'post /api/v1/policies/validate': [401, 401, 403, 415, 415, 403],
  'post /api/v1/policies/diff': [401, 401, 403, 415, 415, 403],
  'get /api/v1/policies/export': [401, 401, 403, 200, 200, 403],
  'get /api/v1/policies/schema': [401, 401, 403, 200, 200, 403],
  'get /api/v1/policies/versions': [401, 401, 403, 200, 200, 403],
  'post /api/v1/policies/versions/{id}/rollback': [401, 401, 403, 404, 404, 403],
  'get /api/v1/mcp-servers': [401, 401, 403, 200, 200, 403],
  'get /api/v1/mcp-servers/{id}/tools': [401, 401, 403, 404, 404, 403],
  'get /api/v1/tool-configurations': [401, 401, 403, 200, 200, 403],
  'get /api/v1/access-rules': [401, 401, 403, 200, 200, 403],
  'get /api/v1/reviews': [401, 401, 403, 200, 200, 403],
  'post /api/v1/auth/token': [415, 415, 415, 415, 415, 415],
  'post /api/v1/auth/refresh': [415, 415, 415, 415, 415, 415],
  'post /api/v1/auth/session': [415, 415, 415, 415, 415, 415],
  'get /api/v1/auth/session': [401, 401, 403, 200, 200, 403],
  'delete /api/v1/auth/session': [401, 401, 403, 403, 403, 403],
  'post /api/v1/auth/register': [403, 403, 403, 403, 403, 403],
  'post /api/v1/auth/links/first': [401, 401, 403, 201, 403, 403],
  'post /api/v1/auth/links/look': [415, 415, 415, 415, 415, 415],
  'post /api/v1/auth/links/use': [415, 415, 415, 415, 415, 415],
  'put /api/v1/auth/password': [401, 401, 403, 403, 403, 403],
  'get /api/v1/auth/sessions': [401, 401, 403, 403, 403, 403],
  'delete /api/v1/auth/sessions/{id}': [401, 401, 403, 403, 403, 403],
  'get /api/v1/accounts': [401, 401, 403, 200, 403, 403],
  'post /api/v1/accounts/invitations': [401, 401, 403, 415, 403, 403],
  'post /api/v1/accounts/{id}/password-link': [401, 401, 403, 404, 403, 403],
  'put /api/v1/accounts/{id}': [401, 401, 403, 404, 403, 403],
  'post /api/v1/webhooks/github': [401, 401, 401, 401, 401, 401],
  'get /approval/{id}': [404, 404, 404, 404, 404, 404],
  'post /approval/{id}': [415, 415, 415, 415, 415, 415],
  'get /openapi.json': [200, 200, 200, 200, 200, 200],
  'get /docs': [200, 200, 200, 200, 200, 200],
}

t.test('every route is served to whom it names and to nobody else', async t => {
  let now = Date.now()
  const { url } = await controller(t, { now: () => now })
  const description = JSON.parse((await send(url, '/openapi.json')).body)
  const wrong = answerChecker(description)
  const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(Object(methods)).map(method => `${method} ${path}`),
  )
  t.strictSame(routes.sort(), Object.keys(access).sort(), 'the table above is complete')
  const callers = [undefined, 'not-a-token-of-this-controller', proxy, admin, keys.ana, keys.bot]
  for (const [route, expected] of Object.entries(access)) {
    const [method = '', path = ''] = route.split(' ')
    const answers = []
    for (const token of callers) {
      now += 60_000
      const sent = { method: method.toUpperCase(), ...(token !== undefined && { token }) }
      const answer = await send(url, path, sent)
      answers.push(answer.status)
      t.equal(wrong({ method, path }, answer), null)
    }
    t.strictSame(answers, expected, route)
  }
})

t.test('every route that people call says what an account needs for it', async t => {
  const { url } = shared
  const { paths } = JSON.parse((await send(url, '/openapi.json')).body)
  const routes: [string, { 'x-roles': string | string[]; 'x-permission'?: string }][] =
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(Object(methods)).map(([method, route]) => [
        `${method} ${path}`,
        Object(route),
      ]),
    )
  const forPeople = routes.filter(
    ([, { 'x-roles': roles }]) => roles.includes('admin') && !roles.includes('account'),
  )
  t.ok(forPeople.length > 40)
  const silent = forPeople.filter(
    ([, route]) => !permissions.some(p => p === route['x-permission']),
  )
  t.strictSame(
    silent.map(([name]) => name),
    [],
  )
  const used = new Set(routes.map(([, route]) => route['x-permission']))
  t.strictSame(
    permissions.filter(name => !used.has(name)),
    [],
    'and no permission is for nothing',
  )
})

t.test('a refusal says what is wrong and nothing else', async t => {
  const { url } = shared
  const anonymous = await send(url, '/api/v1/status')
  t.match(anonymous.type, /^application\/problem\+json/)
  t.strictSame(JSON.parse(anonymous.body), {
    type: 'about:blank',
    title: 'Not authenticated',
    status: 401,
    detail: 'A bearer token of this controller is needed.',
  })
  t.match(await send(url, '/api/v1/nothing', { token: admin }), { status: 404 })
  t.match(await send(url, '/api/v1/status', { method: 'DELETE', token: admin }), { status: 404 })
  const scheme = { headers: { authorization: `Basic ${admin}` } }
  t.match(await send(url, '/api/v1/status', scheme), { status: 401 })
})

t.test('a page in a browser cannot reach it under another name', async t => {
  const { url } = shared
  const ask = async (headers: Record<string, string>) =>
    (await send(url, '/healthz', { headers })).status
  t.equal(await ask({ host: 'evil.example' }), 421)
  t.equal(await ask({ host: '127.0.0.1.evil.example:7400' }), 421)
  t.equal(await ask({ host: ':7400' }), 421)
  t.equal(await ask({ host: 'localhost:1234' }), 200)
  t.equal(await ask({ host: '[::1]:1234' }), 200)
  t.equal(await ask({ origin: 'https://evil.example' }), 403)
  t.equal(await ask({ origin: 'null' }), 403)
  t.equal(await ask({ origin: 'http://localhost:7400' }), 200)
})

t.test('it is known by the names it was given', async t => {
  t.strictSame(
    hostNames('fd00::7', ['Writ.Example', '10.0.0.7:7400', 'not a name']),
    new Set(['localhost', '127.0.0.1', '[::1]', '[fd00::7]', 'writ.example', '10.0.0.7']),
  )
  t.strictSame(hostNames('0.0.0.0', ['[::]']), new Set(['localhost', '127.0.0.1', '[::1]']))
})

t.test('entries come in once, whole, and within bounds', async t => {
  const { url } = shared
  const post = async (body: string | Buffer, headers: Record<string, string> = ndjson) => {
    const answer = await send(url, '/api/v1/records', {
      method: 'POST',
      token: proxy,
      headers,
      body,
    })
    return [answer.status, Object(JSON.parse(answer.body)).code ?? JSON.parse(answer.body).stored]
  }
  t.strictSame(await post(lines(3)), [200, 3])
  t.strictSame(await post(lines(5)), [200, 2])
  t.strictSame(await post(''), [200, 0])
  t.strictSame(await post('{"proxy":"proxy-a","seq":6}\n'), [422, 'entry_malformed'])
  t.strictSame(await post(line('proxy-a', 5, entry({ call: 'another' }))), [
    409,
    'sequence_conflict',
  ])
  t.strictSame(await post(Buffer.from([0xff, 0x0a])), [400, undefined])
  t.strictSame(await post(lines(1), json), [415, undefined])
  t.strictSame(await post(lines(1), { ...ndjson, 'content-encoding': 'gzip' }), [415, undefined])
  t.strictSame(await post('x'.repeat(9 * 1024 * 1024)), [413, undefined])
})

t.test('a report is read strictly and only for the proxy it is of', async t => {
  const { url } = shared
  const report = {
    proxy: 'proxy-a',
    version: '1',
    startedAt: '2026-11-21T09:00:00Z',
    enforced: { default: 'sha256:old' },
    rejected: [{ namespace: 'default', digest: 'sha256:new', error: 'rollback' }],
    upstreams: [{ namespace: 'default', name: 'files', state: 'failed', error: 'no route' }],
    journal: { seq: 9, shipped: 4 },
  }
  const put = async (body: unknown, id = 'proxy-a') => {
    const sent = { method: 'PUT', token: proxy, headers: json, body: JSON.stringify(body) }
    const answer = await send(url, `/api/v1/proxies/${id}`, sent)
    return [answer.status, answer.body && JSON.parse(answer.body).detail]
  }
  t.strictSame(await put(report), [204, ''])
  const elsewhere = 'The report is of another proxy than the address.'
  t.strictSame(await put(report, 'proxy-b'), [400, elsewhere])
  t.strictSame(await put({ ...report, proxy: '../x' }, '..%2Fx'), [400, elsewhere])
  t.strictSame(await put({ ...report, extra: 1 }), [
    400,
    'the value must NOT have additional properties',
  ])
  t.strictSame(await put({ ...report, startedAt: 'now' }), [
    400,
    '/startedAt must match format "date-time"',
  ])
  t.strictSame(await put({ ...report, journal: { seq: -1, shipped: 0 } }), [
    400,
    '/journal/seq must be >= 0',
  ])
  const { proxies } = JSON.parse((await send(url, '/api/v1/proxies', { token: admin })).body)
  t.strictSame(
    proxies.map(Object).map(({ report }: { report: unknown }) => report),
    [report],
  )
  const status = JSON.parse((await send(url, '/api/v1/status', { token: admin })).body)
  t.match(status, {
    version: '0.0.0-test',
    store: 'embedded',
    source: { state: 'in_force', files: 1 },
    namespaces: [{ namespace: 'default', enforcedBy: 0, connected: 1 }],
    proxies: [
      {
        id: 'proxy-a',
        connected: true,
        current: false,
        rejected: report.rejected,
        upstreams: [{ name: 'files', state: 'failed', error: 'no route' }],
        journal: { seq: 9, shipped: 4, lag: 5, missing: 0 },
      },
    ],
  })
  const metrics = (await send(url, '/metrics', { token: admin })).body
  t.match(metrics, /^writ_records_waiting 5$/m)
  t.match(metrics, /^writ_proxies_current 0$/m)
})

t.test('the audit list is paged and filtered, the export is everything', async t => {
  const { url } = await controller(t)
  const most = lines(2500)
  const others = [
    line('proxy-b', 1, entry({ tool: 'rm', action: 'deny', time: '2026-11-20T09:00:00Z' })),
    line('proxy-b', 4, entry({ tool: 'rm', phase: 'outcome', status: 'failed' })),
  ].join('')
  for (const body of [most, others]) {
    await send(url, '/api/v1/records', { method: 'POST', token: proxy, headers: ndjson, body })
  }
  const get = async (path: string) => (await send(url, path, { token: admin })).body
  const calls = (body: string) => JSON.parse(body).entries.map(({ seq }: { seq: number }) => seq)
  const page = await get('/api/v1/audit?proxy=proxy-a&limit=2')
  t.strictSame(calls(page), [2500, 2499])
  const { next } = JSON.parse(page)
  t.strictSame(calls(await get(`/api/v1/audit?proxy=proxy-a&limit=2&after=${next}`)), [2498, 2497])
  t.strictSame(calls(await get('/api/v1/audit?tool=rm&order=oldest')), [1, 4])
  t.strictSame(calls(await get('/api/v1/audit?tool=rm&status=failed&phase=outcome')), [4])
  t.strictSame(calls(await get('/api/v1/audit?action=deny&until=2026-11-21T00:00:00Z')), [1])
  t.equal(
    await get('/api/v1/audit/export?form=entries&proxy=proxy-a'),
    most,
    'byte for byte, in order',
  )
  t.equal((await get('/api/v1/audit/export?form=entries')).split('\n').length - 1, 2502)
  const { ledger } = JSON.parse(await get('/api/v1/status'))
  t.strictSame(ledger, { records: 2502, missing: 2, gaps: [{ proxy: 'proxy-b', from: 2, to: 3 }] })
})

t.test(
  'a question that is not understood is refused, for a filter not heeded shows too much',
  async t => {
    const { url } = shared
    const detail = async (query: string) => {
      const answer = await send(url, `/api/v1/audit?${query}`, { token: admin })
      return `${answer.status} ${JSON.parse(answer.body).detail}`
    }
    t.match(await detail('tol=x'), /^400 tol is no filter; there are proxy, phase, .* after\.$/)
    t.match(await detail('toString=x'), /^400 toString is no filter/)
    t.match(await detail('__proto__=x'), /^400 __proto__ is no filter/)
    t.equal(await detail('tool=a&tool=b'), '400 tool is given more than once.')
    t.equal(await detail('limit=0'), '400 limit is a number from 1 to 1000.')
    t.equal(await detail('limit=1001'), '400 limit is a number from 1 to 1000.')
    t.equal(await detail('order=random'), '400 order is newest or oldest.')
    t.equal(await detail('after=x'), '400 after is the `next` of an earlier answer.')
    t.equal(await detail('since=noon'), '400 since is an instant such as 2026-11-21T09:00:00Z.')
  },
)

t.test('the stream tells what is in force, and on return only what is new', async t => {
  const { w, url } = shared
  const events = async function* (headers: Record<string, string>) {
    const signal = AbortSignal.timeout(20_000)
    const authorization = `Bearer ${proxy}`
    const answer = await fetch(new URL('/api/v1/tables/stream', url), {
      headers: { authorization, ...headers },
      signal,
    })
    yield* readEvents(answer.body!)
  }
  const identity = { type: 'identity', id: '', data: '{"namespace":null}' }
  const stream = events({})
  t.strictSame((await stream.next()).value, identity)
  const { value: first } = await stream.next()
  const release = JSON.parse(first!.data)
  t.match(first, { type: 'release', id: String(release.sequence) })
  t.strictSame(Object.keys(release).sort(), [
    ...['digest', 'keyId', 'namespace', 'publishedAt', 'sequence', 'signature'],
  ])
  const resumed = events({ 'last-event-id': first!.id })
  t.strictSame((await resumed.next()).value, identity)
  const nothing = Promise.race([resumed.next(), sleep(300, 'nothing')])
  t.equal(await nothing, 'nothing', 'it has been told already')
  w.write('a.yaml', policy('p', '{ action: deny }'))
  const { value: second } = await stream.next()
  t.ok(JSON.parse(second!.data).sequence > release.sequence)
  await stream.return(undefined)
})

t.test('tokens that do not tell people and proxies apart are refused at the start', async t => {
  const w = await world(t)
  const start = (admin: string, proxy: string) => w.startController({ tokens: { admin, proxy } })
  await t.rejects(start('short', proxy), { code: 'tokens_unusable' })
  await t.rejects(start('', proxy), { code: 'tokens_unusable' })
  await t.rejects(start(proxy, proxy), { code: 'tokens_unusable' })
})

t.test('an address that is taken is a failure that says so', async t => {
  const { w, url } = shared
  const port = Number(url.port)
  const other = await world(t)
  await t.rejects(other.startController({ port }), { code: 'EADDRINUSE' })
  await t.rejects(w.startController(), { code: 'data_in_use' })
})
