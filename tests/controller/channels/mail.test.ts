import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores } from '../stores.ts'
import { selfSigned } from './certificate.ts'
import { channel, channelWorld, persistent, told } from './channel-world.ts'
import { mailServer, trust } from './mail-server.ts'

const stores = await embeddedStores(t)
const { key, cert } = selfSigned()
trust(cert)

const publicUrl = new URL('https://writ.example/here')

function mail(port: number, more = '') {
  return channel(
    'post',
    `{ type: mail, host: 127.0.0.1, port: ${port}, from: "Writ <writ@example.com>",
        secretRef: { name: smtp, key: login }${more} }`,
  )
}

const secrets = { 'smtp/login': 'writ:geheim:1' }

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

t.test(
  'each person gets a message of their own, over STARTTLS, with a link of their own',
  async t => {
    const server = await mailServer(t, { key, cert })
    const world = await channelWorld(t, {
      store: await stores.empty(),
      texts: [told(mail(server.port, ', to: [finance@example.com]'))],
      secrets,
      publicUrl,
    })
    world.deliver()
    const { id } = await world.asked({ justification: 'The invoice is due.' })
    await world.notified(id, all => all.length === 3 && sent(all))
    t.strictSame(
      server.arrived.map(({ to, from, secure, user }) => ({ to, from, secure, user })).sort(byTo),
      ['ana', 'ben', 'finance'].map(name => ({
        to: [`${name}@example.com`],
        from: 'writ@example.com',
        secure: true,
        user: 'writ',
      })),
    )
    for (const user of ['ana', 'ben']) {
      const arrived = server.arrived.find(({ to }) => to[0] === `${user}@example.com`)
      const token = world.minted.find(minted => minted.user === user)?.token
      const link = `https://writ.example/here/approval/${id}?token=${token}`
      t.ok(arrived?.mail.text?.includes(link), `${user} can decide by the text`)
      t.ok(String(arrived?.mail.html).includes(`href="${link}"`), 'and by the HTML')
      t.equal(arrived?.mail.subject, '[Writ] Question: bot asks to call bank / pay')
      t.match(arrived?.mail.text, 'The agent says: The invoice is due.')
      t.match(arrived?.mail.text, '"amount": 10')
      t.equal(arrived?.mail.headers.get('auto-submitted'), 'auto-generated')
      t.notOk(world.minted.some(other => other.user !== user && arrived?.raw.includes(other.token)))
    }
    const news = server.arrived.find(({ to }) => to[0] === 'finance@example.com')
    t.notMatch(news?.raw, /token/, 'a plain address gets news')
  },
)

t.test('after the end the same people are told, in the same thread and without a link', async t => {
  const server = await mailServer(t, { key, cert })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port))],
    secrets,
    publicUrl,
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, all => all.length === 2 && sent(all))
  await world.approvals.decide(
    id,
    { decision: 'deny', reason: 'Paid already.' },
    person('ben', 'mail'),
  )
  await world.notified(id, all => all.length === 4 && sent(all))
  const [question, end] = server.arrived.filter(({ to }) => to[0] === 'ana@example.com')
  t.equal(end?.mail.subject, '[Writ] Closed: bot asks to call bank / pay')
  t.match(end?.mail.text, 'Denied by ben: Paid already.')
  t.notMatch(end?.raw, /token/)
  t.equal(end?.mail.inReplyTo, question?.mail.messageId)
})

t.test('a server that fails for a while gets the message once it works', async t => {
  const server = await mailServer(t, { key, cert })
  server.failing = true
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port))],
    secrets,
    publicUrl,
    pace: persistent,
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, all => all.every(({ error }) => error !== undefined))
  server.failing = false
  const request = await world.notified(id, all => all.length === 2 && sent(all))
  t.ok(request.notifications.every(({ attempts }) => attempts > 1))
  t.equal(server.arrived.length, 2)
})

t.test('TLS from the first byte works as well', async t => {
  const server = await mailServer(t, { key, cert, secure: true })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port, ', security: tls'))],
    secrets,
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, all => all.length === 2 && sent(all))
  t.strictSame(
    server.arrived.map(({ secure }) => secure),
    [true, true],
  )
})

