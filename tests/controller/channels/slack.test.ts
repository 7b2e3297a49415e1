import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import { slackSignature } from '../../../controller/channels/slack/slack-signature.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { embeddedStores } from '../stores.ts'
import { until } from '../world.ts'
import { type ChannelWorld, channel, channelWorld, served, told } from './channel-world.ts'
import { type Receiver, receiver } from './receiver.ts'

const stores = await embeddedStores(t)

const spec = `{ type: slack, secretRef: { name: slack, key: url }, signingSecretRef: { name: slack, key: signing } }`
const signing = '8f742231b10e8888abcd99yyyzzz85a5'

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

interface SlackWorld extends ChannelWorld {
  /** Stands for hooks.slack.com: incoming webhook at /services, response URLs at /actions. */
  readonly slack: Receiver
  readonly url: URL
  readonly store: Store
}

async function slackWorld(
  t: Test,
  workflow = '',
  text = channel('ops', spec),
): Promise<SlackWorld> {
  const slack = await receiver(t)
  const store = await stores.empty()
  const world = await channelWorld(t, {
    store,
    texts: [told(text, workflow)],
    secrets: { 'slack/url': `${slack.url}services/T1/B1/x`, 'slack/signing': signing },
    slackOrigin: slack.url.origin,
  })
  return Object.assign(world, { slack, store, url: await served(t, world.open.routes) })
}

/**
 * A block_actions payload with the members that Slack documents
 * (docs.slack.dev/reference/interaction-payloads/block_actions-payload).
 */
function payload(world: SlackWorld, request: string, some: object = {}, action = 'writ_approve') {
  return {
    type: 'block_actions',
    user: { id: 'U0ANA', username: 'ana', name: 'ana', team_id: 'T1' },
    api_app_id: 'A02',
    token: 'Shh_its_a_seekrit',
    container: { type: 'message', message_ts: '1548261231.000200', channel_id: 'CBR2V3XEX' },
    trigger_id: '12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3',
    team: { id: 'T1', domain: 'acme' },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: 'CBR2V3XEX', name: 'ops' },
    message: { bot_id: 'B1', type: 'message', text: '', user: 'UAXXX', ts: '1548261231.000200' },
    state: {
      values: { writ_reason: { reason: { type: 'plain_text_input', value: 'Looks right.' } } },
    },
    response_url: `${world.slack.url}actions/T1/1/token`,
    actions: [
      {
        action_id: action,
        block_id: '=qXel',
        text: { type: 'plain_text', text: 'Approve', emoji: true },
        value: request,
        type: 'button',
        action_ts: '1548426417.840180',
      },
    ],
    ...some,
  }
}

interface Signing {
  readonly timestamp?: number
  readonly secret?: string
  readonly signature?: string
}

/** Posts as Slack does: a form with one field, signed. */
async function click(
  { url }: SlackWorld,
  body: object,
  { timestamp = Math.floor(Date.now() / 1000), secret = signing, signature }: Signing = {},
  path = '/api/v1/channels/slack/ops',
): Promise<number> {
  const text = new URLSearchParams({ payload: JSON.stringify(body) }).toString()
  const hmac = createHmac('sha256', secret).update(`v0:${timestamp}:${text}`).digest('hex')
  const answer = await fetch(new URL(path, url), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': String(timestamp),
      'x-slack-signature': signature ?? `v0=${hmac}`,
    },
    body: text,
  })
  return answer.status
}

const blocksOf = (body: Record<string, unknown>) =>
  body.blocks as readonly { type: string; text?: { text: string }; elements?: unknown[] }[]

t.test('the signature is that of the published example', async t => {
  // docs.slack.dev/authentication/verifying-requests-from-slack
  const body = Buffer.from(
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  )
  const signed = {
    body,
    timestamp: '1531420618',
    signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  }
  const at = 1531420618_000
  t.equal(slackSignature(signed, signing, at), 'genuine')
  t.equal(slackSignature(signed, signing, at + 300_000), 'genuine')
  t.equal(slackSignature(signed, signing, at + 301_000), 'old')
  t.equal(slackSignature(signed, signing, at - 301_000), 'old', 'nor from the future')
  t.equal(slackSignature(signed, `${signing}.`, at), 'forged')
  t.equal(slackSignature({ ...signed, timestamp: '1531420619' }, signing, at), 'forged')
  t.equal(slackSignature({ ...signed, signature: undefined }, signing, at), 'forged')
  t.equal(slackSignature({ ...signed, signature: `v0=${'0'.repeat(64)}` }, signing, at), 'forged')
})

