import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { usualPace, waitAfter } from '../../../controller/channels/delivery/pace.ts'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores } from '../stores.ts'
import { until } from '../world.ts'
import { channel, channelWorld, persistent, quick, told } from './channel-world.ts'
import { receiver } from './receiver.ts'

const stores = await embeddedStores(t)
const webhook = (name: string, url: URL | string) =>
  channel(name, `{ type: webhook, url: "${url}" }`)

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

t.test('a channel is told of a question and of its end', async t => {
  const hook = await receiver(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hook.url))],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, sent)
  t.strictSame(request.notifications, [{ channel: 'hook', state: 'sent', attempts: 1 }])
  await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
  await world.notified(id, all => all.length === 2 && sent(all))
  t.strictSame(
    [0, 1].map(n => hook.json(n).type),
    ['approval.created', 'approval.resolved'],
  )
  await until(async () => (await world.approvals.history(id)).length === 5)
  const history = await world.approvals.history(id)
  t.strictSame(
    history.map(({ type }) => type),
    ['created', 'notified', 'vote', 'approved', 'notified'],
  )
  t.strictSame(history.at(-1), {
    ...history.at(-1),
    type: 'notified',
    by: 'hook',
    detail: 'resolved',
  })
})

t.test('a channel that is down for three tries is told at the fourth', async t => {
  const hook = await receiver(t)
  hook.reply = n => ({ status: n < 3 ? 503 : 200 })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hook.url))],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, sent)
  t.strictSame(request.notifications, [{ channel: 'hook', state: 'sent', attempts: 4 }])
  t.equal(request.state, 'pending', 'the question is untouched')
  t.equal(new Set(hook.received.map(({ headers }) => headers['webhook-id'])).size, 1)
})

t.test('a channel that never works is given up, and decides nothing', async t => {
  const hook = await receiver(t)
  hook.reply = () => ({ status: 500 })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hook.url))],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, ([first]) => first?.state === 'failed')
  t.strictSame(request.notifications, [
    { channel: 'hook', state: 'failed', attempts: 5, error: 'the address answered 500' },
  ])
  t.equal(request.state, 'pending')
  await until(async () => (await world.approvals.history(id)).length === 2)
  t.match((await world.approvals.history(id)).at(-1), {
    type: 'notification_failed',
    by: 'hook',
    detail: 'created: the address answered 500',
  })
  t.match(
    await world.approvals.decide(id, { decision: 'approve' }, person('ana')),
    { outcome: 'counted' },
    'it can be decided',
  )
  await sleep(100)
  t.equal(
    (await world.get(id)).notifications.length,
    1,
    'nobody who was not told is told of the end',
  )
})

t.test('what waits is sent by the next process, at worst twice', async t => {
  const hook = await receiver(t)
  hook.reply = () => 'hang'
  const texts = [told(webhook('hook', hook.url))]
  const store = await stores.open(t)
  const pace = { ...quick, timeoutMs: 3000 }
  const first = await channelWorld(t, { store, texts, pace })
  first.deliver()
  const { id } = await first.asked()
  await until(() => hook.received.length === 1)
  await store.close()
  hook.reply = () => ({})
  const second = await channelWorld(t, { store: await stores.again(t), texts })
  t.match((await second.get(id)).notifications, [{ state: 'waiting', attempts: 1 }])
  second.deliver()
  const request = await second.notified(id, sent)
  t.strictSame(request.notifications, [{ channel: 'hook', state: 'sent', attempts: 2 }])
  const [one, two] = hook.received.map(({ headers }) => headers['webhook-id'])
  t.equal(one, two, 'the receiver can tell that it is the same')
})

t.test('what a process that ended did not note down is found by the next one', async t => {
  const hook = await receiver(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hook.url))],
  })
  const { id: open } = await world.asked()
  const { id: over } = await world.asked({ digest: `sha256:${'1'.repeat(64)}` })
  const delivering = world.deliver()
  await world.notified(open, sent)
  await world.notified(over, sent)
  await delivering.stop()
  await world.approvals.decide(over, { decision: 'deny' }, person('ben'))
  world.deliver()
  await world.notified(over, all => all.length === 2 && sent(all))
  t.match(hook.json(2), { type: 'approval.resolved', data: { id: over, state: 'denied' } })
})

