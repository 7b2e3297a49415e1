import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { linkController } from '../../../proxy/follow/controller-link.ts'
import { namespaceIn, tokenFile } from '../../../proxy/follow/controller-token.ts'
import { followTables } from '../../../proxy/follow/follow-tables.ts'
import { keepIdentity, keptIdentity, parseIdentity } from '../../../proxy/follow/identity.ts'
import { withLocalAgent } from '../../../proxy/local-agent.ts'
import { followRevocations } from '../../../proxy/tokens/follow-revocations.ts'
import {
  type PodName,
  podKey,
  pods,
  podWorld,
  tokenOf,
} from '../../controller/identity/pod-world.ts'
import { tokens, until } from '../../controller/world.ts'

const world = await podWorld(t)
const log = { info: () => undefined, warn: () => undefined }

function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-identity-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

function linkOf(
  t: Test,
  token: Parameters<typeof linkController>[1],
  url: URL | string = world.url,
) {
  const link = linkController(url, token)
  t.teardown(() => link.close())
  return link
}

/** Follows as a pod does, with what is in the folder, until the test or the caller ends it. */
async function following(t: Test, pod: PodName | string, folder: string, some: object = {}) {
  const token = Object.hasOwn(pods, pod) ? tokenOf(pod) : pod
  const controller = linkOf(t, token)
  const tables = await followTables({ controller, folder, log, ...some })
  const stop = new AbortController()
  const running = tables.run(stop.signal)
  const end = () => {
    stop.abort()
    return running
  }
  t.teardown(end)
  return Object.assign(tables, { end })
}

t.test('a proxy in a pod enforces the namespace of the pod and knows who it is', async t => {
  const tables = await following(t, 'a1', folderFor(t))
  t.equal(tables.identity(), null, 'nobody has said so yet')
  await until(() => Object.keys(tables.enforced()).length > 0)
  t.strictSame(tables.enforced(), { 'team-a': await world.table('team-a') })
  t.strictSame(tables.identity(), { namespace: 'team-a', pod: 'a1', serviceAccount: 'claude' })
})

t.test('a proxy with the token of the installation enforces every namespace', async t => {
  const tables = await following(t, tokens.proxy, folderFor(t))
  await until(() => Object.keys(tables.enforced()).length === 2)
  t.strictSame(tables.identity(), { namespace: null })
})

t.test(
  'what was kept of another namespace is dropped when the controller names this one',
  async t => {
    const folder = folderFor(t)
    const before = await following(t, 'a1', folder)
    await until(() => readdirSync(folder).some(name => name.startsWith('release-')))
    await before.end()
    const dropped: string[] = []
    const after = await following(t, 'b1', folder)
    after.subscribe(namespace => dropped.push(namespace))
    t.strictSame(Object.keys(after.enforced()), ['team-a'], 'the last good table stands until then')
    await until(() => 'team-b' in after.enforced())
    t.strictSame(Object.keys(after.enforced()), ['team-b'])
    t.equal(after.current('team-a'), null)
    t.strictSame(dropped, ['team-a', 'team-b'])
    const releases = () => readdirSync(folder).filter(name => name.startsWith('release-'))
    await until(
      () =>
        releases().length === 1 &&
        readFileSync(join(folder, releases()[0]!), 'utf8').includes('team-b'),
    )
    t.equal(readdirSync(folder).filter(name => name.startsWith('table-')).length, 1)
    await after.end()
    const alone = await followTables({
      controller: linkOf(t, 'x', 'http://127.0.0.1:1'),
      folder,
      log,
    })
    t.strictSame(Object.keys(alone.enforced()), ['team-b'])
  },
)

t.test('what was kept of another namespace than the token names is not even looked at', async t => {
  const folder = folderFor(t)
  const before = await following(t, 'a1', folder)
  await until(() => readdirSync(folder).some(name => name.startsWith('release-')))
  await before.end()
  const controller = linkOf(t, 'x', 'http://127.0.0.1:1')
  const moved = await followTables({ controller, folder, log, expected: 'team-b' })
  t.strictSame(moved.enforced(), {})
  t.equal(moved.identity(), null)
  const stayed = await followTables({ controller, folder, log, expected: 'team-a' })
  t.strictSame(Object.keys(stayed.enforced()), ['team-a'])
  t.match(stayed.identity(), { namespace: 'team-a' })
})

t.test('a release of another namespace than the controller named is refused', async t => {
  const folder = folderFor(t)
  const before = await following(t, tokens.proxy, folder)
  await until(() => readdirSync(folder).filter(name => name.startsWith('release-')).length === 2)
  await before.end()
  await keepIdentity(folder, { namespace: 'team-b', pod: 'b1', serviceAccount: 'claude' })
  const controller = linkOf(t, 'x', 'http://127.0.0.1:1')
  const tables = await followTables({ controller, folder, log })
  t.strictSame(Object.keys(tables.enforced()), ['team-b'])
})