t.test('a message says what is asked and has buttons', async t => {
  const world = await slackWorld(t)
  world.deliver()
  const { id } = await world.asked({ justification: '<!channel> *urgent*' })
  await world.notified(id, sent)
  t.equal(world.slack.received[0]?.path, '/services/T1/B1/x')
  const body = world.slack.json(0)
  t.equal(body.text, 'A call waits for an answer. bot asks to call bank / pay')
  const blocks = blocksOf(body)
  t.strictSame(
    blocks.map(({ type }) => type),
    ['header', 'section', 'section', 'section', 'input', 'actions'],
  )
  t.match(blocks[2]?.text, { type: 'plain_text', text: /The agent says: <!channel> \*urgent\*/ })
  t.match(blocks[3]?.text, { type: 'plain_text', text: '{\n  "amount": 10\n}' })
  t.strictSame(blocks[5]?.elements, [
    {
      type: 'button',
      action_id: 'writ_approve',
      text: { type: 'plain_text', text: 'Approve', emoji: false },
      style: 'primary',
      value: id,
    },
    {
      type: 'button',
      action_id: 'writ_deny',
      text: { type: 'plain_text', text: 'Deny', emoji: false },
      style: 'danger',
      value: id,
    },
  ])
})

t.test('a click is an answer of the person whose member id it is', async t => {
  const world = await slackWorld(t)
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  t.equal(await click(world, payload(world, id)), 200)
  const request = await world.get(id)
  t.equal(request.state, 'approved')
  t.match(request.votes, [
    { user: 'ana', surface: 'slack', identity: 'T1/U0ANA', reason: 'Looks right.' },
  ])
  await world.notified(id, all => all.length === 2 && sent(all))
  await until(() => world.slack.received.length === 3)
  const posts = world.slack.received.slice(1)
  t.strictSame(
    posts.map(({ path }) => path),
    ['/actions/T1/1/token', '/actions/T1/1/token'],
    'the message is edited and no new one is sent',
  )
  const bodies = [1, 2].map(n => world.slack.json(n))
  t.match(
    bodies.find(body => body.response_type === 'ephemeral'),
    { replace_original: false, text: 'Your answer settled it: approved.' },
  )
  const replaced = bodies.find(body => body.replace_original === true) ?? {}
  t.match(blocksOf(replaced)[1]?.text?.text, 'Approved by ana')
  t.notOk(blocksOf(replaced).some(({ type }) => type === 'actions'))
})

t.test('the evidence names team, channel and message', async t => {
  const world = await slackWorld(t)
  const { id } = await world.asked()
  await click(world, payload(world, id, {}, 'writ_deny'))
  const votes = await world.store.db.selectFrom('approval_votes').selectAll().execute()
  t.match(votes, [{ request_id: id, user_name: 'ana', decision: 'deny' }])
  t.strictSame(JSON.parse(votes[0]?.evidence ?? ''), {
    team: 'T1',
    channel: 'CBR2V3XEX',
    message: '1548261231.000200',
  })
})

t.test('one of two approvals leaves the question open and shows that it counts', async t => {
  const world = await slackWorld(t, '  approvalsRequired: 2')
  const { id } = await world.asked()
  t.equal(await click(world, payload(world, id)), 200)
  await until(() => world.slack.received.length === 2)
  t.match(world.slack.json(0), { text: 'Your approval counts; others are needed.' })
  t.match(blocksOf(world.slack.json(1))[2]?.text?.text, 'Needed: 1 of 2 by one')
  t.ok(blocksOf(world.slack.json(1)).some(({ type }) => type === 'actions'))
  t.equal((await world.get(id)).state, 'pending')
})

t.test('whoever is no approver is told so alone, and it is on record', async t => {
  const world = await slackWorld(t)
  const { id } = await world.asked()
  for (const user of ['U0CLEO', 'U0NOBODY']) {
    t.equal(await click(world, payload(world, id, { user: { id: user, team_id: 'T1' } })), 200)
  }
  const guest = { user: { id: 'U0ANA', team_id: 'T2' } }
  t.equal(await click(world, payload(world, id, guest)), 200, 'ana of another workspace')
  t.equal((await world.get(id)).state, 'pending')
  await until(() => world.slack.received.length === 3)
  t.strictSame(
    [0, 1, 2].map(n => world.slack.json(n).response_type),
    ['ephemeral', 'ephemeral', 'ephemeral'],
  )
  const history = await world.approvals.history(id)
  t.strictSame(
    history
      .filter(({ type }) => type === 'attempt_refused')
      .map(({ by, surface }) => [by, surface]),
    [
      ['cleo', 'slack'],
      ['T1/U0NOBODY', 'slack'],
      ['T2/U0ANA', 'slack'],
    ],
  )
})

