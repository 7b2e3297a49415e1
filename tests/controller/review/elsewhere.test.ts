import t from 'tap'
import { githubStub } from '../github/github-stub.ts'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, reviewedFiles, standing, wider } from './reviewed-policies.ts'

/** A channel whose thread is watched for answers. */
function channel(name: string, repository: string, apiUrl: string, key: string): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: ${name} }
spec:
  type: github
  repository: ${repository}
  thread: 1
  secretRef: { name: github, key: ${key} }
  signingSecretRef: { name: github, key: webhook }
  apiUrl: ${apiUrl}
`
}

t.test('a change is answered where it is, and nowhere else', async t => {
  // As far as its numbers go this forge is the same: of accounts, of the change, and the names.
  const other = await githubStub(t)
  const people = ['ana', 'ben', 'cleo', 'dan', 'mallory'].map(login => other.user(login))
  const theirs = other.repository('acme/policies')
  const elsewhere = other.open(theirs, {
    ...{ by: other.user('dan'), branch: 'wider', sha: 'a'.repeat(40), baseSha: 'b'.repeat(40) },
  })
  const secrets = { elsewhere: other.token(other.bot('writ')) }
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening, replay: 0s }', { secrets })
  const { hub, repo, users, there } = at
  t.strictSame(
    people.map(({ id }) => id),
    Object.values(users).map(({ id }) => id),
  )
  const channels = [
    channel('elsewhere', 'acme/policies', other.apiUrl, 'elsewhere'),
    channel('app', 'acme/app', hub.apiUrl, 'token'),
  ]
  const app = hub.repository('acme/app')
  const beside = hub.open(app, {
    ...{ by: users.dan, branch: 'wider', sha: 'a'.repeat(40), baseSha: 'b'.repeat(40) },
  })
  const commit = await there.commit({ 'policies/channels.yaml': channels.join('---') })
  hub.push(repo, users.ana, 'main', commit)
  await at.tell()
  await at.inForce(commit)

  const pull = await at.propose(wider)
  t.strictSame([pull.number, beside.number, elsewhere.number], [1, 1, 1])
  const review = await at.reviewed(pull, 'open')
  const before = await standing(at, review.headSha)
  const shown = at.comment(pull)
  const approve = `/approve ${digitsOf(review)}`
  /** What became of a comment, wherever it was looked for. */
  const outcomes = (id: number) =>
    at.here.log
      .filter(({ message, fields }) => message === 'command in a comment' && fields.comment === id)
      .map(({ fields }) => String(fields.outcome))
      .sort()

  await t.test('not in another repository', async t => {
    const comment = hub.write(beside, users.ben, approve)
    const delivery = hub.deliveries.at(-1)
    if (delivery === undefined) throw new Error('nobody was told')
    await at.send(delivery)
    await until(() => outcomes(comment.id).length > 0)
    t.strictSame(outcomes(comment.id), ['unavailable'])
    t.strictSame(await standing(at, review.headSha), before)
  })

  await t.test('not at another forge, whose repository has the same name', async t => {
    // No comment here has the number of the one over there.
    for (let i = 0; i < 200; i += 1) other.ask(theirs, other.user('ana'))
    const comment = other.write(elsewhere, other.user('ben'), approve)
    const delivery = other.deliveries.at(-1)
    if (delivery === undefined) throw new Error('nobody was told')
    await at.send(delivery)
    await until(() => outcomes(comment.id).length === 2)
    t.strictSame(outcomes(comment.id), ['gone', 'unavailable'])
    t.strictSame(await standing(at, review.headSha), before)
  })

  t.equal(at.comment(pull), shown)
  const comment = hub.write(pull, users.ben, approve)
  await at.tell()
  await until(() => outcomes(comment.id).length === 2)
  t.strictSame(outcomes(comment.id), ['counted', 'gone'], 'the same words count where it is')
})
