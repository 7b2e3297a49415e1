import t from 'tap'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, policy, reviewedFiles, wider } from './reviewed-policies.ts'

t.test('what a change is reviewed for', async t => {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening, replay: 0s }')
  const { hub, repo, users, there } = at

  await t.test('who proposes to be a reviewer is none until that is in force', async t => {
    const people = await there.git('show', 'main:policies/people.yaml')
    const mallory = `---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: mallory }
spec: { identities: { github: { id: ${users.mallory.id} } } }
`
    const files = {
      ...wider,
      'policies/people.yaml': people.replace('[ben, cleo, dan]', '[ben, mallory]') + mallory,
    }
    const pull = await at.propose(files, { by: users.dan })
    const review = await at.reviewed(pull, 'open')
    t.match(at.comment(pull), /waits for 2 approvals/)
    const approve = `/approve ${digitsOf(review)}`
    t.equal(await at.say(pull, users.mallory, approve), 'unknown_person')
    t.strictSame((await at.reviews())[0]?.votes, [])
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('only a change of people is reviewed like one that widens', async t => {
    const people = await there.git('show', 'main:policies/people.yaml')
    const files = {
      'policies/people.yaml': people.replace('approvalsRequired: 2', 'approvalsRequired: 1'),
    }
    const pull = await at.propose(files)
    const review = await at.reviewed(pull, 'open')
    t.equal(review.narrows, 'unproven')
    t.match(at.comment(pull), /waits for 2 approvals/)
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('what does not compile is red, with remarks at the lines', async t => {
    const broken = policy('allow').replace('deploy_app', '[]')
    const pull = await at.propose({ 'policies/deploy.yaml': broken })
    const sha = pull.pull?.headSha ?? ''
    await until(() => at.comment(pull).includes('the policies have problems'))
    await until(() => hub.statuses(repo, sha).length > 0)
    t.match(hub.statuses(repo, sha).at(-1), { state: 'failure', context: 'writ/policy' })
    t.match(at.comment(pull), /error at `policies\/deploy.yaml:7`/)
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('what touches no policy is green at once', async t => {
    const pull = await at.propose({ 'README.md': 'Policies of Acme, and more.\n' })
    await until(() => hub.isGreen(repo, pull.pull?.headSha ?? ''))
    t.match(at.comment(pull), /no policy changes/)
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('a change that cannot be had yet is looked at until it can', async t => {
    await there.git('checkout', '--quiet', 'main')
    const baseSha = (await there.git('rev-parse', 'main')).trim()
    const sha = await there.commit(wider, { branch: 'late' })
    const pull = hub.open(repo, { by: users.dan, branch: 'late', sha, baseSha, title: 'Late' })
    await at.tell()
    const missed = ({ message }: { message: string }) => message === 'changes not reviewed'
    await until(() => at.here.log.some(missed))
    t.equal(at.comment(pull), '', 'nothing is said meanwhile')
    await there.git('push', '--quiet', '--force', 'origin', `${sha}:refs/pull/${pull.number}/head`)
    await at.reviewed(pull, 'open')
    t.match(at.comment(pull), /waits for 2 approvals/)
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('a change that can never be had is said to be gone', async t => {
    const [baseSha, sha] = [(await there.git('rev-parse', 'main')).trim(), 'd'.repeat(40)]
    const pull = hub.open(repo, { by: users.dan, branch: 'never', sha, baseSha, title: 'Never' })
    await at.tell()
    await until(() => at.comment(pull).includes('There is no such pull request.'))
    t.equal(hub.isGreen(repo, sha), false)
    hub.close(pull, users.dan)
    await at.tell()
  })
})
