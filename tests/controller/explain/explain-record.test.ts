import t from 'tap'
import type { CallExplanation } from '../../../schemas/call-explanation.ts'
import type { Record as Entry } from '../../../schemas/record.ts'
import { writ } from '../../cli/writ.ts'
import { document, recordedWorld } from '../replay/recorded-world.ts'
import { tokens } from '../world.ts'

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

const wanted = (words: Partial<Entry>) => {
  const found = attempts.find(entry =>
    Object.entries(words).every(([name, value]) => entry[name as keyof Entry] === value),
  )
  if (found === undefined) throw new Error(JSON.stringify(words))
  return found
}

t.test('an explanation names rule, place, version and what was looked at', async t => {
  const deny = wanted({ tool: 'pay', action: 'deny', rule: 'after look' })
  const { decided, outcome, obstacle, others, at } = await explained(nameOf(deny))
  t.match(decided.version, { table: deny.table, release: Number, from: String })
  t.match(decided.decision, { action: 'deny', rule: 'after look', policy: 'work', at: deny.at })
  t.match(decided.trace, [
    {
      policy: 'work',
      verdict: 'deny',
      rules: [
        { rule: 'often', outcome: 'not_matched' },
        {
          rule: 'after look',
          outcome: 'matched',
          parts: [
            { value: 'true' },
            { text: '"look" in session.toolsUsed', value: 'true' },
            { text: 'session.toolsUsed', value: '["look"]' },
          ],
        },
        { rule: 'rest', outcome: 'not_reached' },
      ],
    },
  ])
  t.strictSame([outcome?.status, obstacle, others, at], ['refused', null, [], undefined])
})

t.test('a call is found by its id, and by each of its entries', async t => {
  const deny = wanted({ tool: 'pay', action: 'deny' })
  const one = await explained(nameOf(deny))
  t.strictSame(await explained(deny.call), one)
  t.strictSame(await explained(`${deny.proxy}:${one.outcome?.seq}`), one)
})

t.test('where a condition read what is masked, the record alone says what was decided', async t => {
  const masked = attempts.find(({ args }) => JSON.stringify(args).includes('[redacted]'))
  const found = await explained(masked?.call ?? '')
  t.match(found.decided, { agreement: 'not_known', decision: null, unknown: 'redacted' })
  t.match(found.decided.trace, [
    {
      verdict: 'unknown',
      reason: null,
      rules: [
        { rule: 'secret', outcome: 'unknown', unknown: 'redacted' },
        { rule: 'old', outcome: 'not_matched' },
        { rule: 'new', outcome: 'not_matched' },
        { rule: 'rest', outcome: 'matched' },
      ],
    },
  ])
  t.match(found.attempt, { action: 'allow', args: { token: '[redacted]' } })
})

t.test('budgets are as they stood then', async t => {
  const [first, ...later] = attempts.filter(({ charges }) => charges !== undefined)
  const budgetOf = async (entry: Entry | undefined, name: string) =>
    (await explained(entry?.call ?? '')).budgets.find(({ budget }) => budget === name)
  t.match(await budgetOf(first, 'calls'), {
    ...{ budget: 'calls', counter: 'bot', unit: 'calls', limit: 6, extended: 0 },
    ...{ spent: null, held: 1, charged: 1, refused: false },
  })
  t.match(await budgetOf(later[0], 'calls'), { spent: 1, reserved: 0, held: 1, charged: 1 })
  const refused = wanted({ reason: 'budget_exceeded' })
  t.match(await budgetOf(refused, 'calls'), { spent: 6, held: null, charged: null, refused: true })
  const { obstacle, decided } = await explained(refused.call)
  t.match(obstacle, { reason: 'budget_exceeded', text: /budget "calls"/ })
  t.equal(decided.decision?.action, 'allow')
  const large = await budgetOf(wanted({ model: 'large' }), 'money')
  t.match(large, { unit: 'usd', limit: 100_000_000, held: Number, charged: Number })
})

t.test('approvals are as they stood then', async t => {
  const [parked, made] = attempts.filter(({ tool }) => tool === 'ask')
  const before = await explained(nameOf(parked as Entry))
  t.match(before.approval, {
    state: 'consumed',
    stateThen: 'pending',
    workflows: ['leads'],
    votes: [],
  })
  const after = await explained(nameOf(made as Entry))
  t.match(after.approval, {
    id: before.approval?.id,
    stateThen: 'consumed',
    votes: [{ user: 'ana', decision: 'approve', surface: 'rest' }],
  })
  t.equal(after.outcome?.status, 'succeeded')
})

t.test('another version is asked, and one that is not known is said not to be', async t => {
  const deny = wanted({ tool: 'pay', action: 'deny', rule: 'after look' })
  const old = deny.table ?? ''
  await w.rewrite(policy([{ name: 'pay', rules: [{ name: 'open', action: 'allow' }] }]))
  const { versions } = Object(await (await w.api('/api/v1/policies/versions')).json())
  const [{ digest }] = versions
  const found = await explained(deny.call, digest)
  t.match(found.at, {
    version: { table: digest, release: Number },
    decision: { action: 'allow', rule: 'open' },
    changes: true,
  })
  t.equal(found.decided.agreement, 'equal', 'what decided then is what it was')
  t.match((await explained(deny.call, old.slice(0, 30))).at, { changes: false })
  const refusals = [
    ['no-such-call', '', 404, 'unknown_record'],
    ['proxy:1', '', 404, 'unknown_record'],
    [deny.call, '9'.repeat(40), 404, 'unknown_version'],
    [deny.call, 'HEAD', 400, undefined],
  ] as const
  for (const [name, at, status, code] of refusals) {
    const answer = await w.api(`/api/v1/audit/calls/${name}/explanation${at && `?at=${at}`}`)
    const problem = Object(await answer.json())
    t.strictSame([answer.status, problem.code], [status, code], `${name} ${at}`)
    if (code === 'unknown_version')
      t.match(problem.detail, /was never in force .*The call was decided by/)
  }
})

t.test('writ explain --record tells people and programs', async t => {
  const deny = wanted({ tool: 'pay', action: 'deny', rule: 'after look' })
  const where = ['--url', w.url.href, '--token', tokens.admin]
  const asked = ['explain', '--record', nameOf(deny), ...where]
  const { code, out, err } = await writ(asked)
  t.strictSame([code, err], [0, ''])
  t.match(out, /^deny \(rule\) .*\n {2}call +tool bank\/pay \{"amount":50\}\n/)
  t.match(out, /\n {2}record +judged again by the table of then, it is decided the same\n/)
  t.match(out, /\nbudgets\n {2}calls of bot from .*: limit 6 calls, spent 3 calls/)
  t.match(out, '    ✓ after look: matched')
  const program = await writ([...asked, '-o', 'json', '--at', deny.table ?? ''])
  t.strictSame(JSON.parse(program.out), await explained(nameOf(deny), deny.table))
  const none = await writ(['explain', '--record', 'proxy:1', ...where])
  t.match(none, { code: 2, err: /There is no such record/ })
  for (const wrong of [
    ['--at', 'abcdef1'],
    ['--record', 'a:1', '--call', '-'],
  ]) {
    t.match(await writ(['explain', ...wrong, ...where]), { code: 2 })
  }
})
