import { createDecipheriv, createECDH, createHmac, createPublicKey, verify } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Caller } from '../../../controller/api/caller.ts'
import type { Person } from '../../../controller/api/person.ts'
import { isPushService } from '../../../controller/channels/push/push-subscription.ts'
import { PushSubscriptions } from '../../../controller/channels/push/push-subscriptions.ts'
import { openVapidKeys } from '../../../controller/channels/push/vapid-keys.ts'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores } from '../stores.ts'
import { channel, channelWorld, served, told } from './channel-world.ts'
import { type Received, receiver } from './receiver.ts'

const stores = await embeddedStores(t)

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

/** A browser: its keys, and what it makes of a message by RFC 8291 and RFC 8188. */
function browser(endpoint: URL) {
  const keys = createECDH('prime256v1')
  const publicKey = keys.generateKeys()
  const auth = Buffer.from('0123456789abcdef')
  return {
    subscription: {
      endpoint: endpoint.href,
      expirationTime: null,
      keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    },
    read({ body }: Received): Record<string, string> {
      const salt = body.subarray(0, 16)
      const keyLength = body[20] ?? 0
      const server = body.subarray(21, 21 + keyLength)
      const sealed = body.subarray(21 + keyLength)
      const shared = keys.computeSecret(server)
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, server])
      const ikm = hkdf(auth, shared, info, 32)
      const key = hkdf(salt, ikm, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
      const nonce = hkdf(salt, ikm, Buffer.from('Content-Encoding: nonce\0'), 12)
      const open = createDecipheriv('aes-128-gcm', key, nonce)
      open.setAuthTag(sealed.subarray(-16))
      const padded = Buffer.concat([open.update(sealed.subarray(0, -16)), open.final()])
      return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString('utf8'))
    },
  }
}

function hkdf(salt: Buffer, secret: Buffer, info: Buffer, length: number): Buffer {
  const key = createHmac('sha256', salt).update(secret).digest()
  return createHmac('sha256', key)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length)
}

function known(user: string): Person {
  const email = `${user}@example.com`
  return { name: user, email, identity: `key of ${user}`, users: new Map([['default', user]]) }
}

const ana: Caller = {
  role: 'person',
  person: known('ana'),
}

async function pushWorld(t: Test) {
  const store = await stores.empty()
  const world = await channelWorld(t, {
    store,
    texts: [told(channel('phones', '{ type: push }'))],
    publicUrl: new URL('https://writ.example'),
  })
  const service = await receiver(t)
  service.reply = () => ({ status: 201 })
  const call = async (method: string, path: string, body?: object, caller: Caller = ana) => {
    const url = await served(
      t,
      world.open.routes.map(route => ({
        ...route,
        roles: 'everyone' as const,
        handle: (request, response) => route.handle(request, response, caller),
      })),
    )
    return fetch(new URL(path, url), {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  }
  return Object.assign(world, { store, service, call })
}

const path = '/api/v1/push/subscriptions'

t.test('a person is told in a browser that nobody else can read for', async t => {
  const world = await pushWorld(t)
  const mine = browser(new URL('/push/1', world.service.url))
  t.equal((await world.call('POST', path, mine.subscription)).status, 204)
  world.deliver()
  const { id, expiresAt } = await world.asked()
  await world.notified(id, sent)
  const [got] = world.service.received
  t.equal(got?.path, '/push/1')
  t.match(got?.headers, {
    'content-encoding': 'aes128gcm',
    urgency: 'high',
    topic: id,
    ttl: /^(2[5-9]\d|300)$/,
  })
  t.strictSame(mine.read(got!), {
    kind: 'created',
    id,
    tag: id,
    title: 'bot asks to call bank / pay',
    body: 'A call waits for an answer.',
    url: `https://writ.example/approval/${id}?token=${world.minted[0]?.token}`,
    expiresAt,
  })
  t.strictSame(
    world.minted.map(({ user }) => user),
    ['ana'],
  )
  await world.approvals.decide(id, { decision: 'approve' }, person('ben'))
  await world.notified(id, all => all.length === 2 && sent(all))
  const end = mine.read(world.service.received[1]!)
  t.match(end, { kind: 'resolved', tag: id, body: 'Approved by ben' })
  t.equal(end.url, undefined, 'there is nothing left to decide')
})

t.test('the push service knows who sends', async t => {
  const world = await pushWorld(t)
  const mine = browser(new URL('/push/1', world.service.url))
  await world.call('POST', path, mine.subscription)
  const { publicKey: key } = Object(await (await world.call('GET', '/api/v1/push/key')).json())
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  const [, jwt = '', k = ''] =
    /^vapid t=([^,]+), k=(.+)$/.exec(String(world.service.received[0]?.headers.authorization)) ?? []
  t.equal(k, key)
  const [head = '', claims = '', signature = ''] = jwt.split('.')
  const point = Buffer.from(k, 'base64url')
  const publicKey = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  })
  t.ok(
    verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    ),
  )
  t.match(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
    aud: world.service.url.origin,
    sub: 'https://writ.example',
  })
})

