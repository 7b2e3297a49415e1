import t from 'tap'
import { plan, planAll } from '../../../policy/plan/plan.ts'
import { firstOf, resource, saidOf, stateOf } from './states.ts'

const named = (name: string, spec: object) => resource('AccessPolicy', name, spec)
const deploys = (...rules: readonly object[]) =>
  named('deploys', { tools: [{ name: 'deploy_app', server: 'platform', rules }] })
const workflow = resource('ApprovalWorkflow', 'deploy-approval', {})
const other = resource('ApprovalWorkflow', 'others', {})
const platform = resource('ToolServer', 'platform', {
  url: 'https://platform.example.com/mcp',
  tools: [
    {
      name: 'deploy_app',
      inputSchema: {
        type: 'object',
        required: ['app', 'environment'],
        properties: {
          app: { type: 'string' },
          environment: { type: 'string' },
          amount: { type: 'number' },
          note: { type: 'string' },
        },
      },
    },
  ],
})
const agent = resource('Agent', 'claude', {
  kind: 'claude-code',
  owner: 'ana',
  labels: { team: 'web' },
  apiKeys: [{ name: 'ci', sha256: 'a'.repeat(64) }],
})
const ana = resource('User', 'ana', {})
const production = {
  name: 'production',
  when: 'args.environment == "production"',
  action: 'require_approval',
  approvalWorkflow: 'deploy-approval',
}
const allow = { name: 'others', action: 'allow' }

const world = [workflow, other, platform, agent, ana]
const state = (...rules: readonly object[]) => stateOf(deploys(...rules), ...world)
const policies = (...list: readonly object[]) => stateOf(...list, ...world)

t.test('a rule that goes is told with a call that is let through without it', async t => {
  const before = state(production, allow)
  const after = state(allow)
  t.strictSame(firstOf(before, after), {
    effect: 'widening',
    kind: 'tool',
    name: 'deploy_app',
    server: 'platform',
    policy: 'deploys',
    rule: 'others',
    message:
      'deploy_app on platform, when args.environment == "production": needed a person (deploy-approval) by production, now allowed by others',
    at: { file: 'p.yaml', line: 1, column: 154 },
    example: {
      call: {
        tool: 'deploy_app',
        server: 'platform',
        args: { app: 'example', environment: 'production' },
        subject: {
          agent: 'claude',
          kind: 'claude-code',
          user: 'ana',
          groups: [],
          labels: { team: 'web' },
          apiKey: 'ci',
          namespace: 'default',
        },
      },
      before: {
        action: 'require_approval',
        reason: 'rule',
        policy: 'deploys',
        rule: 'production',
        workflows: ['deploy-approval'],
      },
      after: { action: 'allow', reason: 'rule', policy: 'deploys', rule: 'others' },
    },
  })
  t.match(saidOf(after, before), [
    'proved',
    /^narrowing: .*: was allowed by others, now needs a person \(deploy-approval\) by production$/,
    /^narrowing: .*, when args.environment == "production" cannot be evaluated: was allowed by others, now denied$/,
  ])
})

t.test('a condition that reaches further, and one that is extended', async t => {
  const of = (when: string, action: string) => state({ ...production, when, action }, allow)
  const [wide, narrow] = ['args.amount > 100', 'args.amount > 500'].map(when => of(when, 'deny'))
  if (wide === undefined || narrow === undefined) throw new Error('two states')
  t.equal(plan(narrow, wide).narrows, 'proved')
  t.equal(plan(wide, narrow).narrows, 'unproven')
  t.strictSame(firstOf(wide, narrow).example?.call.args, {
    app: 'example',
    environment: 'example',
    amount: 101,
  })
  const text = 'args.note.contains("x")'
  t.equal(plan(of(text, 'deny'), of(`${text} || args.amount == 1.0`, 'deny')).narrows, 'proved')
  t.equal(plan(of(text, 'deny'), of(`${text} && args.amount == 1.0`, 'deny')).narrows, 'unproven')
  t.equal(
    plan(of(`!has(args.amount) && ${text}`, 'deny'), of('!has(args.amount)', 'deny')).narrows,
    'unproven',
  )
})

