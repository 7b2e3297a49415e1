import t from 'tap'
import type { CallExplanation } from '../../../schemas/call-explanation.ts'
import type { Record as Entry } from '../../../schemas/record.ts'
import { document, recordedWorld } from '../replay/recorded-world.ts'

const policy = (tools: readonly object[]) =>
  document('AccessPolicy', 'work', {
    tools,
    models: [
      { name: 'small', rules: [{ when: 'request.maxTokens > 500', action: 'deny' }, allow] },
      { name: 'large', rules: [allow] },
    ],
  })
const allow = { name: 'rest', action: 'allow' }

const rules = policy([
  {
    name: 'pay',
    rules: [
      { name: 'often', when: 'session.toolCalls >= 2', action: 'deny', message: 'Enough.' },
      {
        name: 'after look',
        when: '"look" in session.toolsUsed && args.amount > 10',
        action: 'deny',
      },
      allow,
    ],
  },
  {
    name: 'ask',
    approvalWorkflow: 'leads',
    rules: [{ name: 'leads', action: 'require_approval' }],
  },
  {
    name: 'look',
    rules: [
      { name: 'secret', when: 'has(args.token) && args.token == "x"', action: 'deny' },
      { name: 'old', when: 'request.protocol < "2025"', action: 'deny' },
      { name: 'new', when: 'session.startedAt > request.time', action: 'deny' },
      allow,
    ],
  },
])
const budgets = [
  document('Budget', 'calls', { per: 'agent', limit: { calls: 6 }, window: 'day' }),
  document('Budget', 'money', { limit: { usd: '100' }, window: 'total' }),
]

const w = await recordedWorld(t, rules, ...budgets)
const first = await w.connect()
await first.call('pay', { amount: 1 })
await first.call('look', { path: 'a' })
await first.call('pay', { amount: 50 })
const second = await w.connect()
await second.call('look', { token: 'sk-abcdefghijklmnopqrstuvwxyz' })
await second.call('pay', { amount: 50 })
await second.call('nothing-of-the-kind', {})
await second.call('ask', { amount: 7 })
await w.approve()
await second.call('ask', { amount: 7 })
await w.chat('small', 'a few words')
await w.chat('large', 'a few words')
const third = await w.connect()
await third.call('look', { path: 'b' })
await third.call('look', { path: 'c' })
const records = await w.records(24)
const entries: readonly Entry[] = records
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))
const attempts = entries.filter(({ phase }) => phase === 'attempt')

async function explained(name: string, at = ''): Promise<CallExplanation> {
  const answer = await w.api(`/api/v1/audit/calls/${name}/explanation${at && `?at=${at}`}`)
  const body = await answer.text()
  if (!answer.ok) throw new Error(body)
  return JSON.parse(body)
}

const nameOf = ({ proxy, seq }: Entry) => `${proxy}:${seq}`

t.test('every recorded call is explained as it was decided', async t => {
  for (const attempt of attempts) {
    const found = await explained(nameOf(attempt))
    const what = `${attempt.tool ?? attempt.model} ${attempt.action} ${attempt.reason}`
    t.strictSame(found.attempt, attempt, what)
    const masked = JSON.stringify(attempt.args).includes('[redacted]')
    t.equal(found.decided.agreement, masked ? 'not_known' : 'equal', what)
  }
})
