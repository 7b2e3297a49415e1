import t from 'tap'
import type { BudgetCounter } from '../../../controller/budgets/budget-book.ts'
import { ChannelFailure } from '../../../controller/channels/failure.ts'
import { newsDesk } from '../../../controller/channels/news/news-desk.ts'
import { softLimitNews } from '../../../controller/channels/news/soft-limit-news.ts'
import type { Directory } from '../../../schemas/directory.ts'
import { entry } from '../../proxy/journal-entry.ts'
import { line } from '../../proxy/journal-line.ts'
import { tokens, until, world } from '../world.ts'
import { channel, told } from './channel-world.ts'
import { mailServer } from './mail-server.ts'
import { receiver } from './receiver.ts'

const passed: BudgetCounter = {
  ...{ namespace: 'default', budget: 'daily', counter: '', window: '2026-11-21T00:00:00.000Z' },
  ...{ per: 'namespace', unit: 'usd', windowKind: 'day', limit: 5_000_000, extended: 1_000_000 },
  ...{ spent: 4_000_001, reserved: 500_000, remaining: 1_499_999, softLimit: 4_000_000 },
  ...{ resetsAt: '2026-11-22T00:00:00.000Z', leases: [] },
}
const now = Date.parse('2026-11-21T10:00:00Z')

t.test('news of a soft limit says which budget, how much, and until when', async t => {
  t.strictSame(softLimitNews(passed, now), {
    id: softLimitNews({ ...passed, spent: 5_000_000 }, now + 1).id,
    type: 'budget.soft_limit',
    at: '2026-11-21T10:00:00.000Z',
    lead: 'A budget has reached its soft limit.',
    closing: 'Calls go on until the limit.',
    title: 'Budget daily: $4.01 of $6.00 are spent',
    facts: [
      { name: 'Budget', text: 'daily in default' },
      { name: 'Window', text: 'day since 2026-11-21T00:00:00.000Z' },
      { name: 'Spent', text: '$4.01' },
      { name: 'Limit', text: '$6.00' },
      { name: 'Reserved', text: '$0.50' },
      { name: 'Starts again', text: '2026-11-22T00:00:00.000Z' },
    ],
    data: {
      ...{ namespace: 'default', budget: 'daily', counter: '', per: 'namespace' },
      ...{ window: '2026-11-21T00:00:00.000Z', windowKind: 'day', unit: 'usd', limit: 6_000_000 },
      ...{ spent: 4_000_001, reserved: 500_000, remaining: 1_499_999, softLimit: 4_000_000 },
      resetsAt: '2026-11-22T00:00:00.000Z',
    },
  })
  const { resetsAt: _, ...open } = passed
  const session = { ...open, counter: 's-1\n<!here>', per: 'session', window: '' } as const
  const news = softLimitNews({ ...session, unit: 'tokens', windowKind: 'session' }, now)
  t.equal(
    news.title,
    'Budget daily of session s-1 <!here>: 4,000,001 tokens of 6,000,000 tokens are spent',
  )
  t.match(news.facts[2], { name: 'Window', text: 'session' })
})

