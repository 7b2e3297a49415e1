import t, { type Test } from 'tap'
import { policyText, type TestRepository, testRepository } from '../controller/git/repositories.ts'
import { type PolicyWorld, policyWorld, until } from './policy-world.ts'
import { startController, tokens, type WritProcess } from './writ-process.ts'

const system = 'writ-system'

/** A cluster, a bare repository with one policy, and a source that brings it into `team-a`. */
async function sourced(t: Test, some: object = {}) {
  const world = await policyWorld(t, ['team-a'])
  const repository = await testRepository(t)
  await repository.commit({
    'policies/guard.yaml': policyText('read_file', 'guard'),
    'README.md': 'Ours.',
  })
  const controller = await startController(t, world.api.admin)
  const spec = { url: repository.url, path: 'policies', targetNamespace: 'team-a', ...some }
  await world.put('PolicySource', system, 'main', spec)
  return { world, repository, controller, look: () => look(world) }
}

/** Has the source looked at now instead of at the end of its interval. */
let asked = 0
async function look({ api }: PolicyWorld): Promise<void> {
  asked += 1
  const args = ['-n', system, 'annotate', '--overwrite', 'policysource/main']
  const { code, stderr } = await api.kubectl([...args, `writ.dev/look-at=${asked}`])
  if (code !== 0) throw new Error(stderr)
}

