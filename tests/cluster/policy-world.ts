import { createHash } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Condition, conditionsOf } from '../../controller/kubernetes/status/conditions.ts'
import { kinds } from '../../schemas/kinds.ts'
import { type ApiServer, type ApiServerOptions, apiServer } from './api-server.ts'
import { installCrds } from './install-crds.ts'
import type { WritProcess } from './writ-process.ts'

/** An object of Writ as the API server has it. */
interface Written {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation: number
  }
  readonly spec: object
  readonly status?: { readonly observedGeneration?: number; readonly table?: string }
}

/** A cluster with the kinds of Writ, and short words for what tests do there. */
export interface PolicyWorld {
  readonly api: ApiServer
  /** Makes an object, or gives the one of that name this spec. */
  put(kind: string, namespace: string, name: string, spec: object): Promise<Written>
  get(kind: string, namespace: string, name: string): Promise<Written | null>
  remove(kind: string, namespace: string, name: string): Promise<void>
  /** `Accepted=True Programmed=True Enforced=Unknown`, of the newest generation; empty before that. */
  states(kind: string, namespace: string, name: string): Promise<string>
  /** A condition as it is now. */
  condition(kind: string, namespace: string, name: string, type: string): Promise<Condition | null>
}

/** Starts the cluster with namespace `writ-system` and these others. */
export async function policyWorld(
  t: Test,
  namespaces: readonly string[],
  options: ApiServerOptions = {},
): Promise<PolicyWorld> {
  const api = await apiServer(t, options)
  await installCrds(api)
  for (const name of ['writ-system', ...namespaces]) await api.namespace(name)
  const get: PolicyWorld['get'] = async (kind, namespace, name) => {
    const { status, body } = await api.ask('GET', pathOf(kind, namespace, name))
    return status === 200 ? body : null
  }
  return {
    api,
    get,
    async put(kind, namespace, name, spec) {
      const object = { apiVersion: 'writ.dev/v1alpha1', kind, metadata: { name, namespace }, spec }
      const path = `${pathOf(kind, namespace, name)}?fieldManager=test&force=true`
      const answer = await api.ask('PATCH', path, object, 'application/apply-patch+yaml')
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body))
      return answer.body
    },
    async remove(kind, namespace, name) {
      await api.ask('DELETE', pathOf(kind, namespace, name))
    },
    async states(kind, namespace, name) {
      const object = await get(kind, namespace, name)
      if (object === null || object.status?.observedGeneration !== object.metadata.generation)
        return ''
      return conditionsOf(object)
        .map(({ type, status }) => `${type}=${status}`)
        .join(' ')
    },
    async condition(kind, namespace, name, type) {
      const object = await get(kind, namespace, name)
      return conditionsOf(object ?? {}).find(condition => condition.type === type) ?? null
    },
  }
}

function pathOf(kind: string, namespace: string, name: string): string {
  const plural = kinds.find(known => known.kind === kind)?.plural
  return `/apis/writ.dev/v1alpha1/namespaces/${namespace}/${plural}/${name}`
}

/** The key of an agent in tests, and the Agent that has it. */
export const key = 'writ-test-key-of-the-agent'
export const agentSpec = {
  kind: 'test',
  apiKeys: [{ name: 'laptop', sha256: createHash('sha256').update(key).digest('hex') }],
}

/** A provider that answers by itself, so that calls can be made. */
export const scripted = { protocol: 'scripted', models: [{ name: 'parrot' }, { name: 'owl' }] }

/** A policy with one rule for a model. */
export function modelPolicy(rule: object, name = 'parrot'): object {
  return { models: [{ name, rules: [rule] }] }
}

/** What a call of a model through a proxy gets: the status of HTTP, 403 for one that a policy refuses. */
export async function call(proxy: WritProcess, model = 'parrot', user = key): Promise<number> {
  const answer = await fetch(new URL('/anthropic/v1/messages', proxy.url), {
    method: 'POST',
    headers: { 'x-api-key': user, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      max_tokens: 16,
      messages: [{ role: 'user', content: 'hello' }],
    }),
  })
  await answer.text()
  return answer.status
}

/** Settles once the condition holds; the limit of the test ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await after(50)
}
