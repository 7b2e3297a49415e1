import t from 'tap'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, narrower, policy, reviewedFiles } from './reviewed-policies.ts'

t.test('reviews of a controller that comes as an app', async t => {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening, replay: 0s }', {
    asApp: true,
  })
  const { hub, repo, users } = at

  await t.test('what does not compile is remarked at its file and line', async t => {
    const broken = policy('allow').replace('deploy_app', '[]')
    const pull = await at.propose({ 'policies/deploy.yaml': broken })
    const sha = pull.pull?.headSha ?? ''
    await until(() => hub.checkRuns(repo, sha).some(({ status }) => status === 'completed'))
    const [run, ...others] = hub.checkRuns(repo, sha)
    t.strictSame(others, [])
    t.match(run, {
      ...{ app: { slug: 'writ' }, name: 'writ/policy', conclusion: 'failure' },
      annotations: [
        { path: 'policies/deploy.yaml', start_line: 7, end_line: 7, annotation_level: 'failure' },
      ],
    })
    t.equal(run?.annotations.length, 1)
    t.match(
      hub.comments(pull).map(({ author, body }) => [author?.login, body]),
      [['writ[bot]', /error at `policies\/deploy.yaml:7`/]],
    )
    await until(() => hub.statuses(repo, sha).length > 0)
    t.match(hub.statuses(repo, sha), [{ state: 'failure', context: 'writ/policy' }])
    t.equal(hub.isGreen(repo, sha), false)

    const mended = await at.push(pull, narrower)
    const review = await at.reviewed(pull, 'open')
    await until(() => hub.checkRuns(repo, mended).length > 0)
    t.match(hub.checkRuns(repo, mended), [{ status: 'in_progress', annotations: [] }])
    t.equal(await at.say(pull, users.ben, `/approve ${digitsOf(review)}`), 'counted')
    await until(() => hub.isGreen(repo, mended))
    t.match(hub.checkRuns(repo, mended).at(-1), { conclusion: 'success' })
  })
})
