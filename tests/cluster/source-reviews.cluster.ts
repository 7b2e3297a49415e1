import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { policyText } from '../controller/git/repositories.ts'
import { controllerPair, type Replica } from './controller-pair.ts'
import { type PolicyWorld, until } from './policy-world.ts'
import {
  digitsOf,
  type ReviewedSource,
  reviewed,
  reviewedSource,
  system,
} from './reviewed-sources.ts'

const guard = 'policies/guard.yaml'
const more = 'others/more.yaml'
const source = `${system}/main`

/** Two controllers, a repository that a source names, and words for what tests do with them; the reason when there is no PostgreSQL. */
async function reviewedCluster(t: Test) {
  const pair = await controllerPair(t, { args: ['--secrets', 'kubernetes'] })
  if (typeof pair === 'string') return pair
  const { leader, other } = await pair.leading()
  const at = await reviewedSource(t, pair.world, {
    [guard]: policyText('read_file', 'guard'),
    [more]: policyText('list_files', 'more'),
  })
  return { world: pair.world, leader, other, at, ...words(pair.world, at, other) }
}

function words({ get, condition }: PolicyWorld, at: ReviewedSource, other: Replica) {
  const isApplied = async (commit: string, name = 'main') => {
    const { status } = Object(await get('PolicySource', system, name))
    return status?.source?.commit === commit
  }
  const synced = async (name = 'main') => {
    const { status, reason } = (await condition('PolicySource', system, name, 'Synced')) ?? {}
    return `${status} ${reason}`
  }
  return {
    synced,
    applied: async (commit: string, name = 'main') => {
      await until(() => isApplied(commit, name))
      await until(async () => (await synced(name)) === 'True Applied')
    },
    /** Settles once what was written down of a commit is in the history of a namespace. */
    version: async (commit: string) => {
      const newest = async () => {
        const answer = await other.ask('/api/v1/policies/versions?namespace=team-a')
        const { versions } = Object(await answer.json())
        return versions.find(({ sources = [] }: { sources?: { commit: { id: string } }[] }) =>
          sources.some(one => one.commit.id === commit),
        )
      }
      await until(async () => (await newest())?.sources[0].review !== undefined)
      return newest()
    },
    /** The commit of each file of the table in force of `team-a`, as records name it. */
    commitsInForce: async () => {
      const { inForce } = Object(await (await other.ask('/api/v1/tables')).json())
      const release = inForce.find((one: { namespace: string }) => one.namespace === 'team-a')
      const { files } = Object(await (await other.ask(`/api/v1/tables/${release.digest}`)).json())
      const named = files.map((one: { path: string; commit?: string }) => [one.path, one.commit])
      return Object.fromEntries(named)
    },
    /** Has a person write a comment, of which the controller that does not lead is told. */
    say: async (pull: Parameters<ReviewedSource['asked']>[0], by: 'ben' | 'cleo', body: string) => {
      at.hub.write(pull, at.users[by], body)
      await at.tell(other.process.url)
    },
  }
}

