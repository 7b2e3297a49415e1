import t from 'tap'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, reviewedFiles, wider } from './reviewed-policies.ts'

const settings = '{ workflow: widening, requireApproved: true, replay: 0s }'

t.test('where only what was approved is taken', async t => {
  const at = await pullWorld(t, reviewedFiles, settings)
  const { hub, repo, users } = at

  const pull = await at.propose(wider)
  await at.reviewed(pull, 'open')
  const unreviewed = await at.merge(pull, users.dan)
  await until(async () => (await at.source()).state === 'broken')
  t.match(await at.problems(), [{ code: 'commit_not_reviewed' }])
  t.equal(await at.history(unreviewed), undefined)

  const next = await at.propose({ 'README.md': 'To be looked at.\n' }, { by: users.ana })
  const review = await at.reviewed(next, 'open')
  t.match(at.comment(next), /\*\*Widens\*\*/)
  await at.say(next, users.ben, `/approve ${digitsOf(review)}`)
  await at.say(next, users.cleo, `/approve ${digitsOf(review)}`)
  await until(() => hub.isGreen(repo, review.headSha))
  const merged = await at.merge(next, users.ana)
  await at.inForce(merged)
  // What brought a commit is found out once it is in force.
  const origin = async () => Object(await at.history(merged)).review
  await until(async () => (await origin()) !== undefined)
  t.match(await origin(), { outcome: 'approved' })
})