t.test(
  'the people of a workflow and the channels it names are told once of a soft limit',
  async t => {
    const w = await world(t)
    const mail = await mailServer(t)
    const places = await receiver(t)
    const channels = [
      channel(
        'post',
        `{ type: mail, host: 127.0.0.1, port: ${mail.port}, security: none, from: writ@example.com, to: [all@example.com] }`,
      ),
      channel('hook', `{ type: webhook, url: "${places.url}hook" }`),
      channel('chat', `{ type: slack, secretRef: { name: slack, key: url } }`),
      channel('team', `{ type: mattermost, url: "${places.url}team" }`),
      channel('browsers', '{ type: push }'),
    ]
    w.write(
      'a.yaml',
      `${told(channels.join('---'))}---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: daily }
spec:
  limit: { usd: "5" }
  window: day
  softLimitPercent: 80
  onExceeded: require_approval
  extension: { usd: "1" }
  approvalWorkflow: one
  fallbackPrice: { input: "1", output: "1" }
`,
    )
    const { url } = await w.startController({ secrets: async () => `${places.url}chat` })
    const counters = async () =>
      (await w.get(url, '/api/v1/budgets')).json() as Promise<{ counters: { spent: number }[] }>
    await until(async () => (await counters()).counters?.length === 1)
    const spend = async (seq: number) => {
      const spent = entry({
        ...{
          phase: 'outcome',
          status: 'succeeded',
          call: `call-${seq}`,
          kind: 'model',
          model: 'm',
        },
        ...{ time: new Date().toISOString(), agent: 'bot', usage: { inputTokens: 2_100_000 } },
        ...{ costMicroUsd: 2_100_000, costSource: 'provider', usageSource: 'provider' },
      })
      const answer = await fetch(new URL('/api/v1/records', url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokens.proxy}`,
          'content-type': 'application/x-ndjson',
        },
        body: line('proxy-a', seq, spent),
      })
      t.equal(answer.status, 200)
    }
    for (const seq of [1, 2, 3]) await spend(seq)
    await until(() => mail.arrived.length === 3 && places.received.length === 3)
    await spend(4)
    await until(async () => (await counters()).counters[0]?.spent === 8_400_000)
    t.strictSame(mail.arrived.map(({ to }) => to.join()).sort(), [
      'all@example.com',
      'ana@example.com',
      'ben@example.com',
    ])
    t.match(mail.arrived[0]?.mail, {
      subject: /^\[Writ\] Budget daily: \$\d+\.\d\d of \$5\.00 are spent$/,
      text: /Limit: \$5\.00/,
    })
    const bodies = new Map(
      places.received.map(({ path, body }) => [path, JSON.parse(String(body))]),
    )
    t.match(bodies.get('/hook'), {
      type: 'budget.soft_limit',
      data: { budget: 'daily', counter: '', limit: 5_000_000, softLimit: 4_000_000 },
    })
    t.match(bodies.get('/chat'), { blocks: [{ type: 'header' }, { type: 'section' }] })
    t.match(bodies.get('/team'), { text: 'A budget has reached its soft limit.' })
    t.equal(places.received.length, 3, 'and not again')
  },
)

const address = { directory: {} as Directory, channel: 'hook', recipient: '' }
const news = softLimitNews(passed, now)
const pace = { attempts: 3, firstMs: 1, timeoutMs: 1000 }

t.test('news that cannot be told is tried again, and given up at last', async t => {
  const stop = new AbortController()
  const tried: string[] = []
  const given: object[] = []
  const failures = new Map([
    ['busy', new ChannelFailure('unreachable', 'no answer')],
    ['gone', new ChannelFailure('gone', 'not there')],
    ['odd', new Error('odd')],
  ])
  const desk = newsDesk({
    pace,
    log: { warn: fields => given.push(fields) },
    async inform(_, { channel }) {
      tried.push(channel)
      const failure = failures.get(channel)
      if (failure) throw failure
    },
  })
  const running = desk.run(stop.signal)
  const channels = ['busy', 'gone', 'fine', 'odd']
  t.ok(
    desk.tell(
      news,
      channels.map(channel => ({ ...address, channel })),
    ),
  )
  await until(() => given.length === 3)
  t.strictSame(tried.sort(), ['busy', 'busy', 'busy', 'fine', 'gone', 'odd', 'odd', 'odd'])
  stop.abort()
  await running
})

t.test('a flood of news is not told, and does not grow', async t => {
  const warned: string[] = []
  const desk = newsDesk({
    log: { warn: (_, message) => warned.push(message) },
    inform: async () => undefined,
  })
  t.ok(desk.tell(news, Array(1000).fill(address)))
  t.notOk(desk.tell(news, [address]))
  t.strictSame(warned, ['news not told, too much waits'])
})

t.test('news that is being told when everything stops is left', async t => {
  const stop = new AbortController()
  const begun = Promise.withResolvers<void>()
  const desk = newsDesk({
    pace,
    log: { warn: () => t.fail('given up') },
    inform: (_news, _address, signal) => {
      begun.resolve()
      return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))
    },
  })
  const running = desk.run(stop.signal)
  desk.tell(news, [address])
  await begun.promise
  stop.abort()
  await running
  t.pass('it has stopped')
})
