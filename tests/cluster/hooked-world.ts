import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import type { ApiServer } from './api-server.ts'
import { expectDone } from './approval-world.ts'
import { freePort } from './free-port.ts'
import { type PolicyWorld, policyWorld, until } from './policy-world.ts'
import { startController, type WritProcess } from './writ-process.ts'

/** A cluster in which the webhooks of the chart are configured, and a way to run the controller that serves them. */
export interface HookedWorld extends PolicyWorld {
  /** Settles when the API server trusts the webhooks of this controller. */
  serve(t: Test, some?: ServeOptions): Promise<WritProcess>
}

interface ServeOptions {
  /** Where sidecars are told to look for the controller. */
  readonly controller?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A configuration of webhooks, as far as tests look at it. */
interface Configuration {
  readonly kind: string
  readonly webhooks: { readonly clientConfig: { readonly caBundle?: string } }[]
}

const chart = join(import.meta.dirname, '../../charts/writ')
const parts = ['service-account', 'controller-rbac', 'webhook-certificates', 'webhooks']

/** Ports of sidecars in tests, so that several can run on one machine. */
export interface SidecarPorts {
  readonly port: number
  readonly probePort: number
}

/** Starts the cluster with `writ-system` and these namespaces; the controller is known by its service account. */
export async function hookedWorld(
  t: Test,
  namespaces: readonly string[],
  values: readonly string[] = [],
): Promise<HookedWorld & { readonly ports: SidecarPorts }> {
  const world = await policyWorld(t, namespaces)
  const { api } = world
  const port = await freePort()
  const shown = parts.flatMap(part => ['-s', `templates/${part}.yaml`])
  const set = values.flatMap(value => ['--set', value])
  const helm = ['template', 'writ', chart, '--namespace', 'writ-system', ...shown, ...set]
  const input = onLoopback(await expectDone(api.helm(helm)), port)
  await expectDone(api.kubectl(['apply', '-f', '-'], { input }))
  const token = ['create', 'token', 'writ-controller', '-n', 'writ-system', '--duration=4h']
  const account = api.bearer((await expectDone(api.kubectl(token))).trim())
  const ports = { port: await freePort(), probePort: await freePort() }
  return {
    ...world,
    ports,
    async serve(t, { controller = 'http://127.0.0.1:1', args = [], env = {} } = {}) {
      const injection = join(api.folder, 'injection.yaml')
      writeFileSync(injection, JSON.stringify({ ...sidecars, ...ports, controller }))
      const hooks = ['--webhook-port', String(port), '--injection', injection]
      const said = [...hooks, '--pod-namespace', 'writ-system', ...args]
      const process = await startController(t, account, {
        args: [...said, '--webhook-name', '127.0.0.1'],
        env,
      })
      await until(async () => (await configurations(api)).every(isTrusted))
      return process
    },
  }
}

const sidecars = {
  image: 'example.com/writ:1',
  pullPolicy: 'IfNotPresent',
  resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  egress: { image: 'example.com/writ-egress-lock:1' },
}

/** Every configuration of webhooks that there is. */
export async function configurations(api: ApiServer): Promise<readonly Configuration[]> {
  const kinds = 'validatingwebhookconfigurations,mutatingwebhookconfigurations'
  return JSON.parse(await expectDone(api.kubectl(['get', kinds, '-o', 'json']))).items
}

function isTrusted({ webhooks }: Configuration): boolean {
  return webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined)
}

/** Nothing gives Services an address here, so webhooks are called by URL. */
function onLoopback(rendered: string, port: number): string {
  const documents = parseAllDocuments(rendered).map(document => document.toJS())
  for (const { webhooks = [] } of documents) {
    for (const webhook of webhooks) {
      const { path } = webhook.clientConfig.service
      webhook.clientConfig = { url: `https://127.0.0.1:${port}${path}` }
    }
  }
  return documents.map(document => JSON.stringify(document)).join('\n---\n')
}
