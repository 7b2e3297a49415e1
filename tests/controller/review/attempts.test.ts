import t from 'tap'
import { until } from '../world.ts'
import { pullWorld } from './pull-world.ts'
import { digitsOf, policy, replies, reviewedFiles, standing, wider } from './reviewed-policies.ts'

t.test('answers to changes that do not count', async t => {
  const at = await pullWorld(t, reviewedFiles, '{ workflow: widening, replay: 0s }')
  const { hub, repo, users } = at

  await t.test('attempts in vain change nothing and are written down', async t => {
    const pull = await at.propose(wider)
    const first = await at.reviewed(pull, 'open')
    const sha = await at.push(pull, { 'policies/deploy.yaml': `${policy('allow')}# again` })
    const review = await at.reviewed(pull, 'open')
    const approve = `/approve ${digitsOf(review)}`
    const before = await standing(at, sha)
    const bot = hub.bot('helper')
    const app = hub.app('helper-app')
    const cases: readonly (readonly [string, () => Promise<string>, string])[] = [
      ['an outsider', () => at.say(pull, users.mallory, approve), 'unknown_person'],
      ['the author', () => at.say(pull, users.dan, approve), 'own_change'],
      ['an owner who is no reviewer', () => at.say(pull, users.ana, approve), 'not_an_approver'],
      ['a bot', () => at.say(pull, bot, approve), 'not_a_person'],
      ['Writ itself', () => at.say(pull, hub.bot('writ'), approve), 'own_account'],
      ['an app', () => at.say(pull, users.ben, approve, { viaApp: app }), 'via_app'],
      [
        'an edited comment',
        () =>
          at.say(pull, users.ben, 'Looks good', {
            first: ({ id }) => hub.edit(id, users.ben, approve),
          }),
        'edited',
      ],
      [
        'a hidden comment',
        () => at.say(pull, users.ben, approve, { first: ({ id }) => hub.minimise(id) }),
        'minimised',
      ],
      [
        'a comment that is gone',
        () => at.say(pull, users.ben, approve, { first: ({ id }) => hub.remove(id, users.ben) }),
        'gone',
      ],
      ['a quoted comment', () => at.say(pull, users.ben, `> ${approve}`), 'malformed'],
      ['more than the command', () => at.say(pull, users.ben, `${approve} thanks`), 'malformed'],
      [
        'a digest of an older commit',
        () => at.say(pull, users.ben, `/approve ${digitsOf(first)}`),
        'outdated',
      ],
      [
        'a digest of nothing',
        () => at.say(pull, users.ben, '/approve 0123456789ab'),
        'wrong_digest',
      ],
    ]
    for (const [title, attempt, outcome] of cases) {
      t.equal(await attempt(), outcome, title)
      t.strictSame(await standing(at, sha), before, title)
    }
    hub.close(pull, users.dan)
    await at.tell()
    await until(async () => (await at.reviews())[0]?.state === 'void')
  })

  await t.test(
    'nobody can approve the branch of a fork, where it is unseen who pushed',
    async t => {
      const fork = hub.repository('mallory/policies', repo)
      const pull = await at.propose(wider, { by: users.mallory, from: fork })
      const review = await at.reviewed(pull, 'open')
      t.match(at.comment(pull), /cannot be approved as it is/)
      t.match(at.comment(pull), /Recorded calls are not shown/)
      const before = await standing(at, review.headSha)
      const approve = `/approve ${digitsOf(review)}`
      t.equal(await at.say(pull, users.ben, approve), 'foreign_head')
      t.strictSame(await standing(at, review.headSha), before)
      hub.close(pull, users.mallory)
      await at.tell()
    },
  )

  await t.test('a comment that Writ wrote and somebody edited is no question', async t => {
    const pull = await at.propose(wider)
    const review = await at.reviewed(pull, 'open')
    const own = hub.comments(pull).find(({ body }) => body.includes(review.digest))
    const lie = () => {
      hub.edit(own?.id ?? 0, users.dan, own?.body.replace('Widens', 'Narrows') ?? '')
    }
    const approve = `/approve ${digitsOf(review)}`
    lie()
    const outcome = await at.say(pull, users.ben, approve)
    // Writ may have put it right before it looked at the answer.
    t.ok(['question_altered', 'before_question'].includes(outcome), outcome)
    t.strictSame((await at.reviews())[0]?.votes, [])

    await t.test('not when Writ has put it right before it hears of the answer', async t => {
      lie()
      const opened = hub.deliveries.findLast(({ event }) => event === 'pull_request')
      if (opened === undefined) throw new Error('nothing was delivered')
      const late = await at.say(pull, users.ben, approve, {
        before: async () => {
          await at.send({ ...opened, id: 'another-look' })
          await until(() => at.comment(pull).includes('**Widens**'))
        },
      })
      t.equal(late, 'before_question')
      t.strictSame((await at.reviews())[0]?.votes, [])
      const second = Math.floor(Date.now() / 1000)
      await until(() => Math.floor(Date.now() / 1000) > second)
      t.equal(await at.say(pull, users.ben, approve), 'counted', 'what is said after that')
    })
    hub.close(pull, users.dan)
    await at.tell()
  })

  await t.test('a webhook that is sent again counts once', async t => {
    const pull = await at.propose(wider)
    const review = await at.reviewed(pull, 'open')
    t.equal(await at.say(pull, users.ben, `/approve ${digitsOf(review)}`), 'counted')
    const last = hub.deliveries.at(-1)
    if (last === undefined) throw new Error('nothing was delivered')
    await at.send(last)
    await at.send({ ...last, id: 'another-delivery' })
    await until(() => at.comment(pull).includes('waits for one approval'))
    t.equal((await at.reviews())[0]?.votes.length, 1)
    t.equal(hub.isGreen(repo, review.headSha), false)

    await t.test('and another commit makes it void, with a reply', async t => {
      await at.push(pull, { 'policies/deploy.yaml': `${policy('allow')}# once more` })
      const next = await at.reviewed(pull, 'open')
      t.strictSame(next.votes, [])
      await until(() => replies(at, pull).length > 0)
      t.match(replies(at, pull), [/another commit.*`[0-9a-f]{12}` are void/])
      t.equal(await at.say(pull, users.cleo, `/approve ${digitsOf(next)}`), 'counted')
      await until(() => at.comment(pull).includes('waits for one approval'))
    })
    hub.close(pull, users.dan)
    await at.tell()
  })
})
