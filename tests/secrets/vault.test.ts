import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Secrets } from '../../secrets/secrets.ts'
import { vaultApi } from '../../secrets/vault/vault-api.ts'
import { vaultSecrets } from '../../secrets/vault/vault-secrets.ts'
import { type VaultSession, vaultSession } from '../../secrets/vault/vault-session.ts'
import { vaultSettings } from '../../secrets/vault/vault-settings.ts'
import { until } from '../controller/world.ts'
import { type ContractServer, contractServer, recorded } from './contract-server.ts'

interface World {
  readonly server: ContractServer
  readonly look: Secrets
  readonly session: VaultSession
  readonly warned: string[]
  readonly clock: { now: number }
}

async function world(t: Test, env: Record<string, string>, path = '/secret/writ'): Promise<World> {
  const server = await contractServer(t)
  const settings = vaultSettings(`${server.url}${path}`, env)
  const clock = { now: Date.parse('2026-11-21T12:00:00Z') }
  const now = () => clock.now
  const warned: string[] = []
  const log = { warn: (_: object, message: string) => void warned.push(message) }
  const api = vaultApi(settings, null)
  t.teardown(api.close)
  const session = vaultSession({ api, login: settings.login, now, log })
  return { server, session, warned, clock, look: vaultSecrets(settings, { api, session, now }) }
}

