import t from 'tap'
import { plan } from '../../../policy/plan/plan.ts'
import type { PolicyState } from '../../../policy/plan/policy-state.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { resource, saidOf, stateOf } from './states.ts'

const server = (name: string, spec: object = {}) =>
  resource('ToolServer', name, { url: `https://${name}.example.com/mcp`, ...spec })
const provider = (name: string, spec: object = {}) =>
  resource('ModelProvider', name, { protocol: 'scripted', models: [{ name: 'small' }], ...spec })
const agent = (spec: object) => resource('Agent', 'claude', spec)
const key = (name: string, letter: string, expires?: string) => ({
  name,
  sha256: letter.repeat(64),
  ...(expires && { expires }),
})
const budget = (spec: object) =>
  resource('Budget', 'money', { limit: { usd: '10.00' }, window: 'day', ...spec })
const workflow = (spec: object) => resource('ApprovalWorkflow', 'people', spec)
const people = ['ana', 'ben'].map(name => resource('User', name, {}))
const team = (...members: readonly string[]) => resource('Team', 'sre', { members })
const channel = resource('NotificationChannel', 'hook', {
  type: 'webhook',
  url: 'https://hooks.example.com',
})

const said = (before: readonly object[], after: readonly object[]) =>
  saidOf(stateOf(...people, ...before), stateOf(...people, ...after))

t.test('servers and providers', async t => {
  const two = [server('a'), server('b')]
  t.strictSame(said(two, [server('a')]), ['unproven', 'either: server b is gone'])
  t.strictSame(said([server('a')], []), ['proved', 'narrowing: server a is gone'])
  t.strictSame(said([server('a')], two), ['unproven', 'widening: server b is new'])
  t.strictSame(said([server('a')], [server('a', { tools: [{ name: 't' }] })]), [
    'neutral',
    'neutral: server a is described in another way',
  ])
  t.strictSame(said([server('a')], [server('a', { prefix: 'a_' })]), [
    'unproven',
    'either: server a is not as it was',
  ])
  t.strictSame(said([], [provider('p')]), ['unproven', 'widening: provider p is new'])
  t.strictSame(
    said([provider('p'), provider('q', { models: [{ name: 'large' }] })], [provider('p')]),
    ['unproven', 'either: provider q is gone'],
  )
  t.strictSame(said([provider('p')], [provider('p', { models: [{ name: 'large' }] })]), [
    'unproven',
    'either: provider p is not as it was',
  ])
})

t.test('agents and their keys', async t => {
  const of = (spec: object) => [agent(spec)]
  const change = (before: object, after: object) => said(of(before), of(after))
  t.strictSame(said([], of({})), ['unproven', 'widening: agent claude is new'])
  t.strictSame(said(of({}), []), ['proved', 'narrowing: agent claude is gone'])
  // Labels may be called as places are.
  t.match(change({ labels: { at: 'x' } }, { labels: { at: 'y' } }), [
    'unproven',
    /^either: agent claude has another kind, owner, teams or labels/,
  ])
  t.strictSame(
    change({ apiKeys: [key('ci', 'a')] }, { apiKeys: [key('ci', 'b'), key('new', 'c')] }),
    [
      'unproven',
      'widening: agent claude has the key ci, which is new',
      'widening: agent claude has the key new, which is new',
    ],
  )
  const [soon, late] = ['2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z']
  t.strictSame(
    change(
      { apiKeys: [key('a', 'a', late), key('b', 'b', soon), key('c', 'c'), key('d', 'd', soon)] },
      { apiKeys: [key('a', 'a', soon), key('b', 'b'), key('d', 'd', soon)] },
    ),
    [
      'unproven',
      'widening: agent claude has the key b, which lasts longer',
      'narrowing: agent claude has no key c any more',
      'narrowing: agent claude has the key a, which expires sooner',
    ],
  )
  const fewer = 'narrowing: agent claude may be called as by pods of fewer service accounts'
  const more = 'widening: agent claude may be called as by pods of other service accounts'
  const accounts = (...serviceAccounts: readonly string[]) => ({ serviceAccounts })
  t.strictSame(change({}, accounts('a')), ['proved', fewer])
  t.strictSame(change(accounts('a', 'b'), accounts('b')), ['proved', fewer])
  t.strictSame(change(accounts('a'), {}), ['unproven', more])
  t.strictSame(change(accounts('a'), accounts('b')), ['unproven', more])
})

