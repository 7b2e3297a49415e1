import { createHmac } from 'node:crypto'
import t from 'tap'
import { webhookSignature } from '../../../controller/channels/webhook/webhook-signature.ts'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores } from '../stores.ts'
import { channel, channelWorld, told } from './channel-world.ts'
import { receiver } from './receiver.ts'

const stores = await embeddedStores(t)
const key = Buffer.from('a key that is long enough to be one')
const secret = `whsec_${key.toString('base64')}`

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

t.test('the signature is that of the published example', async t => {
  // Libraries of standard-webhooks/standard-webhooks test themselves with this one.
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
  const signed = { id, timestamp: 1614265330, body: '{"test": 2432232314}' }
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  t.equal(webhookSignature(signed, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), expected)
  t.not(webhookSignature({ ...signed, timestamp: 1614265331 }, secret), expected)
})

t.test('a request is posted whole, signed and named', async t => {
  const hook = await receiver(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [
      told(
        channel(
          'hook',
          `{ type: webhook, url: "${hook.url}in?x=1", signingSecretRef: { name: hook, key: secret },
        headers: { X-Team: finance, Webhook-Id: mine, Content-Type: text/plain } }`,
        ),
      ),
    ],
    secrets: { 'hook/secret': secret },
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  const [got] = hook.received
  t.equal(got?.path, '/in?x=1')
  const { headers } = got!
  const timestamp = Number(headers['webhook-timestamp'])
  t.ok(Math.abs(Date.now() / 1000 - timestamp) < 60)
  t.match(headers['webhook-id'], /^msg_[0-9a-f]{32}$/)
  const content = `${headers['webhook-id']}.${timestamp}.${got?.body}`
  const expected = createHmac('sha256', key).update(content).digest('base64')
  t.equal(headers['webhook-signature'], `v1,${expected}`)
  t.match(headers, { 'content-type': 'application/json', 'x-team': 'finance' })
  const { notifications: _, ...request } = await world.get(id)
  t.match(hook.json(0), {
    type: 'approval.created',
    timestamp: request.requestedAt,
    data: request,
  })
  await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
  await world.notified(id, all => all.length === 2 && sent(all))
  t.match(hook.json(1), {
    type: 'approval.resolved',
    data: { id, state: 'approved', votes: [{ user: 'ana' }] },
  })
  t.not(hook.received[1]?.headers['webhook-id'], headers['webhook-id'])
})

t.test('a redirect is a failure and is not followed', async t => {
  const [hook, elsewhere] = [await receiver(t), await receiver(t)]
  hook.reply = () => ({ status: 307, headers: { location: elsewhere.url.href } })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(channel('hook', `{ type: webhook, url: "${hook.url}" }`))],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, ([one]) => one?.state === 'failed')
  t.match(request.notifications, [{ error: 'the address answered 307', attempts: 5 }])
  t.strictSame(elsewhere.received, [])
})

t.test('an address that is gone is not tried again', async t => {
  const hook = await receiver(t)
  hook.reply = () => ({ status: 410 })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(channel('hook', `{ type: webhook, url: "${hook.url}" }`))],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, ([one]) => one?.state === 'failed')
  t.match(request.notifications, [{ error: 'the address answered 410', attempts: 1 }])
})

t.test('an answer without an end is left', async t => {
  const hook = await receiver(t)
  hook.reply = () => ({ body: 'x'.repeat(5_000_000) })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(channel('hook', `{ type: webhook, url: "${hook.url}" }`))],
  })
  world.deliver()
  const { id } = await world.asked()
  t.match((await world.notified(id, sent)).notifications, [{ attempts: 1 }])
})