t.test('what is written otherwise but decides the same is neutral', async t => {
  const before = state(production, allow)
  t.strictSame(saidOf(before, before), ['neutral'])
  t.strictSame(saidOf(before, state({ ...production, message: 'Ask first.' }, allow)), [
    'neutral',
    'neutral: policy deploys is not written as it was, but changes no decision',
  ])
  const quiet = (...list: readonly object[]) => policies(deploys(production, allow), ...list)
  const idle = named('idle', { subjects: { agents: ['claude'] }, defaults: { unmatched: 'deny' } })
  t.strictSame(saidOf(quiet(), quiet(named('watch', { mode: 'observe' }))), [
    'neutral',
    'neutral: policy watch is new, but changes no decision',
  ])
  t.match(saidOf(quiet(idle), quiet()), [
    'neutral',
    'neutral: policy idle, for agents claude is gone, but changes no decision',
  ])
})

t.test('each kind of call, each reason and each subject has its words', async t => {
  const all = (action: string) =>
    named('all', {
      subjects: { agents: ['claude'], apiKeys: ['ci', 'laptop'] },
      defaults: { unmatched: action },
      models: [{ name: 'gpt-*', rules: [{ action }] }],
      resources: [{ uri: 'file:///*', rules: [{ action }] }],
      prompts: [{ name: 'review', server: 'platform', rules: [{ action }] }],
    })
  const [closed, asking, open] = ['deny', 'require_approval', 'allow'].map(action =>
    policies(all(action)),
  )
  if (!closed || !asking || !open) throw new Error('three states')
  const who = 'for agents claude, with keys ci, laptop'
  const whom = 'needs a person (the owners)'
  t.strictSame(saidOf(closed, asking), [
    'unproven',
    `widening: prompt review on platform, ${who}: was denied, now ${whom}`,
    `widening: resource file:///*, ${who}: was denied, now ${whom}`,
    `widening: model gpt-*, ${who}: was denied, now ${whom}`,
    `widening: any tool, ${who}: was denied by the default of all, now ${whom} by the default of all`,
    `widening: any model, ${who}: was denied by the default of all, now ${whom} by the default of all`,
    `widening: any resource, ${who}: was denied by the default of all, now ${whom} by the default of all`,
    `widening: any prompt, ${who}: was denied by the default of all, now ${whom} by the default of all`,
  ])
  t.ok(plan(closed, open).changes.every(({ example }) => example !== undefined))
  t.strictSame(
    plan(closed, open)
      .changes.map(({ example }) => {
        const { subject: _, args: __, ...call } = example?.call ?? {}
        return call
      })
      .slice(0, 3),
    [
      { kind: 'prompt', prompt: 'review', server: 'platform' },
      { kind: 'resource', uri: 'file:///example', server: 'platform' },
      { kind: 'model', model: 'gpt-example' },
    ],
  )
  t.equal(saidOf(open, closed)[0], 'proved')
})

t.test('switches, reasons and who is asked', async t => {
  const entry = (fields: object) =>
    policies(named('p', { tools: [{ name: 'deploy_*', rules: [allow], ...fields }] }))
  t.match(saidOf(entry({}), entry({ enabled: false })), [
    'proved',
    'narrowing: deploy_*: was allowed by others, now denied (disabled)',
  ])
  t.match(saidOf(entry({}), entry({ justification: 'required' })), [
    'proved',
    'narrowing: deploy_*: was allowed by others, now denied without a reason',
  ])
  const asks = (approvalWorkflow: string) =>
    entry({ rules: [{ action: 'require_approval', approvalWorkflow }] })
  t.match(saidOf(asks('others'), asks('deploy-approval')), [
    'unproven',
    'either: deploy_*: needed a person (others), now needs a person (deploy-approval)',
  ])
  const both = policies(
    named('p', {
      tools: [
        { name: 'deploy_*', rules: [{ action: 'require_approval', approvalWorkflow: 'others' }] },
      ],
    }),
    named('q', { tools: [{ name: 'deploy_*', rules: [{ action: 'require_approval' }] }] }),
  )
  t.match(saidOf(asks('others'), both)[1], /now needs a person \(others and the owners\)/)
  t.equal(saidOf(both, asks('others'))[0], 'unproven')
})

