import { setTimeout as after } from 'node:timers/promises'
import type { ApiServer } from '../tests/cluster/api-server.ts'
import { kubernetesWorld, type Scale } from './kubernetes-world.ts'
import { openWatch, type Watched } from './watch-policies.ts'

/** What one run of a controller on a full cluster cost. */
export interface KubernetesCost {
  /** Seconds from the start of the process until every policy is enforced by all its proxies. */
  readonly coldStart: number
  /** Requests that write, of any kind, by the start. */
  readonly coldWrites: number
  /** Milliseconds from an edit until it is enforced by all its proxies. */
  readonly edits: readonly number[]
  /** How often the API server stored a new version of a policy for an edit, the edit itself left out. */
  readonly statusWrites: readonly number[]
  /** Requests that write, of any kind, for an edit, the edit itself left out; leases and reviews of tokens included. */
  readonly requests: number
  /** Writes of policies that were not edited while others were. */
  readonly strayWrites: number
  /** Seconds until every policy is enforced again after an edit of the system namespace. */
  readonly systemEdit: number
  /** Megabytes of the controller: at the end, and at most. */
  readonly memory: { readonly now: number; readonly most: number }
}

const policies = '/apis/writ.dev/v1alpha1'

/** Starts everything, edits that many policies one after the other, and counts. */
export async function kubernetes(scale: Scale, edits: number): Promise<KubernetesCost> {
  await using world = await kubernetesWorld(scale)
  const { api } = world
  await using watch = await openWatch(api)
  const wanted = scale.namespaces * scale.policies
  const before = await writeRequests(api)
  const controller = await world.startController()
  await until(() => watch.enforced() >= wanted, 300)
  const coldStart = (performance.now() - controller.startedAt) / 1000
  const coldWrites = (await writeRequests(api)) - before
  // What is gathered is written by now.
  await after(5000)
  const calm = { at: await writeRequests(api), stray: watch.writes() }
  const costs: { readonly ms: number; readonly writes: number }[] = []
  for (let i = 0; i < edits; i += 1) {
    const namespace = `team-${(i * 37) % scale.namespaces}`
    costs.push(await edit(api, watch, namespace, `policy-${i % scale.policies}`, i))
  }
  await after(2000)
  const requests = ((await writeRequests(api)) - calm.at - edits) / edits
  const own = costs.reduce((total, { writes }) => total + writes + 1, 0)
  const strayWrites = watch.writes() - calm.stray - own
  const systemEdit = await editSystem(api, watch, wanted)
  const memory = controller.memory()
  await controller.stop()
  return {
    coldStart,
    coldWrites,
    edits: costs.map(({ ms }) => ms),
    statusWrites: costs.map(({ writes }) => writes),
    requests,
    strayWrites,
    systemEdit,
    memory,
  }
}

async function edit(api: ApiServer, watch: Watched, namespace: string, name: string, i: number) {
  const path = `${policies}/namespaces/${namespace}/accesspolicies/${name}`
  const written = watch.writesOf(namespace, name)
  const { body: now } = await api.ask('GET', path)
  const tools = now.spec.tools.map((tool: object, at: number) =>
    at === 0 ? { ...tool, rules: [{ action: 'deny', message: `Edit ${i}.` }] } : tool,
  )
  const begin = performance.now()
  const { body } = await api.ask('PATCH', path, { spec: { tools } }, 'application/merge-patch+json')
  await until(() => watch.isEnforced(namespace, name, body.metadata.generation), 60)
  return { ms: performance.now() - begin, writes: watch.writesOf(namespace, name) - written - 1 }
}

/** A policy of the system namespace is in the table of every other. */
async function editSystem(api: ApiServer, watch: Watched, wanted: number): Promise<number> {
  const begin = performance.now()
  const path = `${policies}/namespaces/writ-system/accesspolicies`
  await api.ask('POST', path, {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'everywhere', namespace: 'writ-system' },
    spec: { tools: [{ name: 'delete_*', rules: [{ action: 'deny', message: 'Never.' }] }] },
  })
  await until(() => watch.isEnforced('writ-system', 'everywhere', 1), 120)
  await until(() => watch.enforced() > wanted, 120)
  return (performance.now() - begin) / 1000
}

/** Requests that write, by the counters of the API server itself. */
async function writeRequests(api: ApiServer): Promise<number> {
  const { body } = await api.ask('GET', '/metrics')
  let total = 0
  for (const line of String(body).split('\n')) {
    const [, labels = '', count = ''] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? []
    if (/verb="(POST|PUT|PATCH|APPLY|DELETE)"/.test(labels)) total += Number(count)
  }
  return total
}

async function until(holds: () => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not after ${seconds} s`)
    await after(5)
  }
}
