import t from 'tap'
import { boundedFetch } from '../../../proxy/mcp/upstream/oauth/bounded-fetch.ts'
import { loginFiles } from '../../../proxy/mcp/upstream/oauth/login-files.ts'
import { oauthServer } from '../../../proxy/mcp/upstream/oauth/oauth-server.ts'
import { isSafe } from '../../../proxy/mcp/upstream/oauth/safe-url.ts'
import { json, listen } from './oauth-servers.ts'
import { clientOf, oauthWorld, personLogsIn, read, reported, secrets } from './oauth-world.ts'
import { allowAll, toolServer, world } from './world.ts'

t.test('a token is not sent to another address that the same ToolServer has later', async t => {
  const { logIn, logins, spec } = await oauthWorld(t)
  await logIn()
  const other = await oauthWorld(t)
  const moved = { ...spec(), url: other.guarded.url }
  const made = await world(t, [allowAll, toolServer('guarded', moved)], { logins, secrets })
  await reported(made, /^failed nobody has logged in/)
  t.strictSame(other.guarded.presented, [])
})

t.test('a redirect of the server to somewhere else is not followed', async t => {
  const { logIn, proxy, guarded } = await oauthWorld(t)
  await logIn()
  const heard: string[] = []
  const elsewhere = await listen(t, ({ url = '' }, response) => {
    heard.push(url)
    response.end()
  })
  guarded.first = ({ url }, response) => {
    if (url === '/mcp') response.writeHead(307, { location: `${elsewhere}/mcp` }).end()
    return url === '/mcp'
  }
  const made = await proxy()
  await reported(made, /^failed the server answered 307/)
  t.strictSame(heard, [])
})

t.test('what one authorization server gave is not shown to another', async t => {
  const { logIn, proxy, authority, guarded } = await oauthWorld(t)
  await logIn()
  const made = await proxy()
  await made.connected()
  const other = await oauthWorld(t)
  guarded.authorities = [other.authority.url]
  authority.valid.clear()
  t.match(
    await read(await clientOf(made)),
    /another authorization server now: run `writ servers login guarded`/,
  )
  t.strictSame(other.authority.asked, [])
  t.equal(authority.count('refresh_token'), 0)
})

t.test('only the authorization server that the policy names is asked', async t => {
  const { logIn, authority, guarded } = await oauthWorld(t)
  const other = await oauthWorld(t)
  guarded.authorities = [other.authority.url, authority.url]
  const login = await logIn({ issuer: authority.url })
  t.equal(login.issuer, authority.url)
  await t.rejects(logIn({ issuer: 'https://auth.example' }), {
    code: 'unauthorized',
    message: 'the server names another authorization server than auth.issuer',
  })
  t.strictSame(other.authority.asked, [])
})

t.test('a login is refused when', async t => {
  t.test('the server says that it is another server', async t => {
    const { logIn, guarded, authority } = await oauthWorld(t)
    guarded.resource = { resource: 'https://bank.example/mcp' }
    await t.rejects(logIn(), { message: 'the server says that it is another server' })
    t.strictSame(authority.asked, [])
  })

  t.test('the authorization server does not know PKCE', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.metadata = { code_challenge_methods_supported: undefined }
    await t.rejects(logIn(), { message: /does not say that it knows PKCE/ })
    t.strictSame(authority.asked, [])
  })

  t.test('the page to log in at would be opened without TLS', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.metadata = { authorization_endpoint: 'http://auth.example/authorize' }
    await t.rejects(logIn(), { message: /it must be https/ })
  })

  t.test('secrets would have to travel without TLS', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.metadata = { registration_endpoint: 'http://169.254.169.254/' }
    await t.rejects(logIn(), {
      message: 'Writ may not ask http://169.254.169.254 about authorization',
    })
    authority.metadata = { token_endpoint: 'http://169.254.169.254/' }
    await t.rejects(logIn(), { message: 'the authorization server wants secrets without TLS' })
  })

  t.test('the answer comes from another authorization server', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.onAuthorize = { iss: 'https://evil.example', error: 'evil' }
    await t.rejects(logIn(), { message: /from another authorization server than the one/ })
    t.equal(authority.count('authorization_code'), 0)
  })

  t.test('the person says no', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.onAuthorize = { code: null, error: 'access_denied' }
    await t.rejects(logIn(), { message: 'the authorization server answered access_denied' })
    authority.onAuthorize = { code: null, error: '\u001b[31mhush' }
    await t.rejects(logIn(), { message: 'the authorization server answered an unknown error' })
  })

  t.test('what is given is no bearer token', async t => {
    const { logIn, authority } = await oauthWorld(t)
    authority.onToken = () => [200, { access_token: 'x y', token_type: 'Bearer' }]
    await t.rejects(logIn(), { message: 'the authorization server gave no bearer token' })
  })
})