t.test('an identity is read strictly', async t => {
  const whole = { namespace: 'team-a', pod: 'a-0.x', serviceAccount: 'claude' }
  t.strictSame(parseIdentity(JSON.stringify({ ...whole, more: 1 })), whole)
  t.strictSame(parseIdentity('{"namespace":null}'), { namespace: null })
  for (const text of [
    'x',
    '{}',
    '[]',
    '{"namespace":""}',
    '{"namespace":"team-a"}',
    JSON.stringify({ ...whole, namespace: '../..' }),
    JSON.stringify({ ...whole, serviceAccount: 7 }),
  ]) {
    t.throws(() => parseIdentity(text), { code: 'identity_malformed' }, text)
  }
  const folder = t.testdir({ 'identity.json': 'torn' })
  t.equal(await keptIdentity(folder), null)
})

t.test('the token is the one that is in the file now', async t => {
  const folder = folderFor(t)
  const path = join(folder, 'token')
  writeFileSync(path, `${tokenOf('a1')}\n`)
  const link = linkOf(t, tokenFile(path))
  const isKnown = async () => {
    try {
      await (await link.send('/api/v1/key')).body.dump()
      return true
    } catch {
      return false
    }
  }
  t.ok(await isKnown())
  const next = tokenOf('a1-after-an-hour')
  world.known.set(next, pods.a1)
  writeFileSync(path, next)
  world.known.delete(tokenOf('a1'))
  await until(isKnown)
  world.known.set(tokenOf('a1'), pods.a1)
})

t.test('a file without a token is a failure that says so, and never what is in it', async t => {
  const folder = t.testdir({ empty: '\n', words: 'two words', binary: '\0\u0001' })
  mkdirSync(join(folder, 'folder'))
  for (const name of ['missing', 'folder', 'empty', 'words', 'binary']) {
    await t.rejects(tokenFile(join(folder, name))(), {
      code: 'token_unreadable',
      message: new RegExp(`^((?!two words).)*${name}`),
    })
  }
  let now = 0
  const path = join(folder, 'words')
  const token = tokenFile(path, () => now)
  writeFileSync(path, 'one')
  t.equal(await token(), 'one')
  rmSync(path)
  t.equal(await token(), 'one', 'for a moment, while the file is replaced')
  now = 1000
  await t.rejects(token(), { code: 'token_unreadable' })
})

t.test('a service account token names its namespace', async t => {
  const payload = (claims: object) =>
    `e.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`
  t.equal(namespaceIn(payload({ sub: 'system:serviceaccount:team-a:claude' })), 'team-a')
  for (const text of ['secret', 'a.b.c', payload({}), payload({ sub: 'ana' }), payload([])]) {
    t.equal(namespaceIn(text), null, text)
  }
})

t.test('without a key the containers of a pod call as its agent', async t => {
  const folder = folderFor(t)
  const tables = await following(t, 'a1', folder)
  const intern = await following(t, 'a3', folderFor(t))
  const shared = await following(t, tokens.proxy, folderFor(t))
  for (const one of [tables, intern]) await until(() => 'team-a' in one.enforced())
  await until(() => Object.keys(shared.enforced()).length === 2)
  const local = (of: typeof tables, agent: string) =>
    withLocalAgent({ tables: of, agent, identity: () => of.identity() })
  const hash = podKey('team-a', 'careful')
  const claude = local(tables, 'careful')
  t.match(claude.local?.(), {
    keyHash: hash,
    caller: {
      namespace: 'team-a',
      apiKey: 'pod:claude',
      agent: { name: 'careful', apiKeys: [{ name: 'pod:claude', sha256: hash }] },
    },
  })
  t.match(claude.caller(hash, Date.now()), { apiKey: 'pod:claude' })
  t.equal(local(tables, 'stranger').local?.(), null, 'no such agent is in force')
  t.equal(local(intern, 'careful').local?.(), null, 'it is for pods of another service account')
  t.match(local(intern, 'bot').local?.(), { caller: { apiKey: 'pod:intern' } })
  t.equal(local(shared, 'bot').local?.(), null, 'this is no pod')
  t.equal(tables.caller(hash, Date.now()), null, 'without being told which agent nobody is')
  world.inner.write(
    'a.yaml',
    'apiVersion: writ.dev/v1alpha1\nkind: Agent\nmetadata: { name: bot, namespace: team-a }\nspec: {}\n',
  )
  await until(() => claude.local?.() === null)
  t.equal(claude.caller(hash, Date.now()), null, 'the agent is gone')
})

t.test('a list of revoked tokens of another namespace lets no token in', async t => {
  const folder = folderFor(t)
  let scope: string | null | undefined = 'team-a'
  const controller = linkOf(t, tokenOf('a1'))
  const revocations = await followRevocations({ controller, folder, scope: () => scope, log })
  const stop = new AbortController()
  const running = revocations.run(stop.signal)
  t.teardown(() => {
    stop.abort()
    return running
  })
  await until(() => revocations.revoked() !== null)
  scope = 'team-b'
  t.equal(revocations.revoked(), null)
  scope = null
  t.equal(revocations.revoked(), null)
  scope = undefined
  t.equal(revocations.revoked(), null)
  scope = 'team-a'
  t.strictSame(revocations.revoked(), new Set())
})
