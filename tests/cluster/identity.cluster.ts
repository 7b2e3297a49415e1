import { createHash, createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { openSecrets } from '../../secrets/open-secrets.ts'
import {
  call,
  modelPolicy,
  type PolicyWorld,
  policyWorld,
  scripted,
  until,
} from './policy-world.ts'
import { dataFolder, launched, startController, tokens, type WritProcess } from './writ-process.ts'

const teams = ['team-a', 'team-b'] as const

const keyOf = (namespace: string) => `key-of-the-clerk-of-${namespace}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A team whose clerk may ask the parrot. */
async function team({ put }: PolicyWorld, namespace: string): Promise<void> {
  const apiKeys = [{ name: 'laptop', sha256: sha256(keyOf(namespace)) }]
  await put('Agent', namespace, 'clerk', { kind: 'test', apiKeys })
  await put('Agent', namespace, 'careful', { serviceAccounts: ['somebody-else'] })
  await put('ModelProvider', namespace, 'trial', scripted)
  await put('AccessPolicy', namespace, 'guard', modelPolicy({ name: 'go', action: 'allow' }))
}

/** Makes a pod; nothing runs it, as there are no nodes. */
async function pod({ api }: PolicyWorld, namespace: string, name: string): Promise<void> {
  const spec = { containers: [{ name: 'agent', image: 'example.com/agent' }] }
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
  const { status, body } = await api.ask('POST', `/api/v1/namespaces/${namespace}/pods`, object)
  if (status !== 201) throw new Error(JSON.stringify(body))
}

/** A token as the kubelet gets it for a pod, or whatever the arguments of `kubectl create token` make. */
async function tokenFor(
  { api }: PolicyWorld,
  namespace: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await api.kubectl([
    ...['create', 'token', 'default', '-n', namespace],
    ...args,
  ])
  if (code !== 0) throw new Error(stderr)
  return stdout.trim()
}

const bound = (name: string) => ['--bound-object-kind', 'Pod', '--bound-object-name', name]
const forWrit = ['--audience', 'writ']

/** Runs a proxy as the sidecar of a pod, with the token in a file. */
async function sidecar(
  t: Test,
  controller: URL,
  token: string,
  args: readonly string[] = [],
): Promise<WritProcess & { readonly tokenFile: string }> {
  const data = dataFolder(t)
  const tokenFile = join(dataFolder(t), 'token')
  writeFileSync(tokenFile, token)
  const where = ['--controller', controller.href, '--port', '0', '--data', data]
  const said = ['proxy', ...where, '--token-file', tokenFile, ...args]
  return Object.assign(await launched(t, said, {}, 'proxy').ready, { tokenFile })
}

const world = await policyWorld(t, teams)
for (const namespace of teams) await team(world, namespace)
await pod(world, 'team-a', 'agent-0')
await pod(world, 'team-b', 'agent-0')
const controller = await startController(t, world.api.admin)
const good = await tokenFor(world, 'team-a', [...forWrit, ...bound('agent-0')])
const other = await tokenFor(world, 'team-b', [...forWrit, ...bound('agent-0')])

/** The status that a request to the controller gets. */
async function status(token: string, path = '/api/v1/key'): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(new URL(path, controller.url), { headers })
  await answer.text()
  return answer.status
}

async function admin(path: string) {
  const headers = { authorization: `Bearer ${tokens.admin}` }
  return Object(await (await fetch(new URL(path, controller.url), { headers })).json())
}

await until(async () => (await admin('/api/v1/tables')).inForce.length >= 2)

t.test('a sidecar gets the table of its namespace and no other', async t => {
  const [a, b] = [await sidecar(t, controller.url, good), await sidecar(t, controller.url, other)]
  await until(async () => (await call(a, 'parrot', keyOf('team-a'))) === 200)
  await until(async () => (await call(b, 'parrot', keyOf('team-b'))) === 200)
  t.equal(await call(a, 'parrot', keyOf('team-b')), 401)
  t.equal(await call(b, 'parrot', keyOf('team-a')), 401)
  const digests = async (): Promise<Readonly<Record<string, string>>> => {
    const { inForce } = await admin('/api/v1/tables')
    return Object.fromEntries(
      inForce.map((one: Record<string, string>) => [one.namespace, one.digest]),
    )
  }
  const enforced = async (): Promise<readonly object[]> => {
    const { proxies } = await admin('/api/v1/proxies')
    return proxies
      .map(({ report }: { report: { enforced: object } }) => report.enforced)
      .sort((one: object) => ('team-a' in one ? -1 : 1))
  }
  // What somebody wrote a moment ago may still be on its way.
  await until(async () => {
    const now = await digests()
    const each = teams.map(name => ({ [name]: now[name] }))
    return isDeepStrictEqual(await enforced(), each)
  })
  const { 'team-a': own = '', 'team-b': foreign = '' } = await digests()
  t.equal(await status(good, `/api/v1/tables/${own}`), 200)
  t.equal(await status(good, `/api/v1/tables/${foreign}`), 404)
  t.equal(await status(good, '/api/v1/tables'), 403, 'and nothing that is for people')
})

/** A token by the key of the API server, so that a test can sign what it never would. */
async function signed(claims: object): Promise<string> {
  const key = createPrivateKey(readFileSync(join(world.api.folder, 'tokens.key'), 'utf8'))
  const { alg, kid } = decodeProtectedHeader(good)
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: alg ?? '', kid: kid ?? '' }).sign(key)
}

t.test(
  'what is not the token of a pod that is there, for Writ and good now, opens nothing',
  async t => {
    const claims = decodeJwt(good)
    t.equal(await status(await signed(claims)), 200, 'whoever has the key of the API server is it')
    const [head, payload, signature] = good.split('.')
    const elsewhere = JSON.stringify(claims).replaceAll('team-a', 'team-b')
    const forged = `${head}.${Buffer.from(elsewhere).toString('base64url')}.${signature}`
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    const seconds = Math.floor(Date.now() / 1000)
    const expired = { ...claims, iat: seconds - 7200, nbf: seconds - 7200, exp: seconds - 3600 }
    await pod(world, 'team-a', 'short-lived')
    const orphan = await tokenFor(world, 'team-a', [...forWrit, ...bound('short-lived')])
    const path = '/api/v1/namespaces/team-a/pods/short-lived'
    await world.api.ask('DELETE', path, { gracePeriodSeconds: 0 })
    const gone = await status(orphan)
    await pod(world, 'team-a', 'short-lived')
    const nothing: Readonly<Record<string, string>> = {
      forged,
      unsigned,
      'signed by another key': `${head}.${payload}.${Buffer.alloc(64, 7).toString('base64url')}`,
      expired: await signed(expired),
      'not yet good': await signed({ ...claims, nbf: seconds + 3600, exp: seconds + 7200 }),
      'for the API server': await tokenFor(world, 'team-a', bound('agent-0')),
      'for another audience': await tokenFor(world, 'team-a', [
        ...['--audience', 'vault'],
        ...bound('agent-0'),
      ]),
      'of a service account without a pod': await tokenFor(world, 'team-a', forWrit),
      'of a pod that was there before another of its name': orphan,
    }
    t.equal(gone, 401, 'of a pod that was deleted')
    // Whoever fails too often hears 429 instead; a good token is let in all the same.
    for (const [what, token] of Object.entries(nothing)) {
      t.match(String(await status(token)), /^(401|429)$/, what)
    }
    const proxy = await sidecar(t, controller.url, forged)
    t.equal(
      (await fetch(new URL('/readyz', proxy.url))).status,
      503,
      'a proxy with it has no table',
    )
    t.equal(await status(good), 200)
  },
)

t.test(
  'while the API server is away a token that is not known yet is neither good nor bad',
  async t => {
    await pod(world, 'team-a', 'late')
    const unseen = await tokenFor(world, 'team-a', [...forWrit, ...bound('late')])
    await status(good)
    await world.api.restart(async () => {
      t.equal(await status(unseen), 503)
      t.equal(await status(good), 200, 'who was known a moment ago still is')
      t.equal(await status(tokens.proxy), 200)
    })
    await until(async () => (await status(unseen)) === 200)
  },
)

t.test('a token that is replaced in its file is shown from then on', async t => {
  const proxy = await sidecar(t, controller.url, `${good.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`)
  const ready = async () => (await fetch(new URL('/readyz', proxy.url))).status
  t.equal(await ready(), 503)
  writeFileSync(proxy.tokenFile, good)
  await until(async () => (await ready()) === 200)
  t.equal(await call(proxy, 'parrot', keyOf('team-a')), 200)
})

t.test(
  'without a key a container calls as the agent of its pod, if that is for its service account',
  async t => {
    const ask = async ({ url }: WritProcess, headers: Readonly<Record<string, string>> = {}) => {
      const answer = await fetch(new URL('/openai/v1/chat/completions', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'parrot', messages: [{ role: 'user', content: 'hello' }] }),
      })
      await answer.text()
      return answer.status
    }
    const clerk = await sidecar(t, controller.url, good, ['--agent', 'clerk'])
    await until(async () => (await ask(clerk)) === 200)
    t.equal(await ask(clerk, { authorization: 'Bearer a-guess' }), 401, 'with a key the key speaks')
    await until(async () => {
      const { entries } = await admin('/api/v1/audit?apiKey=pod:default').catch(() => ({}))
      return (entries ?? []).length > 0
    })
    const careful = await sidecar(t, controller.url, good, ['--agent', 'careful'])
    await until(async () => (await fetch(new URL('/readyz', careful.url))).status === 200)
    t.equal(await ask(careful), 401)
    t.equal(await ask(careful, { authorization: `Bearer ${keyOf('team-a')}` }), 200)
  },
)

t.test('a Secret is read by its name, where the service account may', async t => {
  const { api } = world
  const secret = (name: string, data: object) =>
    api.ask('POST', '/api/v1/namespaces/team-a/secrets', {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data },
    })
  await secret('slack', { token: 'xoxb-of-team-a' })
  await secret('database', { password: 'not for Writ' })
  const may = ['--verb=get', '--resource=secrets', '--resource-name=slack', '-n', 'team-a']
  await api.kubectl(['create', 'role', 'writ-secrets', ...may])
  const who = ['--role=writ-secrets', '--serviceaccount=writ-system:default', '-n', 'team-a']
  await api.kubectl(['create', 'rolebinding', 'writ-secrets', ...who])
  const kubeconfig = api.bearer(await tokenFor(world, 'writ-system', []))
  const log = { warn: () => undefined }
  const needs = { dataFolder: dataFolder(t), env: {}, now: Date.now, log, kubeconfig }
  const { look } = await openSecrets([{ kind: 'kubernetes' }], needs)
  t.equal(await look('team-a', { name: 'slack', key: 'token' }), 'xoxb-of-team-a')
  t.equal(await look('team-a', { name: 'slack', key: 'missing' }), null)
  await t.rejects(look('team-a', { name: 'database', key: 'password' }), {
    code: 'kubernetes_refused',
    message: /resourceNames \["database"\], verbs \["get"\]/,
  })
  await t.rejects(look('team-b', { name: 'slack', key: 'token' }), { code: 'kubernetes_refused' })
})

t.test('a stream ends with the pod whose token opened it', async t => {
  await pod(world, 'team-a', 'ends')
  const token = await tokenFor(world, 'team-a', [...forWrit, ...bound('ends')])
  const answer = await fetch(new URL('/api/v1/tables/stream', controller.url), {
    headers: { authorization: `Bearer ${token}` },
  })
  t.equal(answer.status, 200)
  await world.api.ask('DELETE', '/api/v1/namespaces/team-a/pods/ends', { gracePeriodSeconds: 0 })
  await t.rejects(answer.text())
})
