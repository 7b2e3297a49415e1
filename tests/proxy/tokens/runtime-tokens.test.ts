import { createHmac, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { load } from '../../../policy/decide/load.ts'
import type { ControllerKey } from '../../../proxy/table/controller-key.ts'
import { RuntimeTokens } from '../../../proxy/tokens/runtime-tokens.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const now = Date.parse('2026-11-21T12:00:00Z')
const seconds = now / 1000
const id = 'rtk-0123456789abcdef'

function tableWith(...names: readonly string[]) {
  const text = names
    .map(
      name => `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: ${name} }
spec: { kind: robot, labels: { of: "${name}" }, apiKeys: [{ name: own, sha256: ${hash('sha256', name)} }] }`,
    )
    .join('\n---')
  const compiled = compile([{ path: 'a.yaml', text }])
  return load(compiled.tables?.get('default')?.json ?? '')
}

interface World {
  table: ReturnType<typeof tableWith> | null
  revoked: ReadonlySet<string> | null
  key: ControllerKey | null
  now: number
}

function world(some: Partial<World> = {}) {
  const state: World = {
    table: tableWith('bot', 'other'),
    revoked: new Set(),
    key: { id: 'k', key: publicKey },
    now,
    ...some,
  }
  const tokens = new RuntimeTokens({
    tables: { current: namespace => (namespace === 'default' ? state.table : null) },
    key: () => state.key,
    revoked: () => state.revoked,
    now: () => state.now,
  })
  const whose = async (token: string) => {
    await tokens.learn(token)
    return tokens.caller(hash('sha256', token), state.now)
  }
  return { state, tokens, whose }
}

const claims = { namespace: 'default', agent: 'bot', apiKey: `token:${id}` }
const header = { alg: 'EdDSA', typ: 'writ-runtime+jwt', kid: 'k' }

interface Minted {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly registered?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: KeyObject | Uint8Array
}

function mint(some: Minted = {}): Promise<string> {
  const payload = {
    ...{ iss: 'writ', aud: 'writ-proxy', iat: seconds, exp: seconds + 60, jti: id },
    ...claims,
    ...some.claims,
    ...some.registered,
  }
  const wanted = Object.entries(payload).filter(([, value]) => value !== undefined)
  return new SignJWT(Object.fromEntries(wanted))
    .setProtectedHeader({ ...header, ...some.header } as { alg: string })
    .sign(some.key ?? privateKey)
}

t.test('a genuine token stands for its agent, with itself as the only key', async t => {
  const token = await mint({ claims: { session: 'run 7' } })
  const { whose, state } = world()
  const agent = state.table?.table.agents.find(({ name }) => name === 'bot')
  const expires = new Date(now + 60_000).toISOString()
  t.strictSame(await whose(token), {
    namespace: 'default',
    agent: {
      ...agent,
      apiKeys: [{ name: `token:${id}`, sha256: hash('sha256', token), expires }],
    },
    apiKey: `token:${id}`,
    table: state.table?.digest,
    session: 'run 7',
  })
})

t.test('a token that was seen costs a look into a map', async t => {
  const token = await mint()
  const { tokens, whose, state } = world()
  const first = await whose(token)
  t.not(first, null)
  t.equal(tokens.learn(token), null, 'nothing to wait for')
  t.equal(tokens.caller(hash('sha256', token), state.now), first, 'the very same caller')
})

t.test(
  'what is not a token of the pinned controller, for proxies, in its time, is nobody',
  async t => {
    const { privateKey: foreign } = generateKeyPairSync('ed25519')
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    const [, payload = '', signature = ''] = (await mint()).split('.')
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const hmac = (start: string) => createHmac('sha256', spki).update(start).digest('base64url')
    const hs256 = `${encoded({ ...header, alg: 'HS256' })}.${payload}`
    const wrong: Record<string, string> = {
      'signed by another key': await mint({ key: foreign }),
      'without a signature': `${encoded({ ...header, alg: 'none' })}.${payload}.`,
      'signed with the public key as a secret': `${hs256}.${hmac(hs256)}`,
      'of another algorithm': await mint({ header: { alg: 'HS256' }, key: spki }),
      'of another type': await mint({ header: { typ: 'JWT' } }),
      'of another issuer': await mint({ registered: { iss: 'somebody' } }),
      'for another audience': await mint({ registered: { aud: 'writ-controller' } }),
      expired: await mint({ registered: { exp: seconds } }),
      'without an end': await mint({ registered: { exp: undefined } }),
      'without an id': await mint({ registered: { jti: undefined } }),
      'not yet good': await mint({ registered: { nbf: seconds + 30 } }),
      'without an agent': await mint({ claims: { agent: undefined } }),
      'of an agent that is no text': await mint({ claims: { agent: ['bot'] } }),
      'of a session that is no text': await mint({ claims: { session: 7 } }),
      'with the name of another key': await mint({ claims: { apiKey: 'own' } }),
      'of an unknown agent': await mint({ claims: { agent: 'stranger' } }),
      'of a namespace without a table': await mint({ claims: { namespace: 'elsewhere' } }),
      changed: `${encoded(header)}.${encoded({ ...claims, agent: 'other' })}.${signature}`,
      'cut off': (await mint()).slice(0, -3),
      'no token': 'eyJ',
    }
    for (const [what, token] of Object.entries(wrong)) {
      t.equal(await world().whose(token), null, what)
    }
    t.not(await world().whose(await mint()), null, 'and the one that is genuine is')
  },
)

t.test('a token that expires, is revoked, or loses its agent is void from then on', async t => {
  const token = await mint()

  await t.test('it expires', async t => {
    const { state, whose, tokens } = world()
    t.not(await whose(token), null)
    state.now = now + 59_999
    t.not(await whose(token), null)
    state.now = now + 60_000
    t.equal(await whose(token), null)
    t.strictSame(tokens.expired(state.now), new Set(['default']))
    t.strictSame(tokens.expired(state.now), new Set())
  })

  await t.test('it is revoked', async t => {
    const { state, whose } = world()
    t.not(await whose(token), null)
    state.revoked = new Set(['rtk-ffffffffffffffff'])
    t.not(await whose(token), null)
    state.revoked = new Set([id])
    t.equal(await whose(token), null)
  })

  await t.test('its agent is removed, and comes back changed', async t => {
    const { state, whose } = world()
    t.not(await whose(token), null)
    state.table = tableWith('other')
    t.equal(await whose(token), null)
    state.table = null
    t.equal(await whose(token), null)
    state.table = tableWith('bot')
    t.match(await whose(token), { agent: { name: 'bot' } })
  })
})

t.test('no token is good where no list of revoked ones was heard, or no key is known', async t => {
  const token = await mint()
  const deaf = world({ revoked: null })
  t.equal(await deaf.whose(token), null)
  deaf.state.revoked = new Set()
  t.not(await deaf.whose(token), null)
  const keyless = world({ key: null })
  t.equal(keyless.tokens.learn(token), null)
  t.equal(await keyless.whose(token), null)
})

t.test('the same token shown twice at once is verified once', async t => {
  const { tokens } = world()
  const token = await mint()
  t.equal(tokens.learn(token), tokens.learn(token))
})
