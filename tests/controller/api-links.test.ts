import t, { type Test } from 'tap'
import { type ApiWorld, apiWorld, keyed, policies } from './api-world.ts'
import { embeddedStores } from './stores.ts'

const stores = await embeddedStores(t)
const world = async (t: Test) => apiWorld(t, await stores.empty())

const form = { 'content-type': 'application/x-www-form-urlencoded' }

function open({ send }: ApiWorld, id: string, token: string, headers = {}) {
  return send(`/approval/${id}?token=${token}`, { headers })
}

function press(
  { send }: ApiWorld,
  id: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const body = `${new URLSearchParams(fields)}`
  return send(`/approval/${id}`, { method: 'POST', headers: { ...form, ...headers }, body })
}

const invalid = /This link is not valid, or not any more/

t.test('a link shows one person the question, and opening it decides nothing', async t => {
  const w = await world(t)
  const id = await w.ask('one', {
    justification: 'The invoice is due.',
    args: { amount: 10, to: 'ACME' },
  })
  const token = await w.mint(id, 'ben')
  const page = await open(w, id, token)
  t.equal(page.status, 200)
  for (const shown of [
    'May bot call pay of bank?',
    '&quot;to&quot;: &quot;ACME&quot;',
    'The invoice is due.',
    'bot with the key laptop, owned by dan',
    'payments / ask (1.yaml:8)',
    'Ask first.',
    '0 of 1 approvals; may be given by ana, ben',
    '5 minutes left',
    '<strong>ben</strong>',
    '<button class="approve" name="decision" value="approve">Approve</button>',
    '<button class="deny" name="decision" value="deny">Deny</button>',
  ]) {
    t.ok(page.text.includes(shown), shown)
  }
  await w.send(`/approval/${id}?token=${token}`, { method: 'HEAD' })
  await open(w, id, `${token}&decision=approve`)
  t.strictSame((await w.told(id)).length, 1, 'only that it was created')
  t.match(await open(w, id, token), { status: 200 }, 'scanners and previews use nothing up')
})

