import t, { type Test } from 'tap'
import type { Store } from '../../../controller/store/open-store.ts'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores } from '../stores.ts'
import { type ChannelWorld, channel, channelWorld, served, told } from './channel-world.ts'
import { type Receiver, receiver } from './receiver.ts'

const stores = await embeddedStores(t)

const spec = `{ type: mattermost, secretRef: { name: chat, key: url }, signingSecretRef: { name: chat, key: buttons } }`
const ana = 'anaanaanaanaanaanaanaanaan'

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

interface Attachment {
  readonly text: string
  readonly actions?: readonly {
    readonly id: string
    readonly name: string
    readonly integration: { readonly url: string; readonly context: Record<string, string> }
  }[]
}

/** A PostActionIntegrationResponse. */
interface Answered {
  readonly ephemeral_text: string
  readonly update: { readonly props: { readonly attachments: readonly Attachment[] } }
}

interface MattermostWorld extends ChannelWorld {
  /** Stands for a Mattermost server with an incoming webhook. */
  readonly chat: Receiver
  readonly url: URL
  readonly store: Store
  attachment(n: number): Attachment
}

async function mattermostWorld(
  t: Test,
  { workflow = '', isPublic = true } = {},
): Promise<MattermostWorld> {
  const chat = await receiver(t)
  const store = await stores.empty()
  const routes: Parameters<typeof served>[1][number][] = []
  const url = await served(t, [
    {
      method: 'post',
      path: '/here/api/v1/channels/mattermost/:channel',
      roles: 'everyone',
      about: { summary: 'Reached below a path of its own.', answers: {} },
      body: { type: 'application/json', mostBytes: 65_536 },
      handle: (request, response, caller) => {
        const route = routes.find(({ path }) => path.includes('mattermost'))
        return route?.handle(request, response, caller)
      },
    },
  ])
  const world = await channelWorld(t, {
    store,
    texts: [told(channel('ops', spec), workflow)],
    secrets: {
      'chat/url': `${chat.url}hooks/xxx-generatedkey-xxx`,
      'chat/buttons': 'a key of at least thirty-two characters',
      'chat/short': 'a short key',
    },
    ...(isPublic && { publicUrl: new URL('/here/', url) }),
  })
  routes.push(...world.open.routes)
  return Object.assign(world, {
    ...{ chat, store, url },
    attachment: (n: number) => (chat.json(n).attachments as Attachment[])[0] ?? { text: '' },
  })
}

/**
 * Clicks a button as a Mattermost server does: a PostActionIntegrationRequest
 * (mattermost/server/public/model/integration_action.go) to the address of the button.
 */
async function click(
  { integration }: NonNullable<Attachment['actions']>[number],
  user_id: string,
  some: object = {},
) {
  const answer = await fetch(integration.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      user_id,
      user_name: 'somebody',
      channel_id: 'channelchannelchannelchann',
      channel_name: 'ops',
      team_id: 'teamteamteamteamteamteamte',
      team_domain: 'acme',
      post_id: 'postpostpostpostpostpostpo',
      trigger_id: 'dHJpZ2dlcg==',
      type: 'button',
      data_source: '',
      context: integration.context,
      ...some,
    }),
  })
  return { status: answer.status, body: (await answer.json()) as Answered }
}

t.test('a click is an answer, and the message is edited in the reply', async t => {
  const world = await mattermostWorld(t)
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  t.equal(world.chat.received[0]?.path, '/hooks/xxx-generatedkey-xxx')
  t.equal(world.chat.json(0).text, 'A call waits for an answer.')
  const [approve, deny] = world.attachment(0).actions ?? []
  t.match(
    [approve, deny],
    [
      { id: 'approve', type: 'button', name: 'Approve' },
      { id: 'deny', type: 'button', name: 'Deny' },
    ],
  )
  const { status, body } = await click(approve!, ana)
  t.equal(status, 200)
  t.equal(body.ephemeral_text, 'Your answer settled it: approved.')
  t.match(body.update.props.attachments[0]?.text, 'Approved by ana')
  t.equal(body.update.props.attachments[0]?.actions, undefined)
  const request = await world.notified(id, all => all.length === 2 && sent(all))
  t.match(request.votes, [
    { user: 'ana', surface: 'mattermost', identity: `teamteamteamteamteamteamte/${ana}` },
  ])
  t.equal(world.chat.received.length, 1, 'nothing new is posted')
})