function file(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-vault-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const reader = { WRIT_VAULT_TOKEN: 'token-of-reader' }
const github = { name: 'github', key: 'token' }
const secretPath = 'secret/data/writ/default/github'

t.test('a reference is a field of a secret below its namespace', async t => {
  const { look } = await world(t, reader)
  t.equal(await look('default', github), 'ghp_value')
  t.equal(await look('default', { ...github, key: 'nothing' }), null)
  t.equal(await look('default', { ...github, key: 'toString' }), null)
  t.equal(await look('default', { ...github, name: 'nothing' }), null)
  t.equal(await look('default', { ...github, name: 'gone' }), null, 'it was deleted')
  await t.rejects(look('default', { ...github, key: 'count' }), { code: 'value_unusable' })
})

t.test('names that are steps out of the path are not there, and nobody is asked', async t => {
  const { look, server } = await world(t, reader)
  for (const [namespace, name] of [
    ['..', 'github'],
    ['default', '../../private/default/github'],
    ['default/x', 'github'],
    ['default', 'a?b'],
    ['default', ''],
  ] as const) {
    t.equal(await look(namespace, { name, key: 'token' }), null)
  }
  t.strictSame(server.asked, [])
})

t.test(
  'what the vault refuses is a failure that says where, and never a value of before',
  async t => {
    const private_ = await world(t, reader, '/secret/private')
    await t.rejects(private_.look('default', github), {
      code: 'vault_refused',
      message: 'the vault answered 403: secret/data/private/default/github cannot be read',
    })
    const stranger = await world(t, { WRIT_VAULT_TOKEN: 'token-of-stranger' })
    await t.rejects(stranger.look('default', github), { code: 'vault_refused' })
    const nowhere = await world(t, { WRIT_VAULT_TOKEN: 'token-of-root' }, '/nowhere/writ')
    await t.rejects(nowhere.look('default', github), { code: 'vault_refused' })

    const { look, server, clock } = await world(t, reader)
    t.equal(await look('default', github), 'ghp_value')
    clock.now += 61_000
    server.instead = asked => (asked.includes(secretPath) ? recorded('not allowed') : undefined)
    await t.rejects(look('default', github), { code: 'vault_refused' })
    server.instead = () => ({ status: 503, answer: { errors: ['Vault is sealed'] } })
    await t.rejects(look('default', github), { code: 'vault_unreachable' })
  },
)

t.test('a namespace of the vault goes with every question', async t => {
  const { look } = await world(t, {
    WRIT_VAULT_TOKEN: 'token-of-root',
    WRIT_VAULT_NAMESPACE: 'team',
  })
  const asked = await look('default', github).catch(error => error.code)
  t.equal(asked, 'vault_unreachable', 'looking the token up in the namespace was never recorded')
  const known = await world(t, { WRIT_VAULT_TOKEN: 'token-of-root', WRIT_VAULT_NAMESPACE: 'team' })
  known.server.instead = question =>
    question.includes('lookup-self') ? recorded('a token for ever') : undefined
  t.equal(await known.look('default', github), 'of the team')
})

t.test(
  'an answer is used for as long as it is fresh, and for a while when nobody answers',
  async t => {
    const { look, server, clock } = await world(t, reader)
    const reads = () => server.asked.filter(asked => asked.includes(secretPath)).length
    const found = await Promise.all([1, 2, 3].map(() => look('default', github)))
    t.strictSame(found, ['ghp_value', 'ghp_value', 'ghp_value'])
    t.equal(reads(), 1, 'one question for three who ask at once')
    clock.now += 59_999
    await look('default', github)
    t.equal(reads(), 1)
    clock.now += 1
    await look('default', github)
    t.equal(reads(), 2)
    server.close()
    clock.now += 9 * 60_000
    t.equal(await look('default', github), 'ghp_value')
    await t.rejects(look('default', { ...github, name: 'gone' }), { code: 'vault_unreachable' })
    clock.now += 60_000
    await t.rejects(look('default', github), { code: 'vault_unreachable' })
  },
)

t.test('a service account logs in once, and again when its token was refused', async t => {
  const env = { WRIT_VAULT_ROLE: 'writ', WRIT_VAULT_JWT_FILE: file(t, 'genuine\n') }
  const { look, server } = await world(t, env)
  const value = recorded('a secret')
  let good = 'token-of-kubernetes'
  server.instead = asked => {
    if (!asked.includes('secret/data/')) return undefined
    return asked.endsWith(` ${good}`) ? value : recorded('unknown token')
  }
  t.equal(await look('default', github), 'ghp_value')
  t.equal(await look('default', { ...github, name: 'other' }), 'ghp_value')
  const logins = () => server.asked.filter(asked => asked.includes('login')).length
  t.equal(logins(), 1)

  good = 'nobody has it'
  await t.rejects(look('default', { ...github, name: 'third' }), { code: 'vault_refused' })
  t.equal(logins(), 2, 'one more try, and no more than one')
})

t.test('a login that is refused says so, without what was sent', async t => {
  const jwtFile = file(t, 'other')
  const { look } = await world(t, { WRIT_VAULT_ROLE: 'writ', WRIT_VAULT_JWT_FILE: jwtFile })
  await t.rejects(look('default', github), {
    code: 'vault_refused',
    message: 'the vault answered 403: the role writ may not log in',
  })
  const missing = { WRIT_VAULT_ROLE: 'writ', WRIT_VAULT_JWT_FILE: `${jwtFile}.missing` }
  await t.rejects((await world(t, missing)).look('default', github), { code: 'setting_unusable' })
  const unknown = { WRIT_VAULT_ROLE: 'other', WRIT_VAULT_JWT_FILE: file(t, 'genuine') }
  await t.rejects((await world(t, unknown)).look('default', github), {
    code: 'vault_refused',
    message: 'the vault answered 400: the role other may not log in',
  })
})

t.test('the service renews a token when two thirds of its time are over', async t => {
  const { session, server, clock } = await world(t, reader)
  const stop = new AbortController()
  const running = session.run(stop.signal)
  await until(() => server.asked.length > 0)
  t.strictSame(server.asked, ['GET auth/token/lookup-self token-of-reader'])
  t.equal(await session.token(), 'token-of-reader')
  stop.abort()
  await running
  clock.now += 2_500_000
  const again = new AbortController()
  const later = session.run(again.signal)
  await until(() => server.asked.length > 1)
  t.equal(server.asked[1], 'POST auth/token/renew-self token-of-reader')
  again.abort()
  await later
})

t.test('no token for the vault is told once, and asked for again', async t => {
  const { session, server, warned } = await world(t, { WRIT_VAULT_TOKEN: 'token-of-stranger' })
  const stop = new AbortController()
  const running = session.run(stop.signal)
  await until(() => server.asked.length > 1)
  t.strictSame(warned, ['no token for the vault'])
  stop.abort()
  await running
})

t.test('settings that cannot be meant are refused, without quoting tokens', async t => {
  const wrong: readonly (readonly [string, Record<string, string>])[] = [
    ['no address', reader],
    ['ftp://vault.example.com', reader],
    ['http://vault.example.com:8200', reader],
    ['https://user:hunter2@vault.example.com', reader],
    ['https://vault.example.com/secret?x=hunter2', reader],
    ['https://vault.example.com/..%2f..', reader],
    ['https://vault.example.com', {}],
    ['https://vault.example.com', { ...reader, WRIT_VAULT_ROLE: 'writ' }],
    ['https://vault.example.com', { WRIT_VAULT_TOKEN: 'hunter2\nx: y' }],
    ['https://vault.example.com', { ...reader, WRIT_VAULT_CACHE: '2h' }],
    ['https://vault.example.com', { ...reader, WRIT_VAULT_NAMESPACE: 'a b' }],
    ['https://vault.example.com', { WRIT_VAULT_ROLE: 'writ', WRIT_VAULT_AUTH_MOUNT: '../sys' }],
  ]
  for (const [address, env] of wrong) {
    try {
      vaultSettings(address, env)
      t.fail(`accepted ${address}`)
    } catch (error) {
      t.equal(Object(error).code, 'setting_unusable', address)
      t.notMatch(String(error), 'hunter2')
    }
  }
  t.strictSame(vaultSettings('https://vault.example.com:8200', reader), {
    origin: 'https://vault.example.com:8200',
    mount: 'secret',
    prefix: [],
    login: { kind: 'token', token: 'token-of-reader' },
    freshMs: 60_000,
  })
})
