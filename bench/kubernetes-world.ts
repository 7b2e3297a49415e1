import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { type ApiServer, apiServer } from '../tests/cluster/api-server.ts'
import { freePort } from '../tests/cluster/free-port.ts'
import { installCrds } from '../tests/cluster/install-crds.ts'
import { postgresStores } from '../tests/controller/stores.ts'
import { start } from './child.ts'

/** How much there is. */
export interface Scale {
  readonly namespaces: number
  /** In each namespace. */
  readonly policies: number
  /** In each policy; even. */
  readonly rules: number
  /** In each namespace. */
  readonly proxies: number
}

/** A cluster full of policies, a PostgreSQL, and proxies that wait for a controller. */
export interface KubernetesWorld extends AsyncDisposable {
  readonly api: ApiServer
  startController(): Promise<RunningController>
}

/** A controller in a process of its own. */
interface RunningController {
  readonly startedAt: number
  /** Megabytes: now, and at most so far. */
  memory(): { readonly now: number; readonly most: number }
  stop(): Promise<void>
}

/** As the chart starts it: the old space is what Node takes by itself under the memory limit of the chart, 768 MiB. */
const asDeployed = {
  NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=384',
  MALLOC_ARENA_MAX: '2',
}

const writDev = '/apis/writ.dev/v1alpha1'

/** Makes all of it; takes a minute. */
export async function kubernetesWorld(scale: Scale): Promise<KubernetesWorld> {
  const ends: (() => unknown)[] = []
  const test = { teardown: (end: () => unknown) => ends.unshift(end) } as unknown as Test
  const stores = await postgresStores(test)
  if (typeof stores === 'string') throw new Error(stores)
  const api = await apiServer(test)
  await installCrds(api)
  await api.namespace('writ-system')
  const names = Array.from({ length: scale.namespaces }, (_, i) => `team-${i}`)
  await inParallel(names, name => api.namespace(name))
  const each = <T>(count: number, make: (namespace: string, i: number) => T) =>
    names.flatMap(name => Array.from({ length: count }, (_, i) => make(name, i)))
  await inParallel(
    each(scale.policies, (namespace, i) => ({ namespace, name: `policy-${i}` })),
    ({ namespace, name }) => {
      const path = `${writDev}/namespaces/${namespace}/accesspolicies`
      return made(api, path, policy(namespace, name, scale.rules))
    },
  )
  const proxies = await inParallel(
    each(scale.proxies, (namespace, i) => ({ namespace, name: `agent-${i}` })),
    async ({ namespace, name }) => ({
      id: `${namespace}.${name}`,
      token: await podToken(api, namespace, name),
    }),
  )
  const file = join(api.folder, 'proxies.json')
  writeFileSync(file, JSON.stringify(proxies))
  const port = await freePort()
  const simulated = await start('./simulated-proxies.ts', [`http://127.0.0.1:${port}`, file])
  ends.unshift(() => simulated[Symbol.asyncDispose]())
  return {
    api,
    startController: () => startController(api, port, stores.url ?? '', ends),
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end()
    },
  }
}

/** The policy as it is written: `rules` / 2 tools with two rules each. */
function policy(namespace: string, name: string, rules: number) {
  return {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { namespace, name },
    spec: {
      tools: Array.from({ length: rules / 2 }, (_, i) => ({
        name: `${name}_tool_${i}`,
        rules: [
          {
            name: `too-much-${i}`,
            when: `args.amount > ${1000 + i} && args.command.contains("deploy")`,
            action: 'deny',
            message: 'Too much.',
          },
          {
            name: `usual-${i}`,
            when: `args.currency in ["USD", "EUR"] && args.amount <= ${1000 + i}`,
            action: 'allow',
          },
        ],
      })),
    },
  }
}

async function podToken(api: ApiServer, namespace: string, name: string): Promise<string> {
  const core = `/api/v1/namespaces/${namespace}`
  const pod = await made(api, `${core}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'agent', image: 'agent' }] },
  })
  const token = await made(api, `${core}/serviceaccounts/default/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      audiences: ['writ'],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid: pod.metadata.uid },
    },
  })
  return token.status.token
}

async function made(api: ApiServer, path: string, object: object) {
  const { status, body } = await api.ask('POST', path, object)
  if (status >= 300) throw new Error(JSON.stringify(body))
  return body
}

/** Some at a time: the API server holds more back. */
async function inParallel<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const rest = all.entries()
  const worker = async () => {
    for (const [at, one] of rest) results[at] = await work(one)
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return results
}

async function startController(
  api: ApiServer,
  port: number,
  databaseUrl: string,
  ends: (() => unknown)[],
): Promise<RunningController> {
  const startedAt = performance.now()
  const key = join(api.folder, 'signing-key.pem')
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const args = ['controller', '--kubernetes', '--kubeconfig', api.admin, '--signing-key', key]
  const serving = ['--port', `${port}`, '--data', join(api.folder, 'controller'), '-o', 'json']
  const main = join(import.meta.dirname, '../cli/main.ts')
  const child = spawn(process.execPath, [main, ...args, ...serving], {
    env: { ...process.env, ...asDeployed, WRIT_DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  ends.unshift(() => child.kill('SIGKILL'))
  await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the controller ended with ${code}`)
    }),
  ])
  return {
    startedAt,
    memory() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      const megabytes = (name: string) =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
      return { now: megabytes('VmRSS'), most: megabytes('VmHWM') }
    },
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