t.test('a page runs nothing, tells its address to nobody, and is not kept', async t => {
  const w = await world(t)
  const id = await w.ask()
  const { headers, text } = await open(w, id, await w.mint(id, 'ben'))
  t.match(headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  t.notMatch(text, /<script|\son\w+=|javascript:|https?:\/\//i)
  t.match(text, new RegExp(`<form method="post" action="${id}">`), 'the token is in the body alone')
})

t.test('a link counts once', async t => {
  const w = await world(t)
  const id = await w.ask('two')
  const token = await w.mint(id, 'ben')
  const answered = await press(w, id, { token, decision: 'approve', reason: ' fine ' })
  t.match(answered, { status: 200, text: /Your approval counts. Others are needed/ })
  t.match(await w.approvals.get(id), {
    state: 'pending',
    votes: [
      {
        user: 'ben',
        reason: 'fine',
        surface: 'link',
        identity: 'link to ben through mail',
        decision: 'approve',
      },
    ],
  })
  t.match(await press(w, id, { token, decision: 'deny' }), { status: 410, text: invalid })
  t.match(await open(w, id, token), { status: 410, text: invalid })
  t.strictSame((await w.told(id)).slice(2), [
    ['attempt_refused', 'ben', 'POST by a link: used'],
    ['attempt_refused', 'ben', 'GET by a link: used'],
  ])
  const other = await w.mint(id, 'ana')
  t.match(await press(w, id, { token: other, decision: 'approve' }), {
    status: 200,
    text: /Your answer settled it: bot may call pay/,
  })
  t.match(await w.approvals.get(id), { state: 'approved' })
})

t.test('links of one person count once together', async t => {
  const w = await world(t)
  const id = await w.ask('two')
  const tokens = await Promise.all(Array.from({ length: 4 }, () => w.mint(id, 'ben')))
  const answers = await Promise.all(
    tokens.map(token => press(w, id, { token, decision: 'approve' })),
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 409, 409, 409])
  const request = await w.approvals.get(id)
  t.match(request, { state: 'pending', votes: [{ user: 'ben' }] })
  t.match(await open(w, id, await w.mint(id, 'ben')), { text: /You have answered/ })
})

t.test('links that are over, of another request, or made up open nothing', async t => {
  const w = await world(t)
  const [id, other] = [await w.ask(), await w.ask('two')]
  const token = await w.mint(id, 'ben')
  const foreign = await w.mint(other, 'ben')
  const closed = async (of: string, token: string) => {
    const opened = await open(w, of, token)
    const pressed = await press(w, of, { token, decision: 'approve' })
    t.match([opened, pressed], [{ text: invalid }, { text: invalid }])
    t.equal(opened.text, pressed.text)
    return [opened.status, pressed.status]
  }
  t.strictSame(await closed(id, foreign), [404, 404])
  t.strictSame(await closed(id, 'A'.repeat(43)), [404, 404])
  t.strictSame(await closed('apr-0000000000000000', token), [404, 404])
  await w.publish(keyed.replace('users: [ana, ben]', 'users: [ana]'), policies)
  t.match(await open(w, id, token), { status: 410, text: invalid }, 'who may not decide any more')
  w.clock.now += 5 * 60_000
  t.match(await open(w, id, token), { status: 410, text: invalid })
  t.strictSame(
    (await w.told(id)).filter(([type]) => type === 'attempt_refused').map(said => said[2]),
    [
      'GET by a link: of another request',
      'POST by a link: of another request',
      'GET by a link: forged',
      'POST by a link: forged',
      'GET by a link: not_an_approver',
      'GET by a link: expired',
    ],
  )
})

t.test('an address without a token, or that is no address, says no more than that', async t => {
  const w = await world(t)
  const id = await w.ask()
  t.match(await w.send(`/approval/${id}`), { status: 404, text: invalid })
  t.match(await w.send('/approval/%00'), { status: 404, text: invalid })
  t.match(await open(w, '%00', 'A'.repeat(43)), { status: 404, text: invalid })
  t.match(await press(w, id, {}), { status: 404, text: invalid })
  t.match(await w.send(`/approval/${id}`, { method: 'POST' }), { status: 415 })
  t.match(await press(w, id, { token: 'x'.repeat(70_000) }), { status: 413 })
})

t.test('whoever guesses tokens has to wait, and a right link opens all the same', async t => {
  const w = await world(t)
  const id = await w.ask()
  const token = await w.mint(id, 'ben')
  const statuses = []
  for (let i = 0; i < 12; i += 1) {
    statuses.push((await open(w, id, `${i}`.padStart(43, 'x'))).status)
  }
  t.strictSame(statuses, [...Array(10).fill(404), 429, 429])
  t.match(await press(w, id, { token: 'guess', decision: 'approve' }), {
    status: 429,
    headers: { 'retry-after': '6' },
    text: /Try again in 6 seconds/,
  })
  t.equal((await w.told(id)).length, 11, 'a flood is not recorded')
  t.match(await press(w, id, { token, decision: 'approve' }), { status: 200 })
})

t.test('a reason that is needed is asked for, and the link stays', async t => {
  const w = await world(t)
  const id = await w.ask('reasoned')
  const token = await w.mint(id, 'ben')
  t.match(await open(w, id, token), { text: /Reason \(needed\)/ })
  t.match(await press(w, id, { token, decision: 'deny', reason: '  ' }), {
    status: 422,
    text: /This workflow wants a reason with every answer/,
  })
  t.match(await press(w, id, { token }), { status: 400, text: /press one of the two buttons/ })
  t.match(await press(w, id, { token, decision: 'deny', reason: 'No <b>way</b>.' }), {
    status: 200,
    text: /bot may not call pay/,
  })
  t.match(await w.approvals.get(id), { state: 'denied', reason: 'No <b>way</b>.' })
})

t.test('only the page itself may send the form', async t => {
  const w = await world(t)
  const id = await w.ask()
  const token = await w.mint(id, 'ben')
  const from = (headers: Record<string, string>) =>
    press(w, id, { token, decision: 'approve' }, headers)
  t.match(await from({ origin: 'https://evil.example' }), { status: 403 })
  t.match(await from({ origin: 'null' }), { status: 403 })
  t.match(await from({ origin: 'null', 'sec-fetch-site': 'cross-site' }), { status: 403 })
  t.match(await w.approvals.get(id), { state: 'pending' })
  t.match(await from({ origin: 'null', 'sec-fetch-site': 'same-origin' }), { status: 200 })
})

t.test('what an agent wrote is inert, and cannot pass for something else', async t => {
  const w = await world(t)
  const evil = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>"\'&'
  const id = await w.ask('one', {
    apiKey: evil,
    args: { [evil]: evil, hidden: 'a\u202eb\u200bc\u0000d\u001b[31m', '</style>': '{{7*7}}' },
    justification: `${evil}\u202e\nline two`,
    rule: { policy: 'payments', rule: 'ask', message: evil, file: `${evil}.yaml`, line: 1 },
  })
  const token = await w.mint(id, 'ana')
  const { status, text } = await open(w, id, token)
  t.equal(status, 200)
  t.notMatch(text, /<script|<img|onerror=alert\(2\)>"/)
  t.equal(text.split('</style>').length, 2, 'only its own')
  for (const hidden of '\u202e\u200b\0\u001b') t.notOk(text.includes(hidden))
  t.match(text, /a\\u\{202e\}b\\u\{200b\}c/)
  t.match(text, /&lt;img src=x onerror=alert\(2\)&gt;/)
  t.match(text, /line two/)
})
