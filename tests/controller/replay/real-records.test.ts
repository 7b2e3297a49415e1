import t from 'tap'
import { document, people, policiesOf, recordedWorld, replayed } from './recorded-world.ts'

const policy = (tools: readonly object[], name = 'work') =>
  document('AccessPolicy', name, { tools, models: [{ name: '*', rules: [{ action: 'allow' }] }] })

const rules = policy([
  { name: 'pay', rules: [{ when: 'session.toolCalls >= 4', action: 'deny' }, { action: 'allow' }] },
  { name: 'ask', approvalWorkflow: 'leads', rules: [{ action: 'require_approval' }] },
  { name: 'look', rules: [{ when: 'has(args.token)', action: 'deny' }, { action: 'allow' }] },
])

const bank = document('ToolServer', 'bank', { url: 'http://127.0.0.1:1/mcp' })

const wide = [
  document('Budget', 'calls', { per: 'agent', limit: { calls: 1000 }, window: 'day' }),
  document('Budget', 'chats', { per: 'session', limit: { calls: 1000 }, window: 'session' }),
  document('Budget', 'money', {
    per: 'tool',
    limit: { usd: '100' },
    window: 'total',
    toolPrices: [{ tool: 'pay', usd: '0.25' }],
  }),
  document('Budget', 'models', { per: 'model', limit: { usd: '100' }, window: 'month' }),
  document('Budget', 'tokens', { limit: { tokens: 10_000_000 }, window: 'total' }),
]

const w = await recordedWorld(t, rules, ...wide)

// Three sessions of an agent, and what it says to models.
const first = await w.connect()
for (const amount of [1, 2, 3, 4, 5]) await first.call('pay', { amount })
const second = await w.connect()
await second.call('look', { path: 'a' })
await second.call('look', { token: 'sk-abcdefghijklmnopqrstuvwxyz' })
await second.call('nothing-of-the-kind', {})
await second.call('ask', { amount: 7 })
await second.call('ask', { amount: 7 })
await w.approve()
await second.call('ask', { amount: 7 })
await w.chat('small', 'a few words')
await w.chat('small', 'and some more of them, because they are cheap')
await w.chat('large', 'a few words')
await w.chat('nobody-offers-this', 'a few words')
const records = await w.records(30)
const attempts = records.split('\n').filter(line => line.includes('"phase":"attempt"'))

t.test('under the policies that decided nothing is decided otherwise', async t => {
  const found = await replayed(records, w.policies)
  t.strictSame([found.changedCalls, found.unjudged], [0, { count: 0, reasons: [] }])
  // Three attempts of one approved call are one call.
  t.equal(found.calls, attempts.length - 2)
  t.match(found.approvals, [
    { user: 'ana', askedBefore: 1, askedAfter: 1, days: 1, before: 1, after: 1 },
    { user: 'ben', askedBefore: 1, askedAfter: 1, days: 1, before: 1, after: 1 },
  ])
})

t.test('budgets are charged what the budgets in force were charged', async t => {
  const { budgets, money } = await replayed(records, w.policies)
  const sums = new Map<string, number>()
  for (const { budget, spent } of await w.counters()) {
    sums.set(budget, (sums.get(budget) ?? 0) + spent)
  }
  t.strictSame(new Map(budgets.map(({ budget, spent }) => [budget, spent])), sums)
  t.strictSame(
    budgets.map(({ budget, untested, stopped }) => [budget, untested, stopped]),
    ['calls', 'chats', 'models', 'money', 'tokens'].map(name => [name, 0, 0]),
  )
  t.strictSame(money, [])
  t.equal(sums.get('money'), 4 * 250_000)
})

t.test('a smaller budget would have stopped where it does stop', async t => {
  const tight = document('Budget', 'calls', { limit: { calls: 3 }, window: 'day' })
  const after = policiesOf(people, bank, rules, tight)
  const back = await replayed(records, after)
  const live = await recordedWorld(t, rules, tight)
  const session = await live.connect()
  for (const amount of [1, 2, 3, 4]) await session.call('pay', { amount })
  const enforced = await live.records(8)
  const refused = enforced.split('\n').filter(line => line.includes('"reason":"budget_exceeded"'))
  t.equal(refused.length, 2, 'attempt and outcome of the fourth')
  const stopped = JSON.parse(attempts[3] ?? '{}')
  t.match(back.money, [
    { budget: 'calls', spent: 3, limit: 3, wouldStopAt: stopped.time, unservedMicroUsd: Number },
  ])
  // Of thirteen calls that would go out, three do.
  t.equal(back.budgets[0]?.refusedCalls, (await sentCalls()) - 3)
  const replayedLive = await replayed(enforced, after)
  t.match(replayedLive.budgets, [{ spent: 3, refusedCalls: 1, stopped: 1 }])
})

async function sentCalls(): Promise<number> {
  return records.split('\n').filter(line => line.includes('"status":"succeeded"')).length
}

t.test('other policies are held against what was decided', async t => {
  const narrowed = policy([
    { name: 'pay', rules: [{ when: 'args.amount > 3', action: 'deny' }, { action: 'allow' }] },
    { name: 'ask', rules: [{ action: 'allow' }] },
    {
      name: 'look',
      rules: [
        { when: 'has(args.token) && args.token == "x"', action: 'deny' },
        { action: 'allow' },
      ],
    },
  ])
  const found = await replayed(records, policiesOf(people, bank, narrowed))
  t.match(found.changed, [
    { name: 'ask', from: 'require_approval', to: 'allow', count: 1, asked: ['leads'] },
    { name: 'pay', from: 'allow', to: 'deny', count: 1, examples: [{ args: '{"amount":4}' }] },
  ])
  t.match(found.unjudged, { count: 1, reasons: [{ reason: 'redacted', count: 1 }] })
  t.match(
    found.approvals.map(({ user, askedBefore, askedAfter }) => [user, askedBefore, askedAfter]),
    [
      ['ana', 1, 0],
      ['ben', 1, 0],
    ],
  )
})
