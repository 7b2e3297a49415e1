import t from 'tap'
import type { ForgeEvent } from '../../../controller/forge/forge-event.ts'
import { Deliveries } from '../../../controller/github/deliveries.ts'
import { everyStore } from '../stores.ts'
import { webhookExamples } from './webhook-examples.ts'
import { secretsOf, webhookWorld } from './webhook-world.ts'

const repository = { full_name: 'acme/policies' }
const comment = { action: 'created', issue: { number: 7 }, comment: { id: 3_000_000_001 } }
const unknown =
  'The signature is not by the webhook secret of a repository that something in force names.'

everyStore(t, async (t, stores) => {
  t.test('a webhook that is signed wakes, once', async t => {
    const { events, post, logged } = await webhookWorld(t, await stores.empty())
    const taken = [202, 'taken']
    t.strictSame(await post('issue_comment', { ...comment, repository }, { id: 'a-1' }), taken)
    t.strictSame(await post('push', { ref: 'refs/heads/main', repository }, { id: 'a-2' }), taken)
    const pull = { action: 'opened', number: 7, pull_request: { number: 7 }, repository }
    t.strictSame(await post('pull_request', pull, { id: 'a-3' }), taken)
    t.strictSame(await post('ping', { zen: '', repository }, { id: 'a-4' }), taken)
    t.strictSame(await post('pull_request', pull, { id: 'a-3' }), [202, 'duplicate'])
    const elsewhere = { ...comment, repository: { full_name: 'ACME/app' } }
    const secret = secretsOf.channel ?? ''
    t.strictSame(await post('issue_comment', elsewhere, { id: 'a-5', secret }), taken)
    t.strictSame(events, [
      {
        ...{ kind: 'comment', repository: 'acme/policies', deliveryId: 'a-1', number: 7 },
        commentId: 3_000_000_001,
      },
      { kind: 'push', repository: 'acme/policies', deliveryId: 'a-2' },
      { kind: 'change', repository: 'acme/policies', deliveryId: 'a-3', number: 7 },
      { kind: 'ping', repository: 'acme/policies', deliveryId: 'a-4' },
      {
        ...{ kind: 'comment', repository: 'ACME/app', deliveryId: 'a-5', number: 7 },
        commentId: 3_000_000_001,
      },
    ])
    t.strictSame(logged, [])
  })

  t.test('what nobody cares about is ignored', async t => {
    const { events, post } = await webhookWorld(t, await stores.empty())
    const ignored = [202, 'ignored']
    t.strictSame(
      await post('issue_comment', { ...comment, action: 'deleted', repository }),
      ignored,
    )
    t.strictSame(await post('star', { action: 'created', repository }), ignored)
    t.strictSame(await post('pull_request', { action: 'opened', repository }), ignored)
    t.strictSame(events, [])
  })

  t.test('a webhook that is not signed by who knows the secret is refused', async t => {
    const { events, post, logged, clock, db } = await webhookWorld(t, await stores.empty())
    const body = { ...comment, repository }
    const refused = [401, unknown]
    const { channel = '' } = secretsOf
    const about = (name: string) => ({ ...comment, repository: { full_name: name } })
    const tries: [unknown, Parameters<typeof post>[2]][] = [
      [body, { secret: 'wrong' }],
      [body, { secret: channel }],
      [body, { headers: { 'x-hub-signature-256': '' } }],
      [body, { headers: { 'x-hub-signature-256': 'sha256=' } }],
      [body, { headers: { 'x-github-delivery': 'not an id' } }],
      [body, { headers: { 'x-github-event': '' } }],
      [about('acme/unsigned'), {}],
      [about('acme/nothing'), {}],
      [comment, {}],
      ['not JSON', {}],
      ['['.repeat(100_000), {}],
    ]
    for (const [payload, some] of tries) {
      t.strictSame(await post('issue_comment', payload, some), refused)
      clock.now += 60_000
    }
    t.strictSame(events, [])
    t.strictSame(logged, Array(tries.length).fill('webhook without a signature that is known'))
    t.strictSame(await db.selectFrom('forge_deliveries').selectAll().execute(), [])
  })

  t.test('who keeps on without a signature is asked to wait, and others are not', async t => {
    const { post } = await webhookWorld(t, await stores.empty())
    const tries: unknown[] = []
    for (let n = 0; n < 11; n += 1) {
      tries.push((await post('ping', { repository }, { secret: 'wrong' }))[0])
    }
    t.strictSame(tries, [...Array(10).fill(401), 429])
    t.strictSame(await post('ping', { repository }), [202, 'taken'])
  })

  t.test('a delivery is remembered for 14 days', async t => {
    const { post, clock, events } = await webhookWorld(t, await stores.empty())
    const day = 24 * 3_600_000
    t.strictSame(await post('ping', { repository }), [202, 'taken'])
    clock.now += 14 * day
    t.strictSame(await post('ping', { repository }), [202, 'duplicate'])
    clock.now += 1
    t.strictSame(await post('ping', { repository }), [202, 'taken'])
    t.equal(events.length, 2)
  })

  t.test('other controllers on the store hear of it', async t => {
    const { post, db, deliveries, events } = await webhookWorld(t, await stores.empty())
    const heard: ForgeEvent[] = []
    const other = new Deliveries({ db, now: Date.now, tell: event => heard.push(event) })
    await post('ping', { repository }, { id: 'before' })
    await other.look()
    await deliveries.look()
    await post('issue_comment', { ...comment, repository }, { id: 'after' })
    await post('push', { repository }, { id: 'later' })
    for (let n = 0; n < 2; n += 1) {
      await other.look()
      await deliveries.look()
    }
    t.strictSame(heard, events.slice(1))
    t.equal(events.length, 3)
    const again = { kind: 'push', repository: 'acme/policies', deliveryId: 'later' } as const
    t.equal(await other.take(again), false)
  })

  t.test("GitHub's own examples are understood", async t => {
    const bodies = Object.keys(kinds).flatMap(name =>
      webhookExamples(name).map(payload => ({ name, payload })),
    )
    t.equal(bodies.length, 49)
    const { events, post } = await webhookWorld(t, await stores.empty())
    for (const [at, { name, payload }] of bodies.entries()) {
      events.length = 0
      const known = { ...payload, repository: { ...payload.repository, ...repository } }
      await post(name, known, { id: `${at}` })
      const number = payload.pull_request?.number ?? payload.issue?.number
      const told = {
        ...{ kind: kinds[name], repository: 'acme/policies', deliveryId: `${at}` },
        ...(number !== undefined && { number }),
        ...(payload.comment && { commentId: payload.comment.id }),
      }
      const gone = name === 'issue_comment' && payload.action === 'deleted'
      t.strictSame(events, gone ? [] : [told], `${name} ${payload.action ?? ''}`)
    }
  })
})

const kinds: Readonly<Record<string, ForgeEvent['kind']>> = {
  ...{ push: 'push', ping: 'ping', pull_request: 'change', issue_comment: 'comment' },
}
