import t from 'tap'
import { concerns, type Payer, payerOf, planBudgets } from '../../../policy/spend/spend-plan.ts'
import type { TableBudget } from '../../../schemas/rule-table.ts'
import { budget, modelCall } from './budgets.ts'

const { model: _, ...caller } = modelCall
const toolCall: Payer = { ...caller, tool: 'pay' }

/** The counters that a call is charged to, as `budget counter`. */
function charged(payer: Payer, ...said: Partial<TableBudget>[]): string[] {
  const plan = planBudgets(said.map((one, i) => budget({ name: `b${i}`, ...one })))
  return concerns(plan, payer).map(({ planned, counter }) => `${planned.budget.name} ${counter}`)
}

t.test('a budget without scope concerns every call of a model', async t => {
  t.strictSame(charged(modelCall, {}, { unit: 'tokens' }, { unit: 'calls' }), ['b0 ', 'b1 ', 'b2 '])
})

t.test('a call must match each list of the scope', async t => {
  const lists = {
    agents: ['cod*'],
    apiKeys: ['laptop'],
    users: ['bob', 'ana'],
    teams: ['o*'],
    flows: ['nightly'],
    models: ['claude-*'],
  }
  t.strictSame(charged(modelCall, { scope: lists }), ['b0 '])
  for (const name of Object.keys(lists)) {
    t.strictSame(charged(modelCall, { scope: { ...lists, [name]: ['other'] } }), [], name)
  }
})

t.test('a budget for tools is none for models, and the other way round', async t => {
  t.strictSame(charged(modelCall, { unit: 'calls', scope: { tools: ['*'] } }), [])
  t.strictSame(charged(toolCall, { unit: 'calls', scope: { models: ['*'] } }), [])
  t.strictSame(charged(toolCall, { unit: 'calls', scope: { tools: ['p*'] } }), ['b0 '])
})

t.test('tools count as calls, cost what is written, and use no tokens', async t => {
  const toolPrices = [{ tool: 'pa*', microUsd: 5 }]
  t.strictSame(charged(toolCall, {}, { unit: 'calls' }, { unit: 'tokens' }, { toolPrices }), [
    'b1 ',
    'b3 ',
  ])
})

t.test('there is one counter for each of what `per` names', async t => {
  const per = (name: TableBudget['per'], payer = modelCall) =>
    charged(payer, { unit: 'calls', per: name })
  t.strictSame(per('namespace'), ['b0 '])
  t.strictSame(per('agent'), ['b0 coder'])
  t.strictSame(per('apiKey'), ['b0 coder/laptop'])
  t.strictSame(per('user'), ['b0 ana'])
  t.strictSame(per('team'), ['b0 core', 'b0 ops'])
  t.strictSame(per('flow'), ['b0 nightly'])
  t.strictSame(per('session'), ['b0 s-1'])
  t.strictSame(per('model'), ['b0 claude-sonnet'])
  t.strictSame(per('tool'), [])
  t.strictSame(per('model', toolCall), [])
  t.strictSame(per('tool', toolCall), ['b0 pay'])
})

t.test(
  'a budget for a session has counters for each, and within it for teams, models and tools',
  async t => {
    const per = (name: TableBudget['per']) =>
      charged(modelCall, { per: name, window: 'session', unit: 'calls' })
    for (const name of ['namespace', 'agent', 'apiKey', 'user', 'flow', 'session'] as const) {
      t.strictSame(per(name), ['b0 s-1'], name)
    }
    t.strictSame(per('team'), ['b0 s-1/core', 'b0 s-1/ops'])
    t.strictSame(per('model'), ['b0 s-1/claude-sonnet'])
    t.strictSame(per('tool'), [])
  },
)

t.test('a budget for some teams has counters for those alone', async t => {
  t.strictSame(charged(modelCall, { per: 'team', scope: { teams: ['ops', 'x'] } }), ['b0 ops'])
  t.strictSame(charged({ ...modelCall, teams: ['ops', 'ops'] }, { per: 'team' }), ['b0 ops'])
})

t.test(
  'who has no owner, team or flow shares one counter with the others who have none',
  async t => {
    const nobody = { ...modelCall, user: '', teams: [], flow: '' }
    t.strictSame(charged(nobody, { per: 'user' }, { per: 'team' }, { per: 'flow' }), [
      'b0 ',
      'b1 ',
      'b2 ',
    ])
    t.strictSame(charged(nobody, { scope: { teams: ['core'] } }), [])
  },
)

t.test('names too long for a counter are cut and stay apart', async t => {
  const long = (end: string) =>
    charged({ ...modelCall, session: 'x'.repeat(600) + end }, { per: 'session' })
  const [a = ''] = long('a')
  t.match(a, /^b0 x{447}~[0-9a-f]{64}$/)
  t.not(a, long('b')[0])
  t.strictSame(a, long('a')[0])
})

t.test('names of counters are text that a database takes', async t => {
  const named = (session: string) => charged({ ...modelCall, session }, { per: 'session' })
  t.strictSame(named('a\ud800'), ['b0 a\ufffd'])
  t.match(named('x'.repeat(446) + '\u{1f600}'.repeat(100))[0], /^b0 x{446}\ufffd~/)
})

t.test('a payer is made of an agent and its call', async t => {
  const agent = {
    name: 'coder',
    user: 'ana',
    groups: ['core', 'ops'],
    labels: { 'writ.dev/flow': 'nightly' },
  }
  const call = { apiKey: 'laptop', session: 's-1', model: 'claude-sonnet' }
  t.strictSame(payerOf(agent, call), modelCall)
  t.equal(payerOf({ ...agent, labels: {} }, call).flow, '')
})