t.test('budgets', async t => {
  const asked = workflow({ approvers: { users: ['ana'] } })
  const change = (before: object, after: object) =>
    said([budget(before), asked], [budget(after), asked])
  t.strictSame(said([], [budget({})]), ['proved', 'narrowing: budget money is new'])
  t.strictSame(said([budget({})], []), ['unproven', 'widening: budget money is gone'])
  t.strictSame(change({}, { limit: { usd: '5.00' } }), [
    'proved',
    'narrowing: budget money allows 5 USD per day, was 10 USD',
  ])
  t.strictSame(change({ limit: { calls: 5 } }, { limit: { calls: 6 } }), [
    'unproven',
    'widening: budget money allows 6 calls per day, was 5 calls',
  ])
  t.strictSame(change({}, { window: 'week' }), [
    'unproven',
    'either: budget money is not as it was',
  ])
  t.strictSame(change({}, { softLimitPercent: 80 }), [
    'neutral',
    'neutral: budget money tells people at another amount',
  ])
  const asks = {
    onExceeded: 'require_approval',
    approvalWorkflow: 'people',
    extension: { usd: '1.00' },
  }
  const others = { ...asks, extension: { usd: '2.00' } }
  t.strictSame(change({}, asks), ['unproven', 'widening: budget money lets people give more'])
  t.strictSame(change(asks, {}), [
    'proved',
    'narrowing: budget money asks nobody for more any longer',
  ])
  t.strictSame(change(asks, others), [
    'unproven',
    'either: budget money asks others for more, or for another amount',
  ])
})

t.test('workflows', async t => {
  const around = [team('ana', 'ben'), channel, provider('p', { models: [{ name: 'large' }] })]
  const change = (before: object, after: object) =>
    said([workflow(before), ...around], [workflow(after), ...around]).map(line =>
      line.replace('workflow people ', ''),
    )
  const ana = { approvers: { users: ['ana'] } }
  const both = { approvers: { users: ['ana'], teams: ['sre'] } }
  const other = { approvers: { teams: ['sre'] } }
  const escalation = { escalation: { after: '2m', to: { users: ['ben'] } } }
  const cases: readonly (readonly [object, object, string])[] = [
    [both, { ...both, approvalsRequired: 2 }, 'narrowing: needs 2 approvals, needed 1'],
    [{ ...both, approvalsRequired: 2 }, both, 'widening: needs 1 approval, needed 2'],
    [{}, { timeout: '4m' }, 'narrowing: waits 4m for an answer, waited 5m'],
    [{}, { timeout: '6m' }, 'widening: waits 6m for an answer, waited 5m'],
    [{}, { requireReason: true }, 'narrowing: needs a reason from now on'],
    [{ requireReason: true }, {}, 'widening: needs no reason any more'],
    [{}, { separationOfDuties: false }, 'widening: lets owners decide for their own agents'],
    [{ separationOfDuties: false }, {}, 'narrowing: lets nobody decide for an agent of their own'],
    [both, ana, 'narrowing: asks ana, asked ana, team sre'],
    [other, both, 'widening: asks ana, team sre, asked team sre'],
    [both, other, 'narrowing: asks team sre, asked ana, team sre'],
    [{}, ana, 'either: asks ana, asked the owners'],
    [ana, {}, 'either: asks the owners, asked ana'],
    [ana, { ...ana, ...escalation }, 'widening: asks ben as well after 2m'],
    [{ ...ana, ...escalation }, ana, 'narrowing: asks nobody else in the end'],
    [
      { ...ana, ...escalation },
      { ...ana, escalation: { after: '3m', to: { users: ['ben'] } } },
      'narrowing: asks ben as well after 3m',
    ],
    [
      { ...ana, ...escalation },
      { ...ana, escalation: { after: '1m', to: { users: ['ben'] } } },
      'widening: asks ben as well after 1m',
    ],
    [ana, { ...ana, channels: ['hook'] }, 'either: tells people in hook'],
    [{ ...ana, channels: ['hook'] }, ana, 'neutral: is described in another way'],
    [{}, { description: 'Who is asked.' }, 'neutral: is described in another way'],
    [{}, { ai: { model: 'large' } }, 'either: is not as it was'],
    [
      { ai: { model: 'large' } },
      { ai: { model: 'large' }, timeout: '4m' },
      'either: is not as it was',
    ],
    [
      { ai: { model: 'large' } },
      { ai: { model: 'large' }, description: 'Who is asked.' },
      'neutral: is described in another way',
    ],
  ]
  for (const [before, after, line] of cases) {
    const claim =
      { narrowing: 'proved', neutral: 'neutral' }[line.split(':')[0] ?? ''] ?? 'unproven'
    t.strictSame(change(before, after), [claim, line], line)
  }
  t.strictSame(said([], [workflow({})]), ['neutral', 'neutral: workflow people is new'])
  const nobody = (approvers: object) => {
    const { table, directory } = stateOf(...people, workflow(ana))
    const workflows = table.workflows.map(flow => ({ ...flow, spec: { ...flow.spec, approvers } }))
    return { table: { ...table, workflows }, directory }
  }
  t.strictSame(saidOf(nobody({ users: ['ana'] }), nobody({})), [
    'proved',
    'narrowing: workflow people asks nobody, asked ana',
  ])
})

