import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { ForgeFailure } from '../../../controller/forge/failure.ts'
import { forgeWorld, signal } from './forge-world.ts'

async function failureOf(work: Promise<unknown>): Promise<ForgeFailure> {
  const failure = await work.then(
    () => null,
    error => error,
  )
  if (failure instanceof ForgeFailure) return failure
  throw new Error('that should have failed', { cause: failure })
}

t.test('what may pass is tried again', async t => {
  const { hub, forge, ana, repo } = await forgeWorld(t)
  await forge.repository(signal)
  hub.ask(repo, ana)
  const asked = hub.requests.length
  hub.trouble({ status: 502, times: 2 })
  t.match(await forge.thread(1, signal), { number: 1 })
  t.strictSame(hub.requests.slice(asked), Array(3).fill('GET /repos/acme/policies/issues/1'))
  hub.trouble({ status: 403, headers: { 'retry-after': '0' }, message: 'secondary rate limit' })
  t.match(await forge.thread(1, signal), { number: 1 })
})

t.test('a reply that may have been written is not written again', async t => {
  const { hub, forge, ana, repo } = await forgeWorld(t)
  const issue = hub.ask(repo, ana)
  hub.trouble({ status: 502, when: /^POST .*comments/ })
  t.match(await failureOf(forge.reply(1, 'hello', signal)), { code: 'unavailable' })
  hub.trouble({ status: 429, headers: { 'retry-after': '0' }, when: /^POST .*comments/ })
  await forge.reply(1, 'again', signal)
  t.match(hub.comments(issue), [{ body: 'again' }])
})

t.test('GitHub is left alone as long as it wants', async t => {
  const { hub, tokenForge } = await forgeWorld(t)
  const told = async (trouble: Parameters<typeof hub.trouble>[0]) => {
    const asked = hub.requests.length
    hub.trouble(trouble)
    const { code, message, waitMs } = await failureOf(tokenForge.repository(signal))
    return { code, message, waitMs, asked: hub.requests.length - asked }
  }
  const headers = { 'retry-after': '90' }
  t.strictSame(await told({ status: 429, message: 'Slow down', headers }), {
    ...{ code: 'rate_limited', message: 'GitHub answered 429: Slow down', waitMs: 90_000 },
    asked: 1,
  })
  const spent = {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 600),
  }
  const primary = await told({ status: 403, message: 'API rate limit exceeded', headers: spent })
  t.match(primary, { code: 'rate_limited', asked: 1 })
  t.ok((primary.waitMs ?? 0) > 500_000 && (primary.waitMs ?? 0) <= 600_000)
  t.match(await told({ status: 403, message: 'You have exceeded a secondary rate limit.' }), {
    ...{ code: 'rate_limited', waitMs: 60_000, asked: 1 },
  })
})

t.test('what will not pass is told at once', async t => {
  const { hub, tokenForge, forge, open, byToken, secrets } = await forgeWorld(t)
  for (const [status, code] of [
    ...([
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [404, 'not_found'],
      [410, 'not_found'],
    ] as const),
    ...([
      [409, 'refused'],
      [422, 'refused'],
    ] as const),
  ] as const) {
    const asked = hub.requests.length
    hub.trouble({ status, message: 'No' })
    t.match(await failureOf(tokenForge.repository(signal)), {
      ...{ code, message: `GitHub answered ${status}: No`, waitMs: null },
    })
    t.equal(hub.requests.length, asked + 1)
  }
  const elsewhere = open({ ...byToken, repository: 'acme/nothing' })
  t.match(await failureOf(elsewhere.repository(signal)), { code: 'not_found' })
  secrets.delete('token')
  t.match(await failureOf(tokenForge.repository(signal)), {
    code: 'misconfigured',
    message: 'the secret github, key token, is not there in namespace default',
  })
  secrets.set('app', 'not a key')
  t.match(await failureOf(forge.repository(signal)), { code: 'misconfigured' })
  t.match(await failureOf(open({}).repository(signal)), { code: 'misconfigured' })
})

t.test('new credentials count at once', async t => {
  const { hub, ana, secrets, tokenForge } = await forgeWorld(t)
  const old = secrets.get('token') ?? ''
  t.match(await tokenForge.self(signal), { login: 'cleo' })
  hub.revoke(old)
  t.match(await failureOf(tokenForge.self(signal)), { code: 'unauthorized' })
  secrets.set('token', `${hub.token(ana)}\n`)
  t.match(await tokenForge.self(signal), { login: 'ana' })
})

t.test('a token of an app is asked for once', async t => {
  const { hub, forge } = await forgeWorld(t)
  await Promise.all([forge.repository(signal), forge.repository(signal)])
  await forge.repository(signal)
  const minted = hub.requests.filter(request => request.startsWith('POST'))
  t.equal(minted.length, 1)
})