t.test('forged, old and replayed payloads are refused and recorded', async t => {
  const world = await slackWorld(t, '  approvalsRequired: 2')
  const { id } = await world.asked()
  const body = payload(world, id)
  const now = Math.floor(Date.now() / 1000)
  t.equal(await click(world, body, { secret: 'guessed' }), 401)
  t.equal(await click(world, body, { signature: '' }), 401)
  t.equal(await click(world, body, { signature: 'v0=' }), 401)
  t.equal(await click(world, body, { timestamp: now - 301 }), 401)
  t.equal(await click(world, body, { timestamp: now + 400 }), 401)
  t.strictSame((await world.get(id)).votes, [])
  t.equal(await click(world, body, { timestamp: now }), 200)
  t.equal(await click(world, body, { timestamp: now }), 401, 'the same once more')
  t.equal((await world.get(id)).votes.length, 1)
  const events = await world.store.db
    .selectFrom('approval_events')
    .select(['request_id', 'detail', 'surface', 'identity'])
    .where('type', '=', 'attempt_refused')
    .orderBy('id')
    .execute()
  const attempt = (detail: string, request_id: string | null) => ({
    ...{ request_id, detail: `${detail} Slack signature` },
    ...{ surface: 'slack', identity: 'channel default/ops' },
  })
  t.strictSame(events, [
    attempt('forged', null),
    attempt('forged', null),
    attempt('forged', null),
    attempt('old', id),
    attempt('old', id),
    attempt('replayed', id),
  ])
})

t.test('what is no interaction is turned away', async t => {
  const world = await slackWorld(t)
  t.equal(await click(world, { type: 'view_submission' }), 400)
  t.equal(await click(world, []), 400)
  const { id } = await world.asked()
  const stranger = { actions: [{ action_id: 'other', value: id, type: 'button' }] }
  t.equal(await click(world, payload(world, id, stranger)), 200, 'a button of somebody else')
  t.strictSame((await world.get(id)).votes, [])
  const unknown = payload(world, 'apr-0000000000000000')
  t.equal(await click(world, unknown), 200)
  t.equal(await click(world, unknown, {}, '/api/v1/channels/slack/nothing'), 404)
  t.equal(await click(world, unknown, {}, '/api/v1/channels/slack/ops?namespace=other'), 404)
})

t.test('a question is not answered through a channel it was not asked through', async t => {
  const other = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: mallory, namespace: other }
spec: { identities: { slack: U0MAL } }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: ops, namespace: other }
spec: ${spec.replaceAll('name: slack', 'name: theirs')}
`
  const slack = await receiver(t)
  const store = await stores.empty()
  const world = await channelWorld(t, {
    store,
    texts: [told(channel('ops', spec)), other],
    secrets: {
      'slack/url': `${slack.url}services/x`,
      'slack/signing': signing,
      'theirs/signing': 'known to mallory',
    },
    slackOrigin: slack.url.origin,
  })
  const all = Object.assign(world, { slack, store, url: await served(t, world.open.routes) })
  const { id } = await world.asked()
  const path = '/api/v1/channels/slack/ops?namespace=other'
  const claim = { secret: 'known to mallory' }
  t.equal(await click(all, payload(all, id), claim, path), 200)
  t.equal((await world.get(id)).state, 'pending')
  t.match((await world.approvals.history(id)).at(-1), {
    type: 'attempt_refused',
    detail: 'answered through another channel',
  })
  await until(() => slack.received.length === 1)
  t.match(slack.json(0), { response_type: 'ephemeral', text: 'This question was not asked here.' })
})

t.test('a reason that is needed is asked for', async t => {
  const world = await slackWorld(t, '  requireReason: true')
  const { id } = await world.asked()
  const empty = { state: { values: { writ_reason: { reason: { value: null } } } } }
  await click(world, payload(world, id, empty))
  t.equal((await world.get(id)).state, 'pending')
  await click(world, payload(world, id))
  t.equal((await world.get(id)).state, 'approved')
})

t.test('nothing is posted to an address that is not of Slack', async t => {
  const world = await slackWorld(t)
  const elsewhere = await receiver(t)
  for (const response_url of [
    `${elsewhere.url}steal`,
    'http://169.254.169.254/latest/meta-data',
    'not a url',
    `${world.slack.url.origin}@evil.example/`,
  ]) {
    const { id } = await world.asked({
      digest: `sha256:${String(response_url.length).padStart(64, '0')}`,
    })
    t.equal(await click(world, payload(world, id, { response_url })), 200)
    t.equal((await world.get(id)).state, 'approved', 'the answer counts all the same')
  }
  t.strictSame([elsewhere.received, world.slack.received], [[], []])
})

t.test('who cannot see all of a call has no button for it', async t => {
  const world = await slackWorld(t)
  world.deliver()
  const { id } = await world.asked({ args: { note: 'x'.repeat(5000), to: 'hidden at the end' } })
  await world.notified(id, sent)
  const blocks = blocksOf(world.slack.json(0))
  t.notOk(blocks.some(({ type }) => type === 'actions'))
  t.match(
    blocks.at(-1)?.text?.text,
    'Not all of the call fits here. Look at it with: writ approvals show apr-',
  )
  t.ok(
    blocks.every(({ text }) => (text?.text.length ?? 0) <= 3000),
    'within what Slack takes',
  )
})

t.test('without a signing secret there are no buttons, and no address to answer at', async t => {
  const text = channel('ops', '{ type: slack, secretRef: { name: slack, key: url } }')
  const world = await slackWorld(t, '', text)
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  t.notOk(blocksOf(world.slack.json(0)).some(({ type }) => type === 'actions'))
  t.equal(await click(world, payload(world, id)), 404)
})
