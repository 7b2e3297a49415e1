import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type OpenSecrets, openSecrets } from '../../secrets/open-secrets.ts'
import { secretsSettings } from '../../secrets/secrets-setting.ts'
import { type Bao, furnish, reviewer, startBao } from './bao.ts'
import { type Exchange, questions } from './questions.ts'

// Run by hand: BAO=/path/to/bao npx tap tests/vault/openbao.ts --disable-coverage
// With RECORD=1 it writes what the server answered into vault-contract.json, which `npm test` plays back.
const program = process.env.BAO ?? 'bao'
const contractFile = join(import.meta.dirname, '../secrets/vault-contract.json')
const github = { name: 'github', key: 'token' }

async function open(t: Test, address: string, env: Record<string, string>): Promise<OpenSecrets> {
  const warnings: string[] = []
  const opened = await openSecrets(secretsSettings(`vault:${address}`), {
    dataFolder: '/nowhere',
    env: { WRIT_VAULT_CACHE: '0s', ...env },
    now: Date.now,
    log: { warn: (_, message) => warnings.push(message) },
  })
  const stop = new AbortController()
  const running = opened.services.map(service => service.run(stop.signal))
  t.teardown(async () => {
    stop.abort()
    await Promise.all(running)
    await opened.close()
  })
  return opened
}

function fileWith(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-vault-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'file')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** What differs every time becomes a word. */
function steady(value: unknown, words: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map(item => steady(item, words))
  if (typeof value === 'string') {
    if (words.has(value)) return words.get(value)
    return /^\d{4}-\d\d-\d\dT/.test(value) ? '2026-11-21T12:00:00Z' : value
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (/^(request_id|accessor|service_account_uid|entity_id|id)$/.test(name)) return [name, name]
      if (/^(creation_time|ttl)$/.test(name)) return [name, member === 0 ? 0 : 3600]
      if (name === 'client_token' && typeof member === 'string' && !words.has(member)) {
        return [name, 'token-of-kubernetes']
      }
      return [name, steady(member, words)]
    }),
  )
}

async function record(bao: Bao, reader: string, jwt: string): Promise<readonly Exchange[]> {
  const tokens = { root: bao.root, reader, stranger: `s.${randomUUID()}` }
  const words = new Map(Object.entries(tokens).map(([name, token]) => [token, `token-of-${name}`]))
  const exchanges: Exchange[] = []
  for (const question of questions) {
    const { method, path, token, namespace, body } = question
    const sent =
      body && 'jwt' in body ? { ...body, jwt: body.jwt === 'genuine' ? jwt : 'e30.e30.e30' } : body
    const { status, body: answer } = await bao.ask(method, path, sent, {
      token: token === undefined ? '' : tokens[token],
      ...(namespace && { namespace }),
    })
    exchanges.push({ ...question, status, answer: steady(answer, words) })
  }
  return exchanges
}

t.test('a real server answers as the contract says', async t => {
  const bao = await startBao(t, program)
  const account = await reviewer(t)
  const reader = await furnish(bao, account)
  const exchanges = await record(bao, reader, account.jwt)
  if (process.env.RECORD) writeFileSync(contractFile, `${JSON.stringify(exchanges, null, 2)}\n`)
  t.strictSame(exchanges, JSON.parse(readFileSync(contractFile, 'utf8')))
})

t.test('secrets are read with a token, and what is not there is null', async t => {
  const bao = await startBao(t, program)
  const reader = await furnish(bao, await reviewer(t))
  const env = { WRIT_VAULT_TOKEN: reader }
  const { look } = await open(t, `${bao.url}/secret/writ`, env)
  t.equal(await look('default', github), 'ghp_value')
  t.equal(await look('default', { ...github, key: 'other' }), null)
  t.equal(await look('default', { ...github, name: 'gone' }), null)
  t.equal(await look('other', github).catch(error => error.code), null)
  await t.rejects(look('default', { ...github, key: 'count' }), { code: 'value_unusable' })
  const elsewhere = await open(t, `${bao.url}/secret/private`, env)
  await t.rejects(elsewhere.look('default', github), { code: 'vault_refused' })
  const team = await open(t, `${bao.url}/secret/writ`, {
    WRIT_VAULT_TOKEN: bao.root,
    WRIT_VAULT_NAMESPACE: 'team',
  })
  t.equal(await team.look('default', github), 'of the team')
})

t.test(
  'a token is renewed as long as it lives, and a service account logs in again after that',
  async t => {
    const bao = await startBao(t, program)
    const account = await reviewer(t)
    await furnish(bao, account)
    const { look } = await open(t, `${bao.url}/secret/writ`, {
      WRIT_VAULT_ROLE: 'writ',
      WRIT_VAULT_JWT_FILE: fileWith(t, account.jwt),
    })
    const found = []
    for (let i = 0; i < 12; i += 1) {
      found.push(await look('default', github))
      await after(1000)
    }
    t.strictSame(
      found,
      Array(12).fill('ghp_value'),
      'twelve seconds with tokens of two, five at most',
    )
  },
)

t.test('a periodic token that is only renewed lives on', async t => {
  const bao = await startBao(t, program)
  await furnish(bao, await reviewer(t))
  const made = await bao.ask('POST', 'auth/token/create', { policies: ['writ'], period: '2s' })
  const { look } = await open(t, `${bao.url}/secret/writ`, {
    WRIT_VAULT_TOKEN_FILE: fileWith(t, `${made.body.auth.client_token}\n`),
  })
  for (let i = 0; i < 5; i += 1) {
    t.equal(await look('default', github), 'ghp_value')
    await after(1000)
  }
})

t.test('a token that was revoked is replaced by logging in', async t => {
  const bao = await startBao(t, program)
  const account = await reviewer(t)
  await furnish(bao, account)
  await bao.ask('POST', 'auth/kubernetes/role/writ', {
    bound_service_account_names: ['proxy'],
    bound_service_account_namespaces: ['writ'],
    token_policies: ['writ'],
    token_ttl: '1h',
  })
  const { look } = await open(t, `${bao.url}/secret/writ`, {
    WRIT_VAULT_ROLE: 'writ',
    WRIT_VAULT_JWT_FILE: fileWith(t, account.jwt),
  })
  t.equal(await look('default', github), 'ghp_value')
  await bao.ask('POST', 'sys/leases/revoke-prefix/auth/kubernetes/login')
  t.equal(await look('default', github), 'ghp_value')
})

t.test('a server that is gone is told, and never waited for long', async t => {
  const bao = await startBao(t, program)
  const reader = await furnish(bao, await reviewer(t))
  const { look } = await open(t, `${bao.url}/secret/writ`, { WRIT_VAULT_TOKEN: reader })
  t.equal(await look('default', github), 'ghp_value')
  await bao.stop()
  t.equal(await look('default', github), 'ghp_value', 'what was read a moment ago still counts')
  await t.rejects(look('default', { ...github, name: 'new' }), { code: 'vault_unreachable' })
})

t.test('with TLS, only the authority that was given is believed', async t => {
  const bao = await startBao(t, program, ['-dev-tls'])
  const env = { WRIT_VAULT_TOKEN: bao.root }
  const distrusting = await open(t, bao.url, env)
  await t.rejects(distrusting.look('default', github), { code: 'vault_unreachable' })
  const caFile = join(bao.folder, 'vault-ca.pem')
  const { look } = await open(t, bao.url, { ...env, WRIT_VAULT_CA_FILE: caFile })
  t.equal(await look('default', github), null)
})
