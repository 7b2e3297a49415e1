import t, { type Test } from 'tap'
import {
  agentSpec,
  call,
  modelPolicy,
  type PolicyWorld,
  policyWorld,
  scripted,
  until,
} from './policy-world.ts'
import { dataFolder, startController, startProxy, type WritProcess } from './writ-process.ts'

const allow = modelPolicy({ name: 'go', action: 'allow' })
const deny = modelPolicy({ name: 'stop', action: 'deny' })
const broken = modelPolicy({
  name: 'odd',
  when: 'request.stream && user.nme == 1',
  action: 'allow',
})

/** A team whose agent may ask a model, as far as the policy `guard` says so. */
async function team(world: PolicyWorld, namespace: string): Promise<void> {
  await world.put('Agent', namespace, 'clerk', agentSpec)
  await world.put('ModelProvider', namespace, 'trial', scripted)
  await world.put('AccessPolicy', namespace, 'guard', allow)
}

interface Served {
  readonly world: PolicyWorld
  readonly proxy: WritProcess
  /** Settles when the policy `guard` has these states. */
  states(namespace: string, ...states: readonly string[]): Promise<void>
  /** Settles when a call gets this status. */
  answered(status: number): Promise<void>
  restart(): Promise<void>
}

async function served(t: Test, namespaces: readonly string[]): Promise<Served> {
  const world = await policyWorld(t, namespaces)
  const data = dataFolder(t)
  let controller = await startController(t, world.api.admin, { data })
  const proxy = await startProxy(t, controller.url)
  return {
    world,
    proxy,
    states: (namespace, ...states) =>
      until(
        async () => (await world.states('AccessPolicy', namespace, 'guard')) === states.join(' '),
      ),
    answered: status => until(async () => (await call(proxy)) === status),
    async restart() {
      await controller.stop('kill')
      const args = ['--port', controller.url.port]
      controller = await startController(t, world.api.admin, { data, args })
    },
  }
}

const inForce = ['Accepted=True', 'Programmed=True', 'Enforced=True']
const refused = ['Accepted=False', 'Programmed=False', 'Enforced=False']

t.test(
  'an edit that does not compile is shown in the object, and the version before stays',
  async t => {
    const { world, proxy, states, answered, restart } = await served(t, ['team-a'])
    await team(world, 'team-a')
    await states('team-a', ...inForce)
    await answered(200)
    await world.put('AccessPolicy', 'team-a', 'guard', deny)
    await states('team-a', ...inForce)
    t.equal(await call(proxy), 403, 'what is enforced is in force')

    await world.put('AccessPolicy', 'team-a', 'guard', broken)
    await states('team-a', ...refused)
    const accepted = await world.condition('AccessPolicy', 'team-a', 'guard', 'Accepted')
    t.match(accepted?.message, /^spec\.models\[0\]\.rules\[0\]\.when, column 19: /)
    t.match(accepted?.message, '  request.stream && user.nme == 1\n')
    t.match(accepted?.message, `  ${' '.repeat(18)}^`)
    const enforced = await world.condition('AccessPolicy', 'team-a', 'guard', 'Enforced')
    t.equal(enforced?.message, '0/1 proxies enforce generation 3; generation 2 stays in force')
    t.equal(await call(proxy), 403, 'the last good version is enforced')

    await restart()
    const object = await world.put('Agent', 'team-a', 'other', { kind: 'test' })
    await until(async () => (await world.states('Agent', 'team-a', 'other')) === inForce.join(' '))
    t.equal(object.metadata.generation, 1)
    t.equal(await call(proxy), 403, 'a controller that starts anew remembers it')
    t.equal(await world.states('AccessPolicy', 'team-a', 'guard'), refused.join(' '))

    await world.put('AccessPolicy', 'team-a', 'guard', allow)
    await states('team-a', ...inForce)
    t.equal(await call(proxy), 200)
    const { stdout } = await world.api.kubectl(['get', 'events', '-n', 'team-a'])
    t.match(stdout, /Warning +NotAccepted +accesspolicy\/guard/)
    t.match(stdout, /Normal +AcceptedAgain +accesspolicy\/guard/)
  },
)

t.test(
  'an edit is written into the object that was edited, and not into its neighbours',
  async t => {
    const { world, states } = await served(t, ['team-a', 'team-b'])
    await team(world, 'team-a')
    await world.put('AccessPolicy', 'team-b', 'guard', broken)
    await states('team-a', ...inForce)
    await states('team-b', ...refused)
    const versions = async () => {
      const objects = [
        await world.get('Agent', 'team-a', 'clerk'),
        await world.get('ModelProvider', 'team-a', 'trial'),
        await world.get('AccessPolicy', 'team-b', 'guard'),
      ]
      return objects.map(object => object?.metadata.resourceVersion)
    }
    const before = await versions()
    for (let i = 0; i < 5; i++) {
      await world.put('AccessPolicy', 'team-a', 'guard', i % 2 === 0 ? deny : allow)
      await states('team-a', ...inForce)
    }
    t.strictSame(await versions(), before)
  },
)

t.test('the system namespace narrows every other, and what is gone is gone', async t => {
  const { world, proxy, states, answered } = await served(t, ['team-a'])
  await team(world, 'team-a')
  await states('team-a', ...inForce)
  await answered(200)
  await world.put('AccessPolicy', 'writ-system', 'guard', deny)
  await states('writ-system', ...inForce)
  t.equal(await call(proxy), 403)
  await world.put('AccessPolicy', 'writ-system', 'guard', broken)
  await states('writ-system', ...refused)
  t.equal(await call(proxy), 403)
  await world.remove('AccessPolicy', 'writ-system', 'guard')
  await answered(200)

  await world.remove('AccessPolicy', 'team-a', 'guard')
  await answered(403)
  for (const [kind, name] of [
    ['Agent', 'clerk'],
    ['ModelProvider', 'trial'],
  ] as const) {
    await world.remove(kind, 'team-a', name)
  }
  await answered(401)
})

t.test('what others need and is no longer there keeps the last good table in force', async t => {
  const { world, proxy, states, answered } = await served(t, ['team-a'])
  await team(world, 'team-a')
  await world.put('User', 'team-a', 'ana', {})
  await world.put('ApprovalWorkflow', 'team-a', 'ask', { approvers: { users: ['ana'] } })
  const asking = {
    models: [{ name: 'parrot', approvalWorkflow: 'ask', rules: [{ action: 'deny' }] }],
  }
  await world.put('AccessPolicy', 'team-a', 'guard', asking)
  await states('team-a', ...inForce)
  await answered(403)
  await world.remove('ApprovalWorkflow', 'team-a', 'ask')
  await states('team-a', 'Accepted=False', 'Programmed=True', 'Enforced=True')
  const accepted = await world.condition('AccessPolicy', 'team-a', 'guard', 'Accepted')
  t.equal(accepted?.reason, 'unknown_reference')
  t.equal(await call(proxy), 403)
  await world.put('ApprovalWorkflow', 'team-a', 'ask', { approvers: { users: ['ana'] } })
  await states('team-a', ...inForce)
})
