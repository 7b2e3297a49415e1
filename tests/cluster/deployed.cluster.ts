import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import t from 'tap'
import { postgresStores } from '../controller/stores.ts'
import { apiServer } from './api-server.ts'
import { expectDone } from './approval-world.ts'
import { deployedController } from './deployed.ts'
import { until } from './policy-world.ts'
import { started, type WritProcess } from './writ-process.ts'

const root = join(import.meta.dirname, '../..')
const system = 'writ-system'
const names = ['writ-controller-a', 'writ-controller-b']

t.test('two replicas as the chart deploys them', async t => {
  const stores = await postgresStores(t)
  if (typeof stores === 'string') throw new Error(stores)
  const api = await apiServer(t)
  await api.namespace(system)
  const url = `--from-literal=url=${stores.url}`
  const secret = ['create', 'secret', 'generic', 'writ-database', '-n', system, url]
  await expectDone(api.kubectl(secret))
  const values = [
    'replicas=2,database.existingSecret=writ-database',
    'injection.enabled=false,webhooks.validating.enabled=false',
  ]
  const install = ['install', 'writ', join(root, 'charts/writ'), '-n', system]
  await expectDone(api.helm([...install, '--set', values.join(',')]))
  const replicas = new Map<string, WritProcess>()
  for (const name of names) {
    const { args, env } = await deployedController(api, join(api.folder, name), name)
    replicas.set(name, await started(t, args, env, 'controller'))
  }
  const leader = async (other = '') => {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/writ-controller`
    for (;;) {
      const name: string = (await api.ask('GET', path)).body.spec?.holderIdentity ?? ''
      if (name !== '' && name !== other) return name
      await after(100)
    }
  }

  await t.test('both become ready', async t => {
    for (const [name, { url }] of replicas) {
      await until(async () => (await fetch(new URL('/readyz', url))).status === 200)
      t.equal((await fetch(new URL('/healthz', url))).status, 200, name)
    }
  })

  const first = await leader()

  await t.test('one leads, and what is applied is in force', async t => {
    t.ok(names.includes(first))
    await expectDone(api.kubectl(['apply', '-f', join(root, 'examples/kubernetes')]))
    const wait = ['wait', '--for=condition=Programmed', 'accesspolicy/tools', '-n', 'shop']
    t.equal((await api.kubectl([...wait, '--timeout=60s'])).code, 0)
  })

  await t.test('the other leads when that one is stopped', async t => {
    await replicas.get(first)?.stop()
    t.strictSame([first, await leader(first)].sort(), names)
    const patch = ['patch', 'accesspolicy', 'tools', '-n', 'shop', '--type=merge']
    await expectDone(api.kubectl([...patch, '-p', '{"spec":{"description":"Edited."}}']))
    const wait = ['wait', '--for=jsonpath={.status.observedGeneration}=2', 'accesspolicy/tools']
    t.equal((await api.kubectl([...wait, '-n', 'shop', '--timeout=60s'])).code, 0)
  })

  await t.test('neither was refused anything', async t => {
    const lines = [...replicas.values()].flatMap(({ log }) => log)
    t.ok(lines.length > 0)
    t.strictSame(
      lines.filter(line => /forbidden/i.test(line)),
      [],
    )
  })
})