t.test('changes of a source in a cluster are reviewed by what is in force there', async t => {
  const cluster = await reviewedCluster(t)
  if (typeof cluster === 'string') return t.comment(cluster)
  const { world, other, at, synced, applied, version, commitsInForce, say } = cluster
  const find = (pull: Parameters<typeof at.asked>[0], state: string) =>
    reviewed(at, other.ask, { pull, source, state })
  await at.put('main')

  await t.test('what nobody approved is not applied', async t => {
    await until(async () => (await synced()) === 'False commit_not_reviewed')
    t.equal(await world.get('AccessPolicy', 'team-a', 'guard'), null)
  })

  await t.test('a change shows all that is not in force, and is answered by a comment', async t => {
    const pull = await at.propose({ 'README.md': 'Ours.' })
    await at.tell(other.process.url)
    const asked = await find(pull, 'open')
    t.match(at.asked(pull), /PolicySource `writ-system\/main`/)
    t.match(at.asked(pull), /read_file/)
    await say(pull, 'ben', `/approve ${digitsOf(asked)}`)
    const approved = await find(pull, 'approved')
    t.match(approved.votes, [{ user: 'ben', decision: 'approve' }])
    const merged = await at.merge(pull)
    await at.tell(other.process.url)
    await applied(merged)
    t.match(await version(merged), {
      sources: [
        {
          source,
          commit: { id: merged, author: 'Ana' },
          review: { outcome: 'approved', approvers: [{ user: 'ben' }] },
        },
      ],
    })
  })

  await t.test('another state of what is in force makes answers void', async t => {
    const pull = await at.propose({ [guard]: policyText('write_file', 'guard') })
    await at.tell(other.process.url)
    const asked = await find(pull, 'open')
    await say(pull, 'ben', `/approve ${digitsOf(asked)}`)
    await find(pull, 'approved')
    await world.put('AccessPolicy', 'team-a', 'beside', {
      tools: [{ name: 'list_files', rules: [{ action: 'allow' }] }],
    })
    const again = await find(pull, 'open')
    t.not(again.digest, asked.digest)
    const merged = await at.merge(pull)
    await at.tell(other.process.url)
    await until(async () => (await synced()) === 'False commit_not_reviewed')
    t.match(await world.get('AccessPolicy', 'team-a', 'guard'), {
      spec: { tools: [{ name: 'read_file' }] },
    })

    const repair = await at.propose({ 'README.md': `Ours, on top of ${merged}.` })
    await at.tell(other.process.url)
    const last = await find(repair, 'open')
    await say(repair, 'cleo', `/approve ${digitsOf(last)}`)
    await find(repair, 'approved')
    const done = await at.merge(repair)
    await at.tell(other.process.url)
    await applied(done)
    t.match(await world.get('AccessPolicy', 'team-a', 'guard'), {
      spec: { tools: [{ name: 'write_file' }] },
      metadata: { labels: { 'writ.dev/commit': done } },
    })
    t.match(await version(done), { sources: [{ source, review: { outcome: 'approved' } }] })
    t.match(await commitsInForce(), {
      'team-a/accesspolicies/beside': 'generation-1',
      'team-a/accesspolicies/guard': `${done}@generation-2`,
    })
  })

  await t.test('a second source of the branch has a review of its own', async t => {
    await at.put('second', { path: 'others', review: { workflow: 'reviewers', replay: '0s' } })
    await until(async () => (await synced('second')) === 'True Applied')
    const pull = await at.propose({
      [guard]: policyText('read_file', 'guard'),
      [more]: policyText('more_files', 'more'),
    })
    await at.tell(other.process.url)
    const mine = await find(pull, 'open')
    const theirs = await reviewed(at, other.ask, {
      ...{ pull, source: `${system}/second`, state: 'open' },
    })
    await say(pull, 'ben', `/approve ${digitsOf(theirs)}`)
    await reviewed(at, other.ask, { pull, source: `${system}/second`, state: 'approved' })
    t.equal((await find(pull, 'open')).digest, mine.digest, 'and answers to one are for one')
  })
})

t.test('a webhook wakes a source, whichever controller it reaches', async t => {
  const cluster = await reviewedCluster(t)
  if (typeof cluster === 'string') return t.comment(cluster)
  const { at, other, applied } = cluster
  const bare = { forge: undefined, review: undefined }
  await at.put('main', { review: { workflow: 'reviewers', replay: '0s' } })
  await at.put('bare', { ...bare, path: 'others' })
  const first = (await at.there.git('rev-parse', 'HEAD')).trim()
  await applied(first)
  await applied(first, 'bare')

  const second = await at.push({ [guard]: policyText('write_file', 'guard') })
  await at.tell(other.process.url)
  await applied(second)

  const body = '{}'
  const send = (secret: string) =>
    fetch(new URL(`/api/v1/webhooks/git/${system}:bare`, other.process.url), {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
    })
  t.equal((await send('another secret')).status, 401)
  t.equal((await send('the secret of webhooks')).status, 202)
  await applied(second, 'bare')
})
