import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import t from 'tap'
import type { ToolServerSpec } from '../../../schemas/tool-server.ts'
import { fixtureServer } from '../../conformance/fixture-2025.ts'
import { json, metadataOf } from './oauth-servers.ts'
import { clientOf, oauthWorld, personLogsIn, read, reported } from './oauth-world.ts'
import { allowAll, toolServer, world } from './world.ts'

t.test(
  'a server nobody has logged in at says which command to run, and connects after it',
  async t => {
    const { logIn, proxy, guarded } = await oauthWorld(t)
    const made = await proxy()
    await reported(made, /^failed nobody has logged in: run `writ servers login guarded`$/)
    t.strictSame(guarded.presented, [], 'nothing was asked of it')
    await logIn()
    await made.connected()
    t.equal(await read(await clientOf(made)), '{"text":"x"}')
  },
)

t.test('a login is kept in a file that only its owner can read', async t => {
  const { logIn, folder, authority, guarded } = await oauthWorld(t)
  await logIn()
  const file = join(folder, 'default', 'guarded.json')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(join(folder, 'default')).mode & 0o777, 0o700)
  const { expiresAt, ...kept } = JSON.parse(readFileSync(file, 'utf8'))
  t.ok(expiresAt > Date.now())
  t.strictSame(kept, {
    server: guarded.url,
    issuer: authority.url,
    resource: guarded.url,
    client: { id: 'client-1', method: 'none' },
    accessToken: 'access-hush-2',
    refreshToken: 'refresh-hush-2',
  })
})

t.test('a login proves itself by PKCE and says which server the tokens are for', async t => {
  const { logIn, authority, guarded } = await oauthWorld(t)
  await logIn()
  const [registered, authorize, token] = authority.asked.map(({ params }) => params)
  t.match(registered, { client_name: 'Writ', application_type: 'native' })
  t.match(authorize, {
    response_type: 'code',
    resource: guarded.url,
    code_challenge_method: 'S256',
    state: /^[\w-]{43}$/,
  })
  t.match(token, {
    grant_type: 'authorization_code',
    resource: guarded.url,
    code_verifier: /^[\w.~-]{43,}$/,
    redirect_uri: authorize?.redirect_uri,
  })
})

t.test('no secret is in what is logged, recorded or reported', async t => {
  const { logIn, proxy, authority } = await oauthWorld(t)
  await logIn()
  authority.onToken = () => [400, { error: 'invalid_grant', error_description: 'refresh-hush-2' }]
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  await read(client)
  authority.valid.clear()
  const refusal = await read(client)
  t.match(refusal, /the login has ended: run `writ servers login guarded`/)
  await reported(made, /^failed the login has ended/)
  const said = JSON.stringify([made.logged, made.journal.entries, made.reports, refusal])
  t.notMatch(said, /hush/)
})

t.test('many calls at once refresh a token once', async t => {
  const { logIn, proxy, authority, guarded, logins } = await oauthWorld(t)
  await logIn()
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  await read(client)
  authority.valid.clear()
  const answers = await Promise.all(Array.from({ length: 20 }, () => read(client)))
  t.strictSame(new Set(answers), new Set(['{"text":"x"}']))
  t.equal(guarded.calls(), 21, 'every call was carried out once')
  t.equal(authority.count('refresh_token'), 1)
  t.match(await logins.read('default', 'guarded'), {
    accessToken: 'access-hush-3',
    refreshToken: 'refresh-hush-3',
  })
})

t.test('a token is refreshed before it is sent when its time is over', async t => {
  const { logIn, proxy, authority, guarded } = await oauthWorld(t)
  authority.expiresIn = 1
  await logIn()
  authority.expiresIn = 3600
  const made = await proxy()
  await made.connected()
  t.notOk(guarded.presented.includes('Bearer access-hush-2'))
  t.equal(authority.count('refresh_token'), 1)
})