/** Status, reason and message of a condition of the source. */
async function condition({ condition }: PolicyWorld, type: string): Promise<string> {
  const { status, reason } = (await condition('PolicySource', system, 'main', type)) ?? {}
  return `${status} ${reason}`
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at objects as they are
async function object({ get }: PolicyWorld, kind: string, name: string): Promise<any> {
  return get(kind, kind === 'PolicySource' ? system : 'team-a', name)
}

async function applied(world: PolicyWorld, commit: string): Promise<void> {
  await until(
    async () => (await object(world, 'PolicySource', 'main'))?.status?.source?.commit === commit,
  )
  await until(async () => (await condition(world, 'Synced')) === 'True Applied')
}

/** The tool that the table in force of `team-a` names. */
async function toolInForce({ url }: WritProcess): Promise<string> {
  const headers = { authorization: `Bearer ${tokens.admin}` }
  const get = async (path: string) => (await fetch(new URL(path, url), { headers })).json()
  const { inForce } = Object(await get('/api/v1/tables'))
  const release = inForce.find((one: { namespace: string }) => one.namespace === 'team-a')
  if (release === undefined) return ''
  const { policies = [] } = Object(await get(`/api/v1/tables/${release.digest}`))
  return policies.map((one: { tools: { match: string }[] }) => one.tools[0]?.match).join()
}

async function head(repository: TestRepository): Promise<string> {
  return (await repository.git('rev-parse', 'HEAD')).trim()
}

t.test('what is pushed becomes objects and a table; a revert and a removal follow', async t => {
  const { world, repository, controller, look } = await sourced(t)
  const first = await head(repository)
  await applied(world, first)
  t.match(await object(world, 'AccessPolicy', 'guard'), {
    metadata: {
      labels: {
        'writ.dev/source': 'main',
        'writ.dev/source-namespace': system,
        'writ.dev/commit': first,
      },
    },
  })
  await until(async () => (await toolInForce(controller)) === 'read_file')
  const source = await object(world, 'PolicySource', 'main')
  t.match(source.status.source, {
    ...{ author: 'Ana', subject: 'Change policies', objects: 1 },
    digest: /^sha256:[0-9a-f]{64}$/,
  })
  t.equal(await condition(world, 'Ready'), 'True Applied')
  t.equal(await condition(world, 'Drifted'), 'False AsWritten')

  const second = await repository.commit({
    'policies/guard.yaml': policyText('write_file', 'guard'),
    'policies/more.yaml': policyText('list_files', 'more'),
  })
  await look()
  await applied(world, second)
  await until(async () => (await toolInForce(controller)) === 'write_file,list_files')

  await repository.commit({ 'policies/more.yaml': 'kind: [' })
  await look()
  await until(async () => (await condition(world, 'Synced')) === 'False yaml')
  const broken = await object(world, 'PolicySource', 'main')
  t.equal(broken.status.source.commit, second, 'the last good commit stays')
  t.match(broken.status.source.problems, [{ code: 'yaml', message: /^policies\/more\.yaml:1:/ }])
  t.equal(await toolInForce(controller), 'write_file,list_files')

  await repository.commit({
    'policies/guard.yaml': policyText('read_file', 'guard'),
    'policies/more.yaml': null,
  })
  await look()
  await applied(world, await head(repository))
  await until(async () => (await object(world, 'AccessPolicy', 'more')) === null)
  await until(async () => (await toolInForce(controller)) === 'read_file')

  await world.remove('PolicySource', system, 'main')
  await until(async () => (await object(world, 'PolicySource', 'main')) === null)
  t.equal(await toolInForce(controller), 'read_file', 'its objects stay')
})

t.test('what is edited by hand is shown, or put back where the source says so', async t => {
  const { world, repository, controller } = await sourced(t)
  await applied(world, await head(repository))
  const edit = () =>
    world.api.kubectl([
      ...['-n', 'team-a', 'patch', 'accesspolicy/guard', '--type=json', '-p'],
      JSON.stringify([
        { op: 'replace', path: '/spec/tools/0/name', value: 'rm' },
        { op: 'add', path: '/spec/models', value: [{ name: '*', rules: [{ action: 'allow' }] }] },
      ]),
    ])
  t.equal((await edit()).code, 0)
  await until(async () => (await condition(world, 'Drifted')) === 'True EditedByHand')
  const { status } = await object(world, 'PolicySource', 'main')
  t.match(status.source, {
    ...{ drifts: 1, drifted: [{ object: 'accesspolicies/guard', by: 'kubectl-patch' }] },
  })
  await until(async () => (await toolInForce(controller)) === 'rm')
  t.equal(await condition(world, 'Ready'), 'True Applied')

  const spec = { url: repository.url, path: 'policies', targetNamespace: 'team-a', drift: 'revert' }
  await world.put('PolicySource', system, 'main', spec)
  await until(async () => (await condition(world, 'Drifted')) === 'False AsWritten')
  await until(async () => (await toolInForce(controller)) === 'read_file')
  t.notOk((await object(world, 'AccessPolicy', 'guard')).spec.models, 'what was added is gone')
  t.equal((await edit()).code, 0)
  await until(async () => (await toolInForce(controller)) === 'read_file')
  await until(async () => (await object(world, 'AccessPolicy', 'guard')).spec.models === undefined)

  await world.remove('AccessPolicy', 'team-a', 'guard')
  await until(async () => (await object(world, 'AccessPolicy', 'guard')) !== null)
  const events = await world.api.kubectl(['-n', system, 'get', 'events'])
  t.match(events.stdout, /Warning +EditedByHand +policysource\/main/)
  t.match(events.stdout, /Normal +PutBack +policysource\/main/)
})

t.test(
  'a source writes one namespace, and reads no folder of the controller for others',
  async t => {
    const { world, repository } = await sourced(t)
    await applied(world, await head(repository))
    const other = await repository.commit({
      'policies/guard.yaml': policyText('read_file', 'guard').replace(
        'name: guard',
        'name: guard, namespace: writ-system',
      ),
    })
    await look(world)
    await until(async () => (await condition(world, 'Synced')) === 'False foreign_namespace')
    t.not((await object(world, 'PolicySource', 'main')).status.source.commit, other)
    t.equal(await world.get('AccessPolicy', system, 'guard'), null)

    const own = { url: repository.url, path: 'policies' }
    await world.put('PolicySource', 'team-a', 'mine', own)
    const synced = async () => {
      const found = await world.condition('PolicySource', 'team-a', 'mine', 'Synced')
      return `${found?.status} ${found?.reason}`
    }
    await until(async () => (await synced()) === 'False refused')
    await world.put('PolicySource', 'team-a', 'mine', {
      ...{ url: 'https://127.0.0.1:1/policies.git', targetNamespace: system },
    })
    await until(async () => (await synced()) === 'False foreign_namespace')
  },
)