t.test('people, channels and sources', async t => {
  t.strictSame(said([], [resource('User', 'cleo', {})]), ['unproven', 'widening: user cleo is new'])
  t.strictSame(said([resource('User', 'cleo', {})], []), ['unproven', 'either: user cleo is gone'])
  t.strictSame(said([team('ana')], [team('ana', 'ben')]), [
    'unproven',
    'widening: team sre is ana, ben, was ana',
  ])
  t.strictSame(said([team('ana')], [team('ben')])[0], 'unproven')
  t.strictSame(said([team('ana', 'ben')], [team('ana')]), [
    'proved',
    'narrowing: team sre is ana, was ana, ben',
  ])
  t.strictSame(said([], [channel]), ['unproven', 'either: channel hook is new'])
  const source = (spec: object) =>
    resource('PolicySource', 'policies', { url: 'https://git.example.com/p.git', ...spec })
  t.strictSame(said([source({})], [source({ branch: 'other' })]), [
    'unproven',
    'either: source policies is not as it was',
  ])
  const state = (members: readonly string[]): PolicyState => {
    const { table, directory } = stateOf(...people)
    return { table, directory: { ...directory, teams: [{ name: 'sre', members }] } }
  }
  t.strictSame(saidOf(state(['ana']), state([])), [
    'proved',
    'narrowing: team sre is empty, was ana',
  ])
  t.equal(saidOf(state([]), state(['ana']))[1], 'widening: team sre is ana, was empty')
  const lent = (models: readonly { readonly name: string }[]): PolicyState => {
    const { table, directory } = stateOf(...people, provider('own'))
    const far = { name: 'writ-system/judge', spec: { protocol: 'scripted' as const, models } }
    return { table, directory: { ...directory, providers: [...directory.providers, far] } }
  }
  t.strictSame(saidOf(lent([{ name: 'a' }]), lent([{ name: 'b' }])), [
    'unproven',
    'either: provider writ-system/judge is not as it was',
  ])
})

t.test('a table that was written down is the table that it was compiled to', async t => {
  const { table, directory } = stateOf(
    ...people,
    resource('AccessPolicy', 'p', {
      tools: [{ name: 't', rules: [{ when: 'args.n == 1', action: 'deny' }] }],
    }),
  )
  const backwards = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(backwards)
    if (typeof value !== 'object' || value === null) return value
    const fields = Object.entries(value).toReversed()
    return Object.fromEntries(fields.map(([name, field]) => [name, backwards(field)]))
  }
  const other = { table: backwards(table) as RuleTable, directory }
  t.strictSame(saidOf({ table, directory }, other), ['neutral'])
  const { before, after } = plan({ table, directory }, other)
  t.equal(before, after)
})