t.test('a refresh that ends the login makes the server fail, and forgets the tokens', async t => {
  const { logIn, proxy, authority, logins } = await oauthWorld(t)
  await logIn()
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  authority.onToken = () => [400, { error: 'invalid_grant' }]
  authority.valid.clear()
  t.match(await read(client), /the login has ended/)
  await reported(made, /^failed the login has ended: run `writ servers login guarded`$/)
  t.equal(await logins.read('default', 'guarded'), null)
  authority.onToken = () => null
  await logIn()
  await made.connected()
})

t.test('a refresh that fails for another reason keeps the login', async t => {
  const { logIn, proxy, authority, logins } = await oauthWorld(t)
  await logIn()
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  authority.onToken = () => [503, { error: 'temporarily_unavailable' }]
  authority.valid.clear()
  t.match(await read(client), /the authorization server answered temporarily_unavailable/)
  t.match(await read(client), /the authorization server answered temporarily_unavailable/)
  t.equal(authority.count('refresh_token'), 1, 'it is left alone for a while')
  t.match(await logins.read('default', 'guarded'), { refreshToken: 'refresh-hush-2' })
})

t.test('a server that takes no token is asked a bounded number of times', async t => {
  const { logIn, proxy, authority, guarded } = await oauthWorld(t)
  await logIn()
  const made = await proxy()
  await made.connected()
  const client = await clientOf(made)
  const before = guarded.presented.length
  guarded.first = ({ url }, response) => {
    if (url !== '/mcp') return false
    guarded.presented.push('refused')
    response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    return true
  }
  t.match(await read(client), /does not take the token that was given for it/)
  await reported(made, /^failed the server does not take the token/)
  t.equal(authority.count('refresh_token'), 2)
  t.ok(guarded.presented.length - before < 10)
})

t.test('a server that says nothing of itself is its own authorization server', async t => {
  const { logins, guarded, authority } = await oauthWorld(t)
  const { origin } = new URL(guarded.url)
  authority.onAuthorize = { iss: origin }
  guarded.first = ({ url }, response) => {
    if (url === '/.well-known/oauth-authorization-server') {
      json(response, 200, { ...metadataOf(authority), issuer: origin })
    } else if (url?.startsWith('/.well-known')) json(response, 404, {})
    return url?.startsWith('/.well-known') === true
  }
  const spec: ToolServerSpec = { url: `${guarded.url}?key=hush`, auth: { type: 'oauth' } }
  t.match(await personLogsIn(logins, spec), { issuer: origin, resource: guarded.url })
  t.notMatch(JSON.stringify(authority.asked), 'key=hush')
})

t.test('a server of the old SSE transport gets the token with every request', async t => {
  const { logins, guarded, authority } = await oauthWorld(t)
  const transports = new Map<string, SSEServerTransport>()
  guarded.first = (asking, response) => {
    const { pathname, searchParams } = new URL(asking.url ?? '', guarded.url)
    if (pathname.startsWith('/.well-known')) return false
    const token = asking.headers.authorization?.replace('Bearer ', '') ?? ''
    if (!authority.valid.has(token)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    } else if (asking.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response)
      transports.set(transport.sessionId, transport)
      void fixtureServer().connect(transport)
    } else {
      const transport = transports.get(searchParams.get('sessionId') ?? '')
      void transport?.handlePostMessage(asking, response)
    }
    return true
  }
  const spec = { url: guarded.url, transport: 'sse', auth: { type: 'oauth' } } as const
  await personLogsIn(logins, spec)
  const made = await world(t, [allowAll, toolServer('guarded', spec)], { logins })
  await made.connected()
  const { result } = await (await clientOf(made)).call('test_simple_text')
  t.match(result, { content: [{ type: 'text' }] })
})

t.test('a proxy without servers that want OAuth loads nothing of it', async t => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import(process.argv[1])
    console.log(JSON.stringify(loaded))`
  const proxy = join(import.meta.dirname, '../../../proxy/proxy.ts')
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', script, proxy],
    { env },
  )
  const loaded: string[] = JSON.parse(stdout)
  t.ok(loaded.some(url => url.endsWith('/upstream/connect.ts')))
  t.strictSame(
    loaded.filter(url => url.includes('@modelcontextprotocol')),
    [],
  )
})