t.test('a channel that hangs holds no other up', async t => {
  const [hanging, well] = [await receiver(t), await receiver(t)]
  hanging.reply = () => 'hang'
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(`${webhook('hangs', hanging.url)}---${webhook('works', well.url)}`)],
    pace: { ...quick, inFlight: 3, timeoutMs: 20_000 },
  })
  world.deliver()
  const ids: string[] = []
  for (let i = 0; i < 6; i++) {
    ids.push((await world.asked({ digest: `sha256:${String(i).repeat(64)}` })).id)
  }
  await until(() => well.received.length === 6)
  t.strictSame(well.received.length, 6, 'every question reached the one that works')
  t.equal(hanging.received.length, 2, 'and two at a time hang')
})

t.test('an answer that does not come in time is a failure', async t => {
  const hanging = await receiver(t)
  hanging.reply = () => 'hang'
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hanging.url))],
    pace: { ...persistent, timeoutMs: 400 },
  })
  world.deliver()
  const { id } = await world.asked()
  const failing = await world.notified(id, ([first]) => first?.error !== undefined)
  t.match(failing.notifications, [{ state: 'waiting', error: 'there was no answer within 0.4 s' }])
  hanging.reply = () => ({})
  await world.notified(id, sent)
})

t.test('nothing is sent about a question that is over', async t => {
  const hook = await receiver(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(webhook('hook', hook.url))],
    pace: persistent,
  })
  hook.reply = () => ({ status: 500 })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, ([first]) => first?.error !== undefined)
  await world.approvals.cancel(id, 'not needed', person('ana'))
  const request = await world.notified(id, ([first]) => first?.state === 'failed')
  t.match(request.notifications, [{ error: 'the question was over before this was sent' }])
  t.equal(request.notifications.length, 1)
})

t.test('a secret that is not there is said to be missing, and tried again', async t => {
  const hook = await receiver(t)
  const secrets: Record<string, string> = {}
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(channel('hook', '{ type: webhook, secretRef: { name: hook, key: url } }'))],
    secrets,
    pace: persistent,
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, ([first]) => first?.error === 'the secret hook, key url, is not there')
  secrets['hook/url'] = `${hook.url}secret-path`
  await world.notified(id, sent)
  t.equal(hook.received[0]?.path, '/secret-path')
})

t.test('no address is shown where a failure is', async t => {
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(channel('hook', '{ type: webhook, secretRef: { name: hook, key: url } }'))],
    secrets: { 'hook/url': 'http://127.0.0.1:9/secret-path' },
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, ([first]) => first?.state === 'failed')
  t.match(request.notifications, [{ error: 'the address cannot be reached (ECONNREFUSED)' }])
  t.notMatch(JSON.stringify(world.log), /secret-path/)
})

t.test('escalation and reminders tell each in their turn', async t => {
  const hook = await receiver(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [
      told(
        webhook('hook', hook.url),
        '  timeout: 30d\n  escalation: { after: 1m, to: { users: [cleo] } }\n  reminders: [2m, 3m]',
      ),
    ],
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  for (const count of [2, 3, 4]) {
    world.clock.now += 61_000
    await world.approvals.sweep()
    await world.notified(id, all => all.length === count && sent(all))
  }
  t.strictSame(
    hook.received.map((_, n) => hook.json(n).type),
    ['approval.created', 'approval.escalated', 'approval.reminder', 'approval.reminder'],
  )
})

t.test('eight tries take about an hour', async t => {
  const waits = Array.from({ length: usualPace.attempts - 1 }, (_, i) =>
    waitAfter(i + 1, usualPace, () => 0),
  )
  t.strictSame(
    waits.map(ms => ms / 1000),
    [30, 60, 120, 240, 480, 960, 1920],
  )
})