t.test('a browser that is gone is forgotten', async t => {
  const world = await pushWorld(t)
  const [old, kept] = [1, 2].map(n => browser(new URL(`/push/${n}`, world.service.url)))
  await world.call('POST', path, old!.subscription)
  await world.call('POST', path, kept!.subscription)
  world.service.reply = (_, request) => ({ status: request.path === '/push/1' ? 410 : 201 })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, all => all.every(({ state }) => state !== 'waiting'))
  t.strictSame(
    request.notifications.map(({ state, attempts, error }) => [state, attempts, error]).sort(),
    [
      ['failed', 1, 'the push service does not know the browser any more'],
      ['sent', 1, undefined],
    ],
  )
  const left = await new PushSubscriptions(world.store.db, Date.now).of([
    { namespace: 'default', name: 'ana' },
  ])
  t.strictSame(
    left.map(({ endpoint }) => endpoint),
    [kept!.subscription.endpoint],
  )
})

t.test('a person who unsubscribes is told no more', async t => {
  const world = await pushWorld(t)
  const mine = browser(new URL('/push/1', world.service.url))
  await world.call('POST', path, mine.subscription)
  const ben: Caller = {
    role: 'person',
    person: known('ben'),
  }
  const { endpoint } = mine.subscription
  await world.call('DELETE', path, { endpoint }, ben)
  const subscriptions = new PushSubscriptions(world.store.db, Date.now)
  const people = [{ namespace: 'default', name: 'ana' }]
  t.equal((await subscriptions.of(people)).length, 1, 'nobody does it for another')
  t.equal((await world.call('DELETE', path, { endpoint })).status, 204)
  t.strictSame(await subscriptions.of(people), [])
})

t.test('only a person subscribes, and with what is a subscription', async t => {
  const world = await pushWorld(t)
  const mine = browser(new URL('/push/1', world.service.url)).subscription
  const status = async (body: object, caller?: Caller) =>
    (await world.call('POST', path, body, caller)).status
  t.equal(await status(mine, { role: 'admin', person: null }), 403)
  t.equal(await status({ ...mine, keys: { ...mine.keys, p256dh: 'short' } }), 400)
  t.equal(await status({ ...mine, endpoint: 'not a url' }), 400)
  t.equal(await status({ endpoint: mine.endpoint }), 400)
  const far = (n: number) => browser(new URL(`/push/${n}`, world.service.url)).subscription
  for (let n = 0; n < 20; n++) t.equal(await status(far(n)), 204)
  t.equal(await status(far(20)), 409)
  t.equal(await status(far(3)), 204, 'one that is known may come again')
})

t.test('endpoints are those of push services', async t => {
  const good = [
    'https://fcm.googleapis.com/wp/abc',
    'https://updates.push.services.mozilla.com/wpush/v2/x',
    'https://web.push.apple.com/QG',
  ]
  const bad = [
    'http://fcm.googleapis.com/wp/abc',
    'https://127.0.0.1/x',
    'https://localhost/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://10.1.2.3/x',
    'https://169.254.169.254/latest',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://push.example:8443/x',
    'https://user:pass@push.example/x',
    'https://metadata/x',
    'file:///etc/passwd',
  ]
  t.strictSame(
    good.filter(url => !isPushService(new URL(url))),
    [],
  )
  t.strictSame(
    bad.filter(url => isPushService(new URL(url))),
    [],
  )
})

t.test('the keys are made once and kept to ourselves', async t => {
  const folder = t.testdir()
  const keys = await openVapidKeys(folder)
  t.strictSame(await openVapidKeys(folder), keys)
  t.equal(statSync(join(folder, 'vapid.json')).mode & 0o777, 0o600)
})
