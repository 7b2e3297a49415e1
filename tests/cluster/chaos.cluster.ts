import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
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

type Model = 'parrot' | 'owl'

/** Models that policies allow. */
type Allowed = readonly Model[]

const parrot: Allowed = ['parrot']
const nothing: Allowed = []

const go = { rules: [{ name: 'go', action: 'allow' }] }
const models = { models: (['parrot', 'owl'] as const).map(name => ({ name, ...go })) }
const noOwls = modelPolicy({ name: 'stop', action: 'deny' }, 'owl')

/** Calls both models on and on, and holds every answer against what the policies of its time allow. */
function caller(proxy: WritProcess, first: Allowed) {
  let times = [first]
  const underWay = new Set<Set<Allowed>>()
  const wrong: string[] = []
  const counts = { allowed: 0, refused: 0 }
  const stop = new AbortController()

  const once = async (model: Model): Promise<void> => {
    const seen = new Set(times)
    underWay.add(seen)
    const status = await call(proxy, model)
    underWay.delete(seen)
    counts[status === 200 ? 'allowed' : 'refused'] += 1
    if (status === 200 && ![...seen].some(allowed => allowed.includes(model))) {
      wrong.push(`${model} was allowed when policies allowed ${JSON.stringify([...seen])}`)
    }
  }
  const calling = (async () => {
    while (!stop.signal.aborted) {
      await Promise.all([once('parrot'), once('owl')])
      await after(5)
    }
  })()

  return {
    wrong,
    counts,
    /** The policies change from here on; what they allowed before may be enforced as well. */
    to(...allowed: readonly Allowed[]) {
      times = [...times, ...allowed]
      for (const seen of underWay) for (const one of allowed) seen.add(one)
    },
    /** What is allowed now is enforced: nothing else counts any more. */
    async settled(allowed: Allowed): Promise<void> {
      const enforced = async (model: Model) =>
        ((await call(proxy, model)) === 200) === allowed.includes(model)
      await until(async () => (await enforced('parrot')) && (await enforced('owl')))
      times = [allowed]
    },
    async end(): Promise<void> {
      stop.abort()
      await calling
    },
  }
}

async function team(world: PolicyWorld): Promise<void> {
  await world.put('Agent', 'team-a', 'clerk', agentSpec)
  await world.put('ModelProvider', 'team-a', 'trial', scripted)
  await policies(world)
  // Between what forbids and what allows: all of them are not gone at once.
  const names = Array.from({ length: 150 }, (_, i) => `m-${i}`)
  const quiet = modelPolicy({ action: 'deny' }, 'finch')
  await Promise.all(names.map(name => world.put('AccessPolicy', 'team-a', name, quiet)))
}

/** What forbids comes first. */
async function policies(world: PolicyWorld): Promise<void> {
  await world.put('AccessPolicy', 'team-a', 'a-no-owls', noOwls)
  await world.put('AccessPolicy', 'team-a', 'z-models', models)
}

const crds = join(import.meta.dirname, '../../crds')

t.test('no call is allowed that neither the old nor the new policies allow', async t => {
  const world = await policyWorld(t, ['team-a'], { controllers: true })
  const { api } = world
  const data = dataFolder(t)
  const controller = await startController(t, api.admin, { data })
  const proxy = await startProxy(t, controller.url)
  await team(world)
  const calls = caller(proxy, parrot)
  await calls.settled(parrot)
  const kubectl = async (...args: readonly string[]) => {
    const { code, stderr } = await api.kubectl(args)
    if (code !== 0) throw new Error(stderr)
  }

  await t.test('policies are deleted and made again', async t => {
    for (let round = 0; round < 3; round += 1) {
      calls.to(nothing)
      await kubectl('delete', 'accesspolicy', 'z-models', '-n', 'team-a')
      await calls.settled(nothing)
      calls.to(parrot)
      await policies(world)
      await calls.settled(parrot)
      calls.to(['parrot', 'owl'])
      await kubectl('delete', 'accesspolicy', 'a-no-owls', '-n', 'team-a')
      await calls.settled(['parrot', 'owl'])
      calls.to(parrot)
      await policies(world)
      await calls.settled(parrot)
    }
    t.strictSame(calls.wrong, [])
  })

  for (const plural of ['accesspolicies', 'agents', 'modelproviders']) {
    await t.test(`the definition of ${plural} is deleted and applied again`, async t => {
      calls.to(nothing)
      await kubectl('delete', '-f', join(crds, `${plural}.yaml`))
      await after(2000)
      await kubectl('apply', '--server-side', '-f', join(crds, `${plural}.yaml`))
      await kubectl('wait', '--for=condition=Established', '-f', join(crds, `${plural}.yaml`))
      await after(2000)
      await until(() => team(world).then(...always))
      // What was in force stood all the while, so that nothing shows that the new objects are: an edit does.
      calls.to(nothing)
      await world.put('AccessPolicy', 'team-a', 'z-models', modelPolicy({ action: 'deny' }))
      await calls.settled(nothing)
      calls.to(parrot)
      await policies(world)
      await calls.settled(parrot)
      t.strictSame(calls.wrong, [])
    })
  }

  await t.test('the API server is restarted', async t => {
    await api.restart(() => after(3000))
    calls.to(nothing)
    await world.put('AccessPolicy', 'team-a', 'z-models', modelPolicy({ action: 'deny' }))
    await calls.settled(nothing)
    calls.to(parrot)
    await policies(world)
    await calls.settled(parrot)
    t.strictSame(calls.wrong, [])
  })

  await t.test('the namespace is deleted and made again', async t => {
    calls.to(nothing)
    await kubectl('delete', 'namespace', 'team-a')
    await calls.settled(nothing)
    calls.to(parrot)
    await kubectl('create', 'namespace', 'team-a')
    await team(world)
    await calls.settled(parrot)
    t.strictSame(calls.wrong, [])
  })

  await calls.end()
  t.strictSame(calls.wrong, [])
  t.ok(calls.counts.allowed > 100 && calls.counts.refused > 100, JSON.stringify(calls.counts))
})

/** Whether something was done, whatever kept it from being done. */
const always = [() => true, () => false] as const
