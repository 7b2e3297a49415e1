import { createHmac } from 'node:crypto'
import { rename } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { until, type World, world } from '../world.ts'
import {
  type Files,
  policyText,
  runGit,
  type TestRepository,
  testRepository,
} from './repositories.ts'
import { sshSigningKey } from './signing-keys.ts'

type Repository = NonNullable<ControllerOptions['repository']>

interface Installation {
  readonly there: TestRepository
  readonly here: World
  readonly url: URL
  /** Restarts the controller. */
  restart(): Promise<URL>
}

function repositoryAt({ url }: TestRepository, some: Partial<Repository> = {}): Repository {
  return { url: remoteUrl(url), branch: 'main', path: 'policies', intervalMs: 50, ...some }
}

/** A controller whose policies come from a repository. */
async function installation(t: Test, files: Files): Promise<Installation> {
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

async function statusOf(here: World, url: URL): Promise<Status> {
  return (await (await here.get(url, '/api/v1/status')).json()) as Status
}

/** Settles once a commit is in force, and gives the commits that the tables name. */
async function inForce(here: World, url: URL, commit: string) {
  await until(async () => {
    const { source } = await statusOf(here, url)
    return source.state === 'in_force' && source.commit === commit
  })
  return (await statusOf(here, url)).namespaces.map(({ commit }) => commit)
}

/** Settles once a problem is told, and gives the commits that the tables name. */
async function told(here: World, url: URL, code: string) {
  await until(async () => (await statusOf(here, url)).problems.list.some(has => has.code === code))
  const { source, namespaces } = await statusOf(here, url)
  return { state: source.state, commits: namespaces.map(({ commit }) => commit) }
}

t.test('what is pushed is in force by the next poll, and the table names the commit', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  t.strictSame(await inForce(here, url, second), [second])
})

t.test('a signed webhook wakes, and one that is not changes nothing', async t => {
  const { there, here, url, source } = await webhookInstallation(t)
  const body = JSON.stringify({ ref: 'refs/heads/main' })
  const send = async (name: string, headers: Record<string, string>) => {
    const answer = await fetch(new URL(`/api/v1/webhooks/git/${name}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    return answer.status
  }
  const signature = (secret: string) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  t.equal(await send('policies', {}), 401)
  t.equal(await send('policies', { 'x-hub-signature-256': signature('wrong') }), 401)
  t.equal(await send('policies', { 'x-hub-signature-256': 'sha256=00' }), 401)
  t.equal(await send('policies', { 'x-gitlab-token': 'wrong' }), 401)
  t.equal(await send('other', { 'x-hub-signature-256': signature('the-secret') }), 401)
  const both = { 'x-hub-signature-256': signature('wrong'), 'x-gitlab-token': 'the-secret' }
  t.equal(await send('policies', both), 401)
  t.equal((await statusOf(here, url)).source.commit, source)
  t.equal(await send('policies', { 'x-hub-signature-256': signature('the-secret') }), 202)
  t.strictSame(await inForce(here, url, second), [second])
  const third = await there.commit({ 'policies/a.yaml': policyText('three') })
  t.equal(await send('default:policies', { 'x-gitlab-token': 'the-secret' }), 202)
  t.strictSame(await inForce(here, url, third), [third])
})

/** A controller that polls once a day, and whose PolicySource names the secret of its webhooks. */
async function webhookInstallation(t: Test) {
  const there = await testRepository(t)
  const source = await there.commit({
    'policies/a.yaml': policyText('one'),
    'policies/source.yaml': sourceText(there.url),
  })
  const here = await world(t)
  const { url } = await here.startController({
    repository: repositoryAt(there, { intervalMs: 24 * 3_600_000 }),
    secrets: async (namespace, { name, key }) =>
      `${namespace} ${name} ${key}` === 'default policies webhook' ? 'the-secret' : null,
  })
  await inForce(here, url, source)
  return { there, here, url, source }
}

t.test('what goes wrong over there is named, and the last good tables stand', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  const stands = { state: 'broken', commits: [first] }
  await inForce(here, url, first)

  await there.commit({ 'policies/a.yaml': 'kind: [' })
  t.strictSame(await told(here, url, 'yaml'), stands)
  await there.commit({
    'policies/a.yaml': policyText('one'),
    'policies/b.yaml': { linkTo: '/etc' },
  })
  t.strictSame(await told(here, url, 'link_outside_source'), stands)
  await there.git('push', '--quiet', 'origin', 'main:refs/heads/other')
  await runGit(there.folder, ['symbolic-ref', 'HEAD', 'refs/heads/other'])
  await there.git('push', '--quiet', 'origin', ':main')
  t.strictSame(await told(here, url, 'branch_gone'), stands)
  await rename(there.folder, `${there.folder}.gone`)
  t.strictSame(await told(here, url, 'repository_gone'), stands)

  await rename(`${there.folder}.gone`, there.folder)
  const mended = await there.commit({
    'policies/a.yaml': policyText('two'),
    'policies/b.yaml': null,
  })
  t.strictSame(await inForce(here, url, mended), [mended])
})

t.test('a controller that starts while the repository is gone has what was in force', async t => {
  const { there, here, url, restart } = await installation(t, {
    'policies/a.yaml': policyText('one'),
  })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  t.strictSame(await inForce(here, url, first), [first])
  await rename(there.folder, `${there.folder}.gone`)
  const again = await restart()
  t.strictSame(await told(here, again, 'repository_gone'), { state: 'broken', commits: [first] })
  await rename(`${there.folder}.gone`, there.folder)
  t.strictSame(await inForce(here, again, first), [first])
})

t.test('a rewritten branch is taken and told', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  await inForce(here, url, second)
  await there.git('reset', '--quiet', '--hard', first)
  const third = await there.commit({ 'policies/a.yaml': policyText('three') })
  t.strictSame(await told(here, url, 'history_rewritten'), { state: 'in_force', commits: [third] })
})

t.test('signers are those in force, not those that a commit brings along', async t => {
  const ana = await sshSigningKey(t)
  const eve = await sshSigningKey(t)
  const there = await testRepository(t)
  const required = sourceText(there.url, 'signatures: { required: true }')
  const first = await there.commit(
    {
      'policies/a.yaml': policyText('one'),
      'policies/source.yaml': required,
      'policies/ana.yaml': userText('ana', ana.publicKey),
    },
    { config: ana.config },
  )
  const here = await world(t)
  const { url } = await here.startController({ repository: repositoryAt(there) })
  t.strictSame(await inForce(here, url, first), [first])
  const stands = { state: 'broken', commits: [first] }

  await there.commit({ 'policies/source.yaml': sourceText(there.url) })
  t.strictSame(await told(here, url, 'commit_unsigned'), stands)
  await there.commit(
    { 'policies/source.yaml': required, 'policies/eve.yaml': userText('eve', eve.publicKey) },
    { config: eve.config },
  )
  t.strictSame(await told(here, url, 'signer_unknown'), stands)
  await there.git('reset', '--quiet', '--hard', first)
  const second = await there.commit(
    { 'policies/a.yaml': policyText('two') },
    { config: ana.config },
  )
  t.strictSame(await inForce(here, url, second), [second])

  await there.git('push', '--quiet', '--force', 'origin', `${first}:refs/heads/main`)
  t.strictSame(await told(here, url, 'history_rewritten'), { state: 'broken', commits: [second] })
})

function userText(name: string, key: string): string {
  const identities = JSON.stringify({ signingKeys: [key] })
  return `apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: ${name} }\nspec: { identities: ${identities} }\n`
}

function sourceText(url: string, more = ''): string {
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
