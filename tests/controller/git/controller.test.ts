import { createHmac } from 'node:crypto'
import { rename } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { tokens, until, type World, world } from '../world.ts'
import { type Files, policyText, type TestRepository, testRepository } from './repositories.ts'
import { smartHttp } from './smart-http.ts'

type Repository = NonNullable<ControllerOptions['repository']>

interface Installation {
  readonly there: TestRepository
  readonly here: World
  readonly url: URL
  /** Restarts the controller. */
  restart(): Promise<URL>
}

/** A controller whose policies come from a repository. */
async function installation(
  t: Test,
  files: Files,
  some: Partial<Repository> = {},
  more: Partial<ControllerOptions> = {},
): Promise<Installation> {
  const there = await testRepository(t)
  await there.commit(files)
  const here = await world(t)
  const repository = {
    ...{ url: remoteUrl(there.url), branch: 'main', path: 'policies', intervalMs: 50 },
    ...some,
  }
  const start = () => here.startController({ repository, ...more })
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
  readonly source: { readonly state: string; readonly commit?: string; readonly path: string }
  readonly problems: { readonly items: readonly { readonly code: string }[] }
}

async function statusOf(here: World, url: URL): Promise<Status> {
  return (await (await here.get(url, '/api/v1/status')).json()) as Status
}

/** Settles once a commit is in force. */
async function inForce(here: World, url: URL, commit: string): Promise<void> {
  await until(async () => {
    const { source } = await statusOf(here, url)
    return source.state === 'in_force' && source.commit === commit
  })
}

/** The commit of the newest table. */
async function published(here: World, url: URL): Promise<string | undefined> {
  const answer = await here.get(url, '/api/v1/status')
  const { tables } = (await answer.json()) as { tables: { commit?: string }[] }
  return tables[0]?.commit
}

t.test('what is pushed is in force by the next poll, and the table names the commit', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  await inForce(here, url, second)
  console.log(await statusOf(here, url))
})
