import t, { type Test } from 'tap'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import { type Files, testRepository } from '../git/repositories.ts'
import { pullWorld } from '../review/pull-world.ts'
import { policy, reviewedFiles } from '../review/reviewed-policies.ts'
import { tokens, until, type World, world } from '../world.ts'

interface Version {
  readonly id: number
  readonly namespace: string
  readonly commit?: { readonly id: string; readonly subject?: string }
}

async function versions(here: World, url: URL): Promise<readonly Version[]> {
  const answer = await here.get(url, '/api/v1/policies/versions?namespace=default')
  return ((await answer.json()) as { versions: readonly Version[] }).versions
}

async function rollBack(url: URL, id: number) {
  const answer = await fetch(new URL(`/api/v1/policies/versions/${id}/rollback`, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'Too much went through.' }),
  })
  return { status: answer.status, body: await answer.json() }
}

const owner = `apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner] }
`

/** A controller with policies of a repository, where a second commit is in force. */
async function twoVersions(t: Test, second: Files) {
  const there = await testRepository(t)
  await there.commit({ 'policies/a.yaml': policy('deny'), 'policies/people.yaml': owner })
  const here = await world(t)
  const repository = { url: remoteUrl(there.url), branch: 'main', path: 'policies', intervalMs: 50 }
  const { url } = await here.startController({ repository, operator: 'ana' })
  await until(async () => (await versions(here, url)).length === 1)
  const commit = await there.commit(second, { message: 'Let it deploy' })
  await until(async () => (await versions(here, url))[0]?.commit?.id === commit)
  return { there, here, url, commit }
}

t.test('without a forge the branch is pushed, and main stays as it is', async t => {
  const { there, here, url, commit } = await twoVersions(t, { 'policies/a.yaml': policy('allow') })
  const [newest, first] = await versions(here, url)
  t.match(newest, { commit: { id: commit, subject: 'Let it deploy' } })
  const branch = `writ/rollback-default-${first?.id}`
  const { status, body } = await rollBack(url, first?.id ?? 0)
  t.match(
    { status, body },
    {
      status: 200,
      body: {
        files: [{ path: 'policies/a.yaml', change: 'written' }],
        plan: { narrows: 'proved' },
        proposal: { kind: 'branch', where: 'remote', branch },
      },
    },
  )
  await there.git('fetch', '--quiet', 'origin')
  t.equal(
    (await there.git('show', `origin/${branch}:policies/a.yaml`)).trim(),
    policy('deny').trim(),
  )
  t.equal((await there.git('rev-parse', 'origin/main')).trim(), commit)
  // The same commit, of the same second, would be the same proposal.
  const second = Math.floor(Date.now() / 1000)
  await until(() => Math.floor(Date.now() / 1000) > second)
  t.match((await rollBack(url, first?.id ?? 0)).body, { proposal: { branch: `${branch}-2` } })
})

t.test('with a forge a pull request is opened, and says why and for whom', async t => {
  const review = '{ workflow: widening }'
  const w = await pullWorld(t, reviewedFiles, review, { operator: 'ana' })
  const { here, url, there, hub, repo, users } = w
  await until(async () => (await versions(here, url)).length > 0)
  const second = await there.commit({ 'policies/deploy.yaml': policy('allow') })
  hub.push(repo, users.ana, 'main', second)
  await until(async () => (await versions(here, url))[0]?.commit?.id === second)
  const past = (await versions(here, url)).find(({ commit }) => commit?.id !== second)
  const branch = `writ/rollback-default-${past?.id}`
  // The stand-in knows no git: that the branch will be there it has to be told.
  hub.push(repo, users.ana, branch, second)
  const { body } = await rollBack(url, past?.id ?? 0)
  t.match(body, { proposal: { kind: 'pull_request', branch, number: Number, url: /pull\/\d+$/ } })
  const opened = hub.deliveries.findLast(({ event }) => event === 'pull_request')
  t.match(opened?.payload, {
    action: 'opened',
    pull_request: {
      title: `Roll default back to version ${past?.id}`,
      body: /Too much went through\.\s+Asked for by ana\./,
      head: { ref: branch },
      base: { ref: 'main' },
    },
  })
})
