import { createHash, createPublicKey } from 'node:crypto'
import { jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { tokens as access, until, world } from './world.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

const policies = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], apiKeys: [{ name: k, sha256: ${hash('key-of-ana')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: { apiKeys: [{ name: k, sha256: ${hash('key-of-ben')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: eve, namespace: other }
spec: { roles: [owner], apiKeys: [{ name: k, sha256: ${hash('key-of-eve')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { apiKeys: [{ name: k, sha256: ${hash('key-of-bot')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot, namespace: other }
spec: {}
`

/** A controller with owners ana and eve, ben who is none, and two agents named bot. */
async function running(t: Test, some: { now?: () => number } = {}) {
  const here = await world(t)
  here.write('all.yaml', policies)
  const { url } = await here.startController(some)
  const send = async (method: string, path: string, key: string, body?: unknown) => {
    const answer = await fetch(new URL(`/api/v1/runtime-tokens${path}`, url), {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
  await until(
    async () =>
      Object(await (await here.get(url, '/api/v1/status')).json()).source.state === 'in_force',
  )
  return { url, send, get: (path: string) => here.get(url, path) }
}

const shared = await running(t)
let now = Date.parse('2026-11-21T12:00:00.400Z')
const clocked = await running(t, { now: () => now })

t.test('owners make tokens for agents that are in force; nobody else does', async t => {
  const { send } = shared
  const ask = async (key: string, some: object = {}) => {
    const { status, body } = await send('POST', '', key, { agent: 'bot', ttlSeconds: 60, ...some })
    return [status, body.code ?? body.agent]
  }
  t.strictSame(await ask(access.admin), [201, 'bot'])
  t.strictSame(await ask('key-of-ana'), [201, 'bot'])
  t.strictSame(await ask('key-of-ben'), [403, 'not_an_owner'])
  t.strictSame(await ask('key-of-eve'), [403, 'not_an_owner'], 'she owns another namespace')
  t.strictSame(await ask('key-of-eve', { namespace: 'other' }), [201, 'bot'])
  t.strictSame((await ask('key-of-bot'))[0], 403)
  t.strictSame((await ask(access.proxy))[0], 403)
  t.strictSame((await ask('nobody'))[0], 401)
  t.strictSame(await ask(access.admin, { agent: 'stranger' }), [404, 'unknown_agent'])
  t.strictSame(await ask(access.admin, { namespace: 'nowhere' }), [404, 'unknown_agent'])
  for (const wrong of [
    { ttlSeconds: 0 },
    { ttlSeconds: 86_401 },
    { ttlSeconds: 1.5 },
    { agent: '' },
    { session: '' },
    { more: true },
  ]) {
    t.equal((await ask(access.admin, wrong))[0], 400, JSON.stringify(wrong))
  }
})

t.test('a token opens nothing at the controller, whoever it stands for', async t => {
  const { send } = shared
  const { token } = (await send('POST', '', access.admin, { agent: 'bot', ttlSeconds: 60 })).body
  t.equal((await send('GET', '', token)).status, 401)
  t.equal((await send('POST', '', token, { agent: 'bot', ttlSeconds: 60 })).status, 401)
})

t.test('a token says who signed it, for whom, and until when', async t => {
  const { send, get } = clocked
  const wanted = { agent: 'bot', ttlSeconds: 90, session: 'run 7' }
  const { token, ...made } = (await send('POST', '', 'key-of-ana', wanted)).body
  const { keyId, publicKey } = Object(await (await get('/api/v1/key')).json())
  const key = createPublicKey({
    key: Buffer.from(publicKey, 'base64'),
    format: 'der',
    type: 'spki',
  })
  const { payload, protectedHeader } = await jwtVerify(token, key, { currentDate: new Date(now) })
  const iat = Date.parse('2026-11-21T12:00:00Z') / 1000
  t.strictSame(protectedHeader, { alg: 'EdDSA', typ: 'writ-runtime+jwt', kid: keyId })
  t.strictSame(payload, {
    ...{ namespace: 'default', agent: 'bot', apiKey: `token:${made.id}`, session: 'run 7' },
    ...{ iss: 'writ', aud: 'writ-proxy', iat, exp: iat + 90, jti: made.id },
  })
  t.strictSame(made, {
    ...{ id: made.id, namespace: 'default', agent: 'bot', session: 'run 7' },
    createdBy: 'ana (key k of default/ana)',
    createdAt: '2026-11-21T12:00:00.000Z',
    expiresAt: '2026-11-21T12:01:30.000Z',
  })
  t.strictSame((await send('GET', '', 'key-of-ana')).body, { tokens: [made] }, 'without its text')
})

t.test('tokens are seen and revoked by those who own the namespace', async t => {
  const { send } = await running(t)
  const { id } = (await send('POST', '', 'key-of-ana', { agent: 'bot', ttlSeconds: 60 })).body
  const ids = async (key: string, query = '') =>
    (await send('GET', query, key)).body.tokens.map((token: { id: string }) => token.id)
  t.strictSame(await ids('key-of-ana'), [id])
  t.strictSame(await ids('key-of-ben'), [])
  t.strictSame(await ids('key-of-eve'), [])
  t.strictSame(await ids(access.admin, '?namespace=other'), [])
  t.equal((await send('DELETE', `/${id}`, 'key-of-eve')).status, 404)
  t.equal((await send('DELETE', `/${id}`, 'key-of-ben')).status, 404)
  t.equal((await send('DELETE', '/rtk-0000000000000000', access.admin)).status, 404)
  const before = (await send('GET', '/revocations', access.proxy)).body
  t.strictSame(before.revoked, [])
  t.equal((await send('DELETE', `/${id}`, 'key-of-ana')).status, 204)
  const after = (await send('GET', '/revocations', access.proxy)).body
  t.strictSame(after.revoked, [id])
  t.ok(after.sequence > before.sequence)
  t.equal((await send('DELETE', `/${id}`, 'key-of-ana')).status, 204)
  const again = (await send('GET', '/revocations', access.proxy)).body
  t.equal(again.sequence, after.sequence, 'once is enough')
  const [listed] = (await send('GET', '', 'key-of-ana')).body.tokens
  t.match(listed, { id, revokedBy: 'ana (key k of default/ana)' })
})

t.test('a revoked token that has expired is on no list any more', async t => {
  const { send } = clocked
  const { id } = (await send('POST', '', access.admin, { agent: 'bot', ttlSeconds: 60 })).body
  await send('DELETE', `/${id}`, access.admin)
  const revoked = async () => (await send('GET', '/revocations', access.proxy)).body.revoked
  t.strictSame(await revoked(), [id])
  now += 60_000
  t.strictSame(await revoked(), [])
})
