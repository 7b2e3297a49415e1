import type { Test } from 'tap'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { until, type World, world } from '../world.ts'
import { type Files, type TestRepository, testRepository } from './repositories.ts'

type Repository = NonNullable<ControllerOptions['repository']>

interface Installation {
  readonly there: TestRepository
  readonly here: World
  readonly url: URL
  /** Restarts the controller. */
  restart(): Promise<URL>
}

/** The options of a repository that is looked at all the time. */
export function repositoryAt({ url }: TestRepository, some: Partial<Repository> = {}): Repository {
  return { url: remoteUrl(url), branch: 'main', path: 'policies', intervalMs: 50, ...some }
}

/** A controller whose policies come from a repository. */
export async function installation(t: Test, files: Files): Promise<Installation> {
  const there = await testRepository(t)
  await there.commit(files)
  const here = await world(t)
  const start = () => here.startController({ repository: repositoryAt(there) })
  let running = await start()
  return {
    ...{ there, here, url: running.url },
    async restart() {
      await running.stop()
      running = await start()
      return running.url
    },
  }
}

interface Status {
  readonly source: { readonly state: string; readonly commit?: string }
  readonly problems: { readonly list: readonly { readonly code: string }[] }
  readonly namespaces: readonly { readonly commit?: string; readonly digest: string }[]
}

/** What the controller says of its source and its tables. */
export async function statusOf(here: World, url: URL): Promise<Status> {
  return (await (await here.get(url, '/api/v1/status')).json()) as Status
}

/** Settles once a commit is in force, and gives the commits that the tables name. */
export async function inForce(here: World, url: URL, commit: string) {
  await until(async () => {
    const { source } = await statusOf(here, url)
    return source.state === 'in_force' && source.commit === commit
  })
  return (await statusOf(here, url)).namespaces.map(({ commit }) => commit)
}

/** Settles once a problem is told, and gives the commits that the tables name. */
export async function told(here: World, url: URL, code: string) {
  let told = await statusOf(here, url)
  await until(async () => {
    told = await statusOf(here, url)
    return told.problems.list.some(has => has.code === code)
  })
  const { source, namespaces } = told
  return { state: source.state, commits: namespaces.map(({ commit }) => commit) }
}

/** A PolicySource about a repository, whose webhooks have a secret. */
export function sourceText(url: string, more = ''): string {
  return [
    'apiVersion: writ.dev/v1alpha1',
    'kind: PolicySource',
    'metadata: { name: policies }',
    'spec:',
    `  url: ${url}`,
    '  webhookSecretRef: { name: policies, key: webhook }',
    more && `  ${more}`,
    '',
  ].join('\n')
}
