import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'
import type { ApiServer } from '../tests/cluster/api-server.ts'

/** Every AccessPolicy, as the API server tells of it. */
export interface Watched extends AsyncDisposable {
  /** Policies whose newest version is enforced. */
  enforced(): number
  isEnforced(namespace: string, name: string, generation: number): boolean
  /** Versions that were stored since the watch began. */
  writes(): number
  writesOf(namespace: string, name: string): number
}

interface Policy {
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly generation: number
  }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly observedGeneration?: number
    }[]
  }
}

/** Begins to watch as an admin. */
export async function openWatch(api: ApiServer): Promise<Watched> {
  const writes = new Map<string, number>()
  const enforced = new Map<string, number>()
  const config = JSON.parse(readFileSync(api.admin, 'utf8'))
  const { user } = config.users[0]
  const dispatcher = new Agent({
    bodyTimeout: 0,
    connect: {
      ca: api.ca,
      cert: readFileSync(user['client-certificate']),
      key: readFileSync(user['client-key']),
    },
  })
  const path = '/apis/writ.dev/v1alpha1/accesspolicies'
  const { body: list } = await api.ask('GET', `${path}?limit=1`)
  const version = list.metadata.resourceVersion
  const query = `watch=1&resourceVersion=${version}&timeoutSeconds=3600`
  const answer = await request(`${api.url}${path}?${query}`, { dispatcher })
  const take = ({ metadata, status }: Policy) => {
    const name = `${metadata.namespace}/${metadata.name}`
    writes.set(name, (writes.get(name) ?? 0) + 1)
    const condition = status?.conditions?.find(({ type }) => type === 'Enforced')
    const isNow = condition?.observedGeneration === metadata.generation
    if (isNow && condition?.status === 'True') enforced.set(name, metadata.generation)
    else enforced.delete(name)
  }
  const reading = (async () => {
    for await (const line of createInterface(answer.body)) take(JSON.parse(line).object)
  })().catch(() => undefined)
  return {
    enforced: () => enforced.size,
    isEnforced: (namespace, name, generation) =>
      (enforced.get(`${namespace}/${name}`) ?? 0) >= generation,
    writes: () => [...writes.values()].reduce((total, count) => total + count, 0),
    writesOf: (namespace, name) => writes.get(`${namespace}/${name}`) ?? 0,
    async [Symbol.asyncDispose]() {
      await dispatcher.destroy()
      await reading
    },
  }
}
