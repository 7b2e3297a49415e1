import t, { type Test } from 'tap'
import { createController } from '../../controller/controller.ts'
import { policyText, testRepository } from '../controller/git/repositories.ts'
import { ana, anaKey } from './controller-pair.ts'
import { type PolicyWorld, policyWorld, until } from './policy-world.ts'
import { dataFolder, tokens } from './writ-process.ts'

const system = 'writ-system'

/** A controller of the cluster in this process, whose clock the test moves. */
async function clockedController(t: Test, { api }: PolicyWorld) {
  const clock = { aheadMs: 0 }
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const controller = createController({
    ...{ host: '127.0.0.1', port: 0, dataFolder: dataFolder(t), version: 'test', log },
    tokens: { admin: tokens.admin, proxy: tokens.proxy },
    now: () => Date.now() + clock.aheadMs,
    kubernetes: {
      ...{ kubeconfig: api.admin, identity: 'test' },
      ...{ systemNamespace: system, podNamespace: system },
    },
  })
  const stop = new AbortController()
  const ended = controller.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  const url = await controller.listening
  const ask = (path: string, { key = tokens.admin, body }: { key?: string; body?: object } = {}) =>
    fetch(new URL(path, url), {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
  return { clock, ask }
}

t.test('breaking the glass in a cluster changes no object, and ends by itself', async t => {
  const world = await policyWorld(t, ['team-a'])
  const repository = await testRepository(t)
  await repository.commit({ 'guard.yaml': policyText('read_file', 'guard') })
  const { clock, ask } = await clockedController(t, world)
  const toolInForce = async () => {
    const { inForce } = Object(await (await ask('/api/v1/tables')).json())
    const release = inForce.find((one: { namespace: string }) => one.namespace === 'team-a')
    if (release === undefined) return ''
    const { policies = [] } = Object(await (await ask(`/api/v1/tables/${release.digest}`)).json())
    return policies.map((one: { tools: { match: string }[] }) => one.tools[0]?.match).join()
  }
  const programmed = async () => {
    const { status, reason } =
      (await world.condition('AccessPolicy', 'team-a', 'guard', 'Programmed')) ?? {}
    return `${status} ${reason}`
  }
  await world.put('User', 'team-a', 'ana', { ...ana, roles: ['owner'] })
  await world.put('PolicySource', system, 'main', {
    ...{ url: repository.url, targetNamespace: 'team-a', drift: 'revert', interval: '10s' },
  })
  await until(async () => (await toolInForce()) === 'read_file')
  const before = await world.get('AccessPolicy', 'team-a', 'guard')

  const documents = policyText('write_file', 'guard')
  const wanted = { documents, namespace: 'team-a', ttlSeconds: 300, reason: 'incident 4711' }
  const refused = await ask('/api/v1/overrides', { body: wanted })
  t.equal(refused.status, 403, 'the token of the installation is nobody')
  const begun = await ask('/api/v1/overrides', { key: anaKey, body: wanted })
  t.equal(begun.status, 201, await begun.clone().text())
  await until(async () => (await toolInForce()) === 'write_file')
  await until(async () => (await programmed()) === 'False Overridden')
  const { id } = Object(await begun.json())

  await t.test('a new commit is applied below it, and does not repair it', async t => {
    const commit = await repository.commit({ 'more.yaml': policyText('list_files', 'more') })
    await world.api.kubectl([
      ...['-n', system, 'annotate', '--overwrite', 'policysource/main', 'writ.dev/look-at=1'],
    ])
    await until(async () => {
      const { status } = Object(await world.get('PolicySource', system, 'main'))
      return status?.source?.commit === commit
    })
    await until(async () => (await toolInForce()).includes('list_files'))
    t.equal((await toolInForce()).split(',').sort().join(), 'list_files,write_file')
    const drifted = await world.condition('PolicySource', system, 'main', 'Drifted')
    t.equal(drifted?.status, 'False')
  })

  await t.test('it ends in its time, with nobody there to end it', async t => {
    clock.aheadMs = 301_000
    await until(
      async () => (await toolInForce()).split(',').sort().join() === 'list_files,read_file',
    )
    await until(async () => (await programmed()).startsWith('True'))
    const { overrides } = Object(await (await ask('/api/v1/overrides')).json())
    t.match(overrides, [{ id, endedAt: String }])
  })

  const after = await world.get('AccessPolicy', 'team-a', 'guard')
  t.strictSame(after?.spec, before?.spec)
  t.equal(after?.metadata.generation, before?.metadata.generation, 'the object was never written')
})