t.test('an end that came from elsewhere is posted', async t => {
  const world = await mattermostWorld(t)
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  await world.approvals.decide(id, { decision: 'deny' }, person('ben'))
  await world.notified(id, all => all.length === 2 && sent(all))
  t.match(world.chat.json(1), { text: 'A call is decided.' })
  t.match(world.attachment(1).text, 'Denied by ben')
})

t.test('a context counts for its request, its answer and its channel alone', async t => {
  const world = await mattermostWorld(t)
  world.deliver()
  const { id } = await world.asked()
  const { id: other } = await world.asked({ digest: `sha256:${'1'.repeat(64)}` })
  await world.notified(id, sent)
  await world.notified(other, sent)
  const [, deny] = world.attachment(0).actions ?? []
  const context = deny!.integration.context
  const wrong = [
    { ...context, decision: 'approve' },
    { ...context, request: context.request === id ? other : id },
    { ...context, mac: '' },
    { ...context, mac: 'A'.repeat(43) },
  ]
  for (const context of wrong) {
    t.equal((await click(deny!, ana, { context })).status, 401)
  }
  t.equal((await click(deny!, ana, { context: { ...context, mac: undefined } })).status, 400)
  const elsewhere = { ...deny!, integration: { ...deny!.integration } }
  const url = new URL(elsewhere.integration.url)
  url.searchParams.set('namespace', 'other')
  t.equal((await click({ ...elsewhere, integration: { url: url.href, context } }, ana)).status, 404)
  t.strictSame(
    (await world.approvals.list({ states: ['pending'] }, null, 10)).requests.length,
    2,
    'both are open',
  )
  const events = await world.store.db
    .selectFrom('approval_events')
    .select('detail')
    .where('type', '=', 'attempt_refused')
    .execute()
  t.strictSame(
    events.map(({ detail }) => detail),
    Array(4).fill('forged Mattermost context'),
  )
})

t.test('whoever is no approver is told so alone', async t => {
  const world = await mattermostWorld(t)
  world.deliver()
  const { id } = await world.asked()
  await world.notified(id, sent)
  const [approve] = world.attachment(0).actions ?? []
  const { body } = await click(approve!, 'strangerstrangerstrangerst')
  t.match(body.ephemeral_text, 'None of the workflows that are asked names you.')
  t.ok(body.update.props.attachments[0]?.actions, 'the buttons stay')
  t.equal((await world.get(id)).state, 'pending')
  const { body: again } = await click(approve!, ana)
  t.equal(again.ephemeral_text, 'Your answer settled it: approved.', 'and still work')
})

t.test('there are no buttons where Mattermost cannot post back, or a reason is needed', async t => {
  for (const options of [{ isPublic: false }, { workflow: '  requireReason: true' }]) {
    const world = await mattermostWorld(t, options)
    world.deliver()
    const { id } = await world.asked()
    await world.notified(id, sent)
    t.equal(world.attachment(0).actions, undefined)
    t.match(world.attachment(0).text, `writ approvals show ${id}`)
  }
})

t.test('nothing that an agent writes is markup', async t => {
  const world = await mattermostWorld(t)
  world.deliver()
  const { id } = await world.asked({
    name: 'pay``` @channel [here](https://evil.example)',
    justification: '````\n@all',
    args: { note: '```\n# Approved already\n@here' },
  })
  await world.notified(id, sent)
  const { text } = world.attachment(0)
  const [fence = ''] = /^`+/.exec(text) ?? []
  t.equal(fence, '`````', 'the fence is longer than any run inside')
  t.equal(text.indexOf(fence, fence.length), text.length - fence.length)
  t.equal(world.chat.json(0).text, 'A call waits for an answer.')
})

t.test('a key for the buttons that could be guessed is refused', async t => {
  const world = await mattermostWorld(t)
  await world.publish(told(channel('ops', spec.replace('key: buttons', 'key: short'))))
  world.deliver()
  const { id } = await world.asked()
  const request = await world.notified(id, ([one]) => one?.error !== undefined)
  t.match(request.notifications, [{ error: 'the key of the buttons has fewer than 32 characters' }])
  t.strictSame(world.chat.received, [])
})