t.test('credentials go nowhere in the clear, and to nobody else', async t => {
  const { hub, ana, repo, open, byToken } = await forgeWorld(t)
  const heard = await listener(t)
  const plain = open({ ...byToken, apiUrl: 'http://github.example.com/api/v3' })
  t.match(await failureOf(plain.repository(signal)), {
    ...{ code: 'misconfigured', message: 'credentials are sent to a forge by https only' },
  })
  const nowhere = open({ ...byToken, apiUrl: 'https://[' })
  t.match(await failureOf(nowhere.repository(signal)), { code: 'misconfigured' })
  const forge = open(byToken)
  hub.ask(repo, ana)
  hub.trouble({ status: 302, headers: { location: heard.url } })
  t.match(await failureOf(forge.thread(1, signal)), { code: 'moved' })
  hub.rename(repo, 'new-name')
  t.match(await failureOf(forge.thread(1, signal)), { code: 'moved' })
  hub.trouble({
    ...{ status: 200, headers: { link: `<${heard.url}?page=2>; rel="next"` } },
    ...{ body: [], when: /pulls/ },
  })
  t.match(await failureOf(forge.openChanges('main', signal)), {
    ...{ code: 'malformed', message: 'GitHub named an address elsewhere' },
  })
  t.strictSame(heard.requests, [])
})

t.test('an answer that is none', async t => {
  const { hub, tokenForge } = await forgeWorld(t)
  const things = {
    ...{ 'a repository': () => tokenForge.repository(signal) },
    ...{ 'an account': () => tokenForge.self(signal) },
    ...{ 'a pull request': () => tokenForge.change(1, signal) },
    ...{ 'an issue': () => tokenForge.thread(1, signal) },
  }
  for (const [what, ask] of Object.entries(things)) {
    hub.trouble({ status: 200, body: { id: 0 } })
    const message = `GitHub answered what is not ${what}`
    t.match(await failureOf(ask()), { code: 'malformed', message })
  }
  hub.trouble({ status: 200, body: [{ id: 1 }], when: /issues.comments/ })
  t.match(await failureOf(tokenForge.commentsSince(new Date(), signal)), {
    message: 'GitHub answered what is not a comment',
  })
  hub.trouble({ status: 200, body: 'nonsense' })
  t.match(await failureOf(tokenForge.openChanges('main', signal)), { code: 'malformed' })
  hub.trouble({ status: 200, body: { text: 'x'.repeat(17 * 1024 * 1024) } })
  t.match(await failureOf(tokenForge.repository(signal)), { code: 'malformed' })
})

t.test(
  'one that does not answer is waited for no longer than the limit, or the signal',
  async t => {
    const silent = createServer(() => undefined)
    await new Promise<void>(done => silent.listen(0, '127.0.0.1', done))
    t.teardown(() => silent.closeAllConnections())
    t.teardown(() => silent.close())
    const { open, byToken } = await forgeWorld(t)
    const apiUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const late = await failureOf(open({ ...byToken, apiUrl }, 50).repository(signal))
    t.match(late, { code: 'timed_out', message: 'GitHub took too long' })
    const stop = new AbortController()
    const asking = open({ ...byToken, apiUrl }).repository(stop.signal)
    stop.abort(new Error('enough'))
    await t.rejects(asking, { message: 'enough' })
    silent.closeAllConnections()
    silent.close()
    const minutes = [2, 1, 0]
    // A minute later there is no time for another try.
    const hurried = open({ ...byToken, apiUrl }, 30_000, () => (minutes.pop() ?? 3) * 60_000)
    t.match(await failureOf(hurried.repository(signal)), { code: 'unreachable' })
  },
)

t.test('no failure holds a credential', async t => {
  const { hub, secrets, open, byToken, byApp } = await forgeWorld(t)
  const token = secrets.get('token') ?? ''
  const key = secrets.get('app') ?? ''
  const lines = key.split('\n').filter(line => line.length > 32)
  const failures: unknown[] = []
  const provoke = async (trouble: Parameters<typeof hub.trouble>[0] | null, place = byToken) => {
    if (trouble !== null) hub.trouble({ ...trouble, times: 10 })
    const forge = open(place as typeof byToken, 200)
    failures.push(await failureOf(forge.repository(signal)))
    hub.calm()
  }
  for (const status of [302, 401, 403, 404, 422, 429, 500]) {
    await provoke({ status, message: `you sent ${token}, ${key} with it` })
    await provoke({ status, message: `you sent ${token}` }, byApp as never)
  }
  await provoke({ status: 200, body: `nonsense ${token}` })
  secrets.set('app', `${key.slice(0, 200)}broken`)
  await provoke(null, byApp as never)
  const told = inspect(failures, { depth: 20 })
  for (const secret of [token, ...lines]) t.notMatch(told, secret)
  t.match(told, /you sent …/)
})

async function listener(t: Test) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.end('{}')
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.teardown(() => server.close())
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
