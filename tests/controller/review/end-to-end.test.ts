import t from 'tap'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, narrower, replies, reviewedFiles, wider } from './reviewed-policies.ts'

t.test('changes from proposal to force', async t => {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening }')
  const { hub, repo, users } = at

  await t.test(
    'a change that widens is shown, approved by the right people, and merged',
    async t => {
      const other = await at.propose(narrower, { by: users.ana })
      const elsewhere = await at.reviewed(other, 'open')
      const pull = await at.propose(wider)
      const review = await at.reviewed(pull, 'open')
      const sha = review.headSha
      t.equal(hub.isGreen(repo, sha), false)
      t.match(at.comment(pull), /waits for 2 approvals/)
      t.match(at.comment(pull), /\*\*Widens\*\* \(1\)/)
      t.match(at.comment(pull), /for example `\{"tool":"deploy_app".*needs approval.*now allowed/)
      t.match(at.comment(pull), /recorded calls would be decided differently/)
      t.match(at.comment(pull), new RegExp(`^/approve ${digitsOf(review)}$`, 'm'))
      t.equal(await at.say(pull, users.ben, `/approve ${digitsOf(review)}`), 'counted')
      await until(() => at.comment(pull).includes('waits for one approval'))
      t.equal(hub.isGreen(repo, sha), false)
      t.equal(await at.say(pull, users.cleo, `/approve ${digitsOf(review)}`), 'counted')
      await until(() => hub.isGreen(repo, sha))
      t.match(await at.reviewed(pull, 'approved'), { votes: [{ user: 'ben' }, { user: 'cleo' }] })
      t.equal(await at.say(other, users.ben, `/approve ${digitsOf(elsewhere)}`), 'counted')
      await until(() => hub.isGreen(repo, elsewhere.headSha))

      const merged = await at.merge(pull, users.ana)
      await at.inForce(merged)
      await at.reviewed(pull, 'merged')
      t.match(await at.history(merged), {
        commit: { id: merged },
        review: {
          outcome: 'approved',
          change: { number: pull.number, author: { login: 'dan' }, mergedBy: { login: 'ana' } },
          digest: review.digest,
          approvers: [
            { user: 'ben', account: { login: 'ben' } },
            { user: 'cleo', account: { login: 'cleo' } },
          ],
        },
      })

      await t.test('which makes answers to other changes void', async t => {
        await until(() => replies(at, other).length > 0)
        t.match(replies(at, other), [/are void/])
        await until(() => !hub.isGreen(repo, elsewhere.headSha))
        t.match(at.comment(other), /the branch has to be brought up to date/)
        hub.close(other, users.ana)
        await at.tell()
      })
    },
  )

  await t.test('a change that is proved to narrow needs one person', async t => {
    const pull = await at.propose(narrower)
    const review = await at.reviewed(pull, 'open')
    t.equal(review.narrows, 'proved')
    t.match(at.comment(pull), /waits for one approval/)
    t.equal(await at.say(pull, users.cleo, `/approve ${digitsOf(review)}`), 'counted')
    await until(() => hub.isGreen(repo, review.headSha))
    t.equal(await at.say(pull, users.ben, `/deny ${digitsOf(review)}`), 'counted')
    await until(() => !hub.isGreen(repo, review.headSha))
    t.match(at.comment(pull), /Policy review: denied/)

    await t.test('and a merge of what nobody approved is told as such', async t => {
      const merged = await at.merge(pull, users.ana)
      await at.inForce(merged)
      await at.reviewed(pull, 'merged')
      t.match(await at.history(merged), {
        review: { outcome: 'unreviewed', change: { number: pull.number }, approvers: [] },
      })
    })
  })
})