t.test('a server that offers no encryption gets nothing, unless the policy wants that', async t => {
  const server = await mailServer(t)
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [
      told(
        channel(
          'post',
          `{ type: mail, host: 127.0.0.1, port: ${server.port}, from: w@example.com }`,
        ),
      ),
    ],
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, all => all.every(({ state }) => state === 'failed'))
  t.equal(request.notifications.length, 2)
  t.equal(server.arrived.length, 0)
  await world.publish(
    told(
      channel(
        'post',
        `{ type: mail, host: 127.0.0.1, port: ${server.port}, from: w@example.com, security: none }`,
      ),
    ),
  )
  const { id: next } = await world.asked({ digest: `sha256:${'1'.repeat(64)}` })
  await world.notified(next, all => all.length === 2 && sent(all))
  t.equal(server.arrived.length, 2)
})

t.test('a login that is wrong is said so, and not shown', async t => {
  const server = await mailServer(t, { key, cert })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port))],
    secrets: { 'smtp/login': 'writ:verkeerd' },
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, all => all.every(({ state }) => state === 'failed'))
  t.match(request.notifications, [
    { error: 'the mail server does not accept the login (535)', attempts: 5 },
    { error: 'the mail server does not accept the login (535)', attempts: 5 },
  ])
  t.notMatch(JSON.stringify([world.log, request]), /verkeerd/)
})

t.test('what an agent writes cannot leave its place', async t => {
  const server = await mailServer(t, { key, cert })
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port))],
    secrets,
    publicUrl,
  })
  world.deliver()
  const { id } = await world.asked({
    name: 'pay\r\nBcc: thief@example.com\r\n\r\n<script>alert(1)</script>',
    justification: '</pre><a href="https://evil.example">Decide here</a>\u202e',
    args: { note: '</pre><img src=x onerror=alert(1)>\r\n.\r\nMAIL FROM:<x@example.com>' },
  })
  await world.notified(id, all => all.length === 2 && sent(all))
  const [arrived] = server.arrived
  t.strictSame(arrived?.to.length, 1)
  t.notOk(arrived?.mail.headers.has('bcc'))
  const html = String(arrived?.mail.html)
  t.notMatch(html, /<script|<img|<a href="https:\/\/evil/)
  t.match(html, '&lt;/pre&gt;&lt;img src=x onerror=alert(1)&gt;')
  t.match(arrived?.mail.subject, /^\[Writ\] Question: bot asks to call bank \/ pay Bcc: thief/)
  t.notMatch(arrived?.mail.text, '\u202e')
  t.match(arrived?.mail.text, '\\u{202e}')
})

t.test('no token is kept, logged or shown', async t => {
  const server = await mailServer(t, { key, cert })
  const store = await stores.empty()
  const world = await channelWorld(t, {
    store,
    texts: [told(mail(server.port))],
    secrets,
    publicUrl,
  })
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, all => all.length === 2 && sent(all))
  t.equal(world.minted.length, 2)
  const rows = await store.db.selectFrom('approval_notifications').selectAll().execute()
  const everything = JSON.stringify([rows, request, await world.approvals.history(id), world.log])
  t.notMatch(everything, /token-of/)
})

t.test('who may not decide any more gets no link', async t => {
  const server = await mailServer(t, { key, cert })
  server.failing = true
  const world = await channelWorld(t, {
    store: await stores.empty(),
    texts: [told(mail(server.port))],
    secrets,
    publicUrl,
    pace: persistent,
  })
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, all => all.every(({ error }) => error !== undefined))
  await world.publish(told(mail(server.port)).replace('users: [ana, ben]', 'users: [ana]'))
  await world.notified(id, all => all.some(({ state }) => state === 'failed'))
  server.failing = false
  const request = await world.notified(id, all => all.every(({ state }) => state !== 'waiting'))
  t.strictSame(request.notifications.map(({ state, error }) => [state, error]).sort(), [
    ['failed', 'ben may not decide any more'],
    ['sent', undefined],
  ])
  await sleep(50)
  t.strictSame(
    server.arrived.flatMap(({ to }) => to),
    ['ana@example.com'],
  )
})

function byTo(a: { to: readonly string[] }, b: { to: readonly string[] }): number {
  return String(a.to) < String(b.to) ? -1 : 1
}
