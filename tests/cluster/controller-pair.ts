import { createHash, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import type { Test } from 'tap'
import { postgresStores } from '../controller/stores.ts'
import { type Link, openLink } from './link.ts'
import { type PolicyWorld, policyWorld } from './policy-world.ts'
import {
  dataFolder,
  startController,
  tokens,
  type WritProcess,
  type WritProcessOptions,
} from './writ-process.ts'

/** A controller of several, with a way of its own to the API server. */
export interface Replica {
  readonly name: string
  readonly link: Link
  readonly process: WritProcess
  /** Starts it again after it was stopped. */
  start(): Promise<void>
  /** Asks its API as an admin, or as whom the key says. */
  ask(path: string, some?: { readonly key?: string; readonly body?: object }): Promise<Response>
}

/** Two controllers on one PostgreSQL and one API server. */
export interface ControllerPair {
  readonly world: PolicyWorld
  readonly replicas: readonly Replica[]
  /** The one that holds the Lease by now, and the other. */
  leading(): Promise<{ readonly leader: Replica; readonly other: Replica }>
  /** Settles when another one than this holds the Lease. */
  takenFrom(replica: Replica): Promise<void>
}

/** Starts both, in `team-a`; the reason when there is no PostgreSQL on this machine. */
export async function controllerPair(
  t: Test,
  { args = [] }: { readonly args?: readonly string[] } = {},
): Promise<ControllerPair | string> {
  const stores = await postgresStores(t)
  if (typeof stores === 'string') return stores
  const databaseUrl = stores.url ?? ''
  const world = await policyWorld(t, ['team-a'])
  const keyFile = (name: string) => {
    const file = join(world.api.folder, name)
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    return file
  }
  const env = {
    WRIT_DATABASE_URL: databaseUrl,
    WRIT_SIGNING_KEY_FILE: keyFile('signing-key.pem'),
    WRIT_CHECKPOINT_KEY_FILE: keyFile('checkpoint-key.pem'),
  }
  const replicas = await Promise.all(
    ['writ-0', 'writ-1'].map(name => startReplica(t, world, name, { env, args })),
  )
  const holder = async () => {
    const path = '/apis/coordination.k8s.io/v1/namespaces/writ-system/leases/writ-controller'
    const { body } = await world.api.ask('GET', path)
    return String(body.spec?.holderIdentity ?? '')
  }
  return {
    world,
    replicas,
    async leading() {
      for (;;) {
        const name = await holder()
        const leader = replicas.find(replica => replica.name === name)
        const other = replicas.find(replica => replica.name !== name)
        if (leader !== undefined && other !== undefined) return { leader, other }
        await after(50)
      }
    },
    async takenFrom({ name }) {
      while (['', name].includes(await holder())) await after(50)
    },
  }
}

async function startReplica(
  t: Test,
  { api }: PolicyWorld,
  name: string,
  { env, args }: Required<Pick<WritProcessOptions, 'env' | 'args'>>,
): Promise<Replica> {
  const link = await openLink(t, Number(new URL(api.url).port))
  const kubeconfig = join(api.folder, `${name}.kubeconfig`)
  const reached = `https://127.0.0.1:${link.port}`
  writeFileSync(kubeconfig, readFileSync(api.admin, 'utf8').replaceAll(api.url, reached))
  const data = dataFolder(t)
  const said = ['--identity', name, ...args]
  const start = () => startController(t, kubeconfig, { env, data, args: said })
  let process = await start()
  return {
    name,
    link,
    get process() {
      return process
    },
    async start() {
      process = await start()
    },
    ask: (path, { key = tokens.admin, body } = {}) =>
      fetch(new URL(path, process.url), {
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      }),
  }
}

/** A receiver of webhooks, and what came: `approval.created apr-…`. */
export async function webhookReceiver(
  t: Test,
): Promise<{ readonly url: string; readonly came: readonly string[] }> {
  const came: string[] = []
  const server = createServer(async (request, response) => {
    const { type, data } = JSON.parse(await text(request))
    came.push(`${type} ${data.id}`)
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, came }
}

/** The key of a person in tests, and the User who has it. */
export const anaKey = 'writ-test-key-of-ana'
export const ana = {
  apiKeys: [{ name: 'laptop', sha256: createHash('sha256').update(anaKey).digest('hex') }],
}