t.test('an answer that is not of this login is not heard', async t => {
  const { logins, spec } = await oauthWorld(t)
  const login = await personLogsIn(logins, spec(), async page => {
    const back = page.searchParams.get('redirect_uri') ?? ''
    const forged = [
      `${back}?code=evil&state=${'x'.repeat(43)}`,
      `${back}?code=evil`,
      back.replace('/callback', `/else?state=${page.searchParams.get('state')}`),
    ]
    for (const url of forged) t.equal((await fetch(url)).status, 400)
    const post = await fetch(`${back}?state=${page.searchParams.get('state')}`, { method: 'POST' })
    t.equal(post.status, 400)
    await fetch(page)
  })
  t.equal(login.accessToken, 'access-hush-2')
})

t.test('a ToolServer is refused that would send a secret where it does not belong', async t => {
  const server = (url: string, auth: object = {}) =>
    oauthServer('default', { name: 'x', spec: { url, auth: { type: 'oauth', ...auth } } }, secrets)
  await t.rejects(server('http://mcp.example/mcp'), {
    code: 'unauthorized',
    message: 'its address must begin with https:// for OAuth',
  })
  const secretRef = { name: 'x', key: 'token' }
  await t.rejects(server('https://mcp.example/mcp', { secretRef }), {
    code: 'unauthorized',
    message: 'auth has the secret of a client and no clientId',
  })
  t.match(await server('https://mcp.example/mcp', { secretRef, clientId: 'writ' }), {
    clientSecret: 'client-hush',
  })
})

t.test('a fetch is bounded', async t => {
  const url = await listen(t, (asking, response) => {
    if (asking.url === '/large') json(response, 200, { large: 'x'.repeat(300_000) })
    else response.writeHead(302, { location: '/large' }).end()
  })
  const server = new URL(url)
  const fetch = boundedFetch(server, new Set([server.origin]))
  await t.rejects(fetch(`${url}/large`), { code: 'unauthorized', message: /too large/ })
  t.equal((await fetch(`${url}/away`)).status, 302)
  await t.rejects(fetch('https://elsewhere.example/'), { code: 'unauthorized' })
  await t.rejects(fetch(url.replace('127.0.0.1', 'localhost')), { code: 'unauthorized' })
  const gone = boundedFetch(server, new Set(['http://127.0.0.1:1']))
  await t.rejects(gone('http://127.0.0.1:1/'), { code: 'upstream_unreachable' })
})

t.test('secrets travel by https, or within this machine to servers that are here', async t => {
  const remote = 'https://mcp.example/mcp'
  const local = 'http://127.0.0.1:8000/mcp'
  const verdicts = [
    ['https://auth.example/token', remote, true],
    ['https://auth.example/token', local, true],
    ['http://auth.example/token', remote, false],
    ['http://localhost:9000/token', local, true],
    ['http://[::1]:9000/token', local, true],
    ['http://localhost:9000/token', remote, false],
    ['https://127.0.0.1/token', remote, false],
    ['http://localhost.evil.example/token', local, false],
    ['https://ana:pw@auth.example/token', remote, false],
    ['file:///etc/passwd', local, false],
    ['http://mcp.example/mcp', 'http://mcp.example/mcp', false],
  ] as const
  t.strictSame(
    verdicts.map(([url, server]) => [url, server, isSafe(new URL(url), new URL(server))]),
    verdicts,
  )
})

t.test('a file that is no login is none, and a name that is no name is no file', async t => {
  const folder = t.testdir({
    default: { 'torn.json': '{"server":', 'odd.json': '{"server":1}', 'list.json': '[]' },
  })
  const logins = loginFiles(folder)
  for (const name of ['torn', 'odd', 'list', 'missing']) {
    t.equal(await logins.read('default', name), null)
  }
  await t.rejects(logins.read('..', 'torn'), TypeError)
  await t.rejects(logins.read('default', '../default/torn'), TypeError)
})