t.test('a reason that is taken out of arguments is noticed where conditions read it', async t => {
  const entry = (when: string, justification: string) =>
    policies(
      named('p', { tools: [{ name: 't', justification, rules: [{ when, action: 'allow' }] }] }),
    )
  const claim = (when: string) => plan(entry(when, 'off'), entry(when, 'required')).narrows
  for (const when of [
    'request.justification != ""',
    'has(args.justification)',
    'size(args) < 9',
    'args.exists(name, name == "justification")',
    'args["justification"] == "x"',
  ]) {
    t.equal(claim(when), 'unproven', when)
  }
  for (const when of [
    'args.n == 1',
    '{"a": args.n}.a == 1',
    '[1].map(i, i > 0, i + args.n) == [2]',
    'args.list[0] == 1',
  ]) {
    t.equal(claim(when), 'proved', when)
  }
  t.match(
    firstOf(entry('size(args) < 9', 'off'), entry('size(args) < 9', 'optional')).message,
    /^t: the reason for a call/,
  )
})

t.test('policies of the system namespace, and callers whom nobody lets in', async t => {
  const system = (spec: object) => ({
    ...named('floor', spec),
    metadata: { name: 'floor', namespace: 'writ-system' },
  })
  const own = named('own', {
    subjects: { agents: ['claude'] },
    tools: [{ name: 't', rules: [{ when: 'args.n == 1', action: 'allow' }] }],
    defaults: { unmatched: 'allow' },
  })
  const rules = (action: string) => ({
    tools: [{ name: 't', rules: [{ when: 'args.m == 1', action }] }],
  })
  t.match(saidOf(policies(own), policies(own, system(rules('deny'))))[0], 'proved')
  t.match(saidOf(policies(own, system(rules('deny'))), policies(own))[0], 'unproven')
  t.match(saidOf(policies(system(rules('deny'))), policies(system(rules('allow'))))[0], 'neutral')
})

t.test('the tools of Writ itself are refused by entries that name them alone', async t => {
  const refusing = named('p', {
    tools: [{ name: 'request_approval', server: 'builtin', enabled: false }],
  })
  const [before, after] = [policies(refusing), policies()]
  const said = plan(before, after)
  t.equal(said.narrows, 'unproven')
  t.match(said.changes, [
    {
      effect: 'widening',
      message: 'request_approval on builtin: was denied (disabled), now allowed',
      example: { before: { action: 'deny', reason: 'disabled' }, after: { action: 'allow' } },
    },
  ])
  t.equal(plan(after, before).narrows, 'proved')
})

t.test('given calls come before those that are made up', async t => {
  const before = state(production, allow)
  const call = {
    tool: 'deploy_app',
    server: 'platform',
    args: { app: 'shop', environment: 'production' },
  }
  const elsewhere = { ...call, subject: { namespace: 'elsewhere' } }
  const same = { ...call, args: { app: 'shop', environment: 'test' } }
  const calls = [elsewhere, same, call]
  t.strictSame(plan(before, state(allow), { calls }).changes[0]?.example?.call, call)
  const closed = policies(named('p', { tools: [{ name: 't', rules: [allow] }] }))
  const rule = { when: 'args.kind == "x" && args.size == 3', action: 'deny' }
  const open = policies(named('p', { tools: [{ name: 't', rules: [rule, allow] }] }))
  const like = { tool: 't', args: { note: 'n', kind: 'y' } }
  const { example } =
    plan(open, closed, { calls: [{ kind: 'model', model: 't' }, like] }).changes[0] ?? {}
  t.strictSame(example?.call.args, { note: 'n', kind: 'x', size: 3 })
})

t.test('a namespace may come and go, and all are taken together', async t => {
  const here = new Map([['default', state(production, allow)]])
  const { narrows, plans } = planAll(here, new Map())
  t.equal(narrows, 'proved')
  t.match(plans, [{ namespace: 'default', before: /^sha256:/, after: '' }])
  t.equal(planAll(new Map(), here).narrows, 'unproven')
  t.strictSame(planAll(new Map(), new Map()), { narrows: 'neutral', plans: [] })
  t.strictSame(plan(null, null), {
    namespace: '',
    before: '',
    after: '',
    narrows: 'neutral',
    changes: [],
  })
})
