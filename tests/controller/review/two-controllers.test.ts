import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Account, Issue } from '../github/github-state.ts'
import { postgresStores } from '../stores.ts'
import { until } from '../world.ts'
import { type PullWorld, pullWorld } from './pull-world.ts'
import { digitsOf, policy, replies, reviewedFiles } from './reviewed-policies.ts'

const newKey = () =>
  String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }))
const signingKey = newKey()
const checkpoints = { key: newKey() }

/** Two controllers on one store, which look at the changes of one repository. */
async function pair(t: Test, databaseUrl: string) {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening, replay: 0s }', {
    ...{ databaseUrl, signingKey, checkpoints },
  })
  const other = await at.another()
  const inForce = () => other.here.log.some(({ message }) => message === 'source in force')
  await until(inForce)
  return { at, other }
}

/** Comments of Writ with the state of the review. */
function shown({ hub }: PullWorld, pull: Issue): readonly string[] {
  const isReview = ({ body }: { readonly body: string }) => body.startsWith('<!-- writ:review -->')
  return hub
    .comments(pull)
    .filter(isReview)
    .map(({ body }) => /Policy review: (.*)/.exec(body)?.[1] ?? '')
}

/** Settles when both controllers have looked at a commit to the end. */
async function bothLooked({ hub }: PullWorld, sha: string): Promise<void> {
  const asked = `GET /repos/acme/policies/commits/${sha}/statuses`
  await until(() => hub.requests.filter(request => request === asked).length >= 2)
}

const stores = await postgresStores(t)

if (typeof stores === 'string') t.pass('not tried', { skip: stores })
else {
  t.test('two controllers that look at one repository', async t => {
    await stores.empty()
    const { at, other } = await pair(t, stores.url ?? '')
    const { hub, repo, users } = at
    const wider = (more = '') => ({ 'policies/deploy.yaml': `${policy('allow')}${more}` })
    /** Writes at once, and tells each controller of one of them. */
    const both = async (pull: Issue, ...said: readonly (readonly [Account, string, URL])[]) => {
      const written = said.map(([by, body, url]) => {
        hub.write(pull, by, body)
        const delivery = hub.deliveries.at(-1)
        if (delivery === undefined) throw new Error('nobody was told')
        return { delivery, url }
      })
      await Promise.all(written.map(({ delivery, url }) => at.send(delivery, url)))
    }

    await t.test('have one comment and one check for each change', async t => {
      const pulls: Issue[] = []
      for (const more of ['# a', '# b', '# c', '# d']) pulls.push(await at.propose(wider(more)))
      for (const pull of pulls) {
        const { headSha } = await at.reviewed(pull, 'open')
        await bothLooked(at, headSha)
        t.strictSame(shown(at, pull), ['waits for 2 approvals'])
        t.match(hub.statuses(repo, headSha), [{ state: 'pending' }])
        t.equal(hub.statuses(repo, headSha).length, 1)
        hub.close(pull, users.dan)
      }
      t.equal((await at.reviews()).length, pulls.length)
      await at.tell()
    })

    await t.test('count the answers that each of them hears of', async t => {
      const pull = await at.propose(wider())
      const review = await at.reviewed(pull, 'open')
      const approve = `/approve ${digitsOf(review)}`
      await both(pull, [users.ben, approve, at.url], [users.cleo, approve, other.url])
      const { votes } = await at.reviewed(pull, 'approved')
      t.strictSame(votes.map(({ user }) => user).sort(), ['ben', 'cleo'])
      await until(
        () => hub.isGreen(repo, review.headSha) && shown(at, pull)[0] === 'approved by 2 people',
      )
      t.strictSame(shown(at, pull), ['approved by 2 people'])

      await t.test('and tell once that a commit made them void', async t => {
        const [next] = await Promise.all([
          at.push(pull, wider('# once more')),
          both(pull, [users.ana, `/deny ${digitsOf(review)}`, other.url]),
        ])
        const { headSha } = await at.reviewed(pull, 'open')
        t.equal(headSha, next)
        await bothLooked(at, next)
        t.strictSame(shown(at, pull), ['waits for 2 approvals'])
        t.equal(replies(at, pull).length, 1)
        t.equal(hub.isGreen(repo, next), false)
      })
    })
  })
}
