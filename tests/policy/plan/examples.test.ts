import t from 'tap'
import { plan } from '../../../policy/plan/plan.ts'
import { sampleOf } from '../../../policy/plan/sample.ts'
import { resource, saidOf, stateOf } from './states.ts'

/** The call for which a rule with this condition refuses what was allowed; undefined when none is found. */
function callFor(when: string, tools: readonly object[] = []) {
  const state = (...rules: readonly object[]) =>
    stateOf(
      resource('AccessPolicy', 'p', {
        tools: [{ name: 't*', rules: [...rules, { action: 'allow' }] }],
      }),
      resource('ToolServer', 's', { url: 'https://s.example.com', prefix: 't_', tools }),
    )
  const found = plan(state(), state({ name: 'new', when, action: 'deny' })).changes
  const { example } = found.find(({ message }) => !message.includes('cannot be evaluated')) ?? {}
  if (example === undefined) return undefined
  t.match(example, { before: { action: 'allow' }, after: { action: 'deny', rule: 'new' } }, when)
  const { subject: _, server: __, tool: ___, ...call } = example.call
  return call
}

t.test('a call is found for conditions over every kind of fact', async t => {
  const found: readonly (readonly [string, object])[] = [
    ['args.a.b == 1', { args: { a: { b: 1 } } }],
    ['args.a == "x" && args.a.b == "y" || args.n > 1', { args: { a: { b: 'y-example' }, n: 2 } }],
    ['args.a.b == 1 && args.a.c == 2', { args: { a: { b: 1, c: 2 } } }],
    ['true || args.n == 1', { args: {} }],
    ['args.list.all(i, i == 7)', { args: { list: [7] } }],
    ['args.text.startsWith("rm ")', { args: { text: 'rm ' } }],
    ['!has(args.safe)', { args: {} }],
    ['has(args.safe)', { args: { safe: 'example' } }],
    ['"x" in args.tags', { args: { tags: ['x'] } }],
    ['size(args.name) > 3', { args: { name: 'xxxx' } }],
    ['args.items.exists(i, i.price > 5)', { args: { items: [{ price: 6 }] } }],
    ['args.items.exists(i, i > 5)', { args: { items: [6] } }],
    ['tool.readOnly', { args: {}, readOnly: true }],
    ['tool.destructive == true', { args: {}, destructive: true }],
    ['session.toolCalls > 20', { args: {}, session: { toolCalls: 21 } }],
    ['"read" in session.toolsUsed', { args: {}, session: { toolsUsed: ['read'] } }],
    ['request.time > timestamp("2026-01-01T00:00:00Z")', undefined as unknown as object],
    ['subject.labels.team == "web"', { args: {} }],
    [
      'request.justification.contains("ticket")',
      { args: {}, request: { justification: 'ticket' } },
    ],
    ['tool.name == "t"', undefined as unknown as object],
    ['args.a == args.b && args.a == "z"', undefined as unknown as object],
  ]
  for (const [when, call] of found) t.strictSame(callFor(when), call, when)
})

t.test('arguments look as the schema of the tool wants them', async t => {
  const inputSchema = {
    type: 'object',
    required: ['a', 'b'],
    properties: { a: { type: 'string' }, b: { enum: ['x', 'y'] } },
  }
  t.strictSame(callFor('has(args.a)', [{ name: 'x', inputSchema }]), {
    args: { a: 'example', b: 'x' },
  })
  const tagged = { type: 'object', required: ['a'], properties: { a: { type: 'array' } } }
  t.strictSame(callFor('args.a == []', [{ name: 'x', inputSchema: tagged }]), { args: { a: [] } })
  const open = { type: 'object', required: ['a'], properties: { a: {}, n: {} } }
  t.strictSame(callFor('args.a.b == 1', [{ name: 'x', inputSchema: open }]), {
    args: { a: { b: 1 } },
  })
  t.strictSame(sampleOf({ const: 3 }), 3)
  t.strictSame(sampleOf({ default: 4 }), 4)
  t.strictSame(sampleOf({ type: 'array' }), [])
  t.strictSame(sampleOf({ required: 'a', properties: 3 }), {})
  t.strictSame(sampleOf({ required: ['a'], properties: { a: true } }), { a: {} })
  t.strictSame(sampleOf(null), {})
  const deep = { required: ['a'], properties: { a: {} } }
  deep.properties.a = deep
  t.strictSame(sampleOf(deep), { a: { a: { a: { a: { a: {} } } } } })
})

t.test('conditions of the portable format', async t => {
  const portable = (...conditions: readonly object[]) =>
    stateOf({
      version: '1.0',
      metadata: { name: 'p' },
      tools: [{ name: 't', source: 'mcp', conditions }],
    })
  const over = { expression: 'args.amount > 100', condition_type: 'simple', action: 'deny' }
  const { changes, narrows } = plan(portable(), portable(over))
  t.equal(narrows, 'proved')
  t.match(changes, [
    {
      message: /^t on any server but builtin, when args.amount > 100: was allowed/,
      example: { call: { args: { amount: 101 } } },
    },
  ])
  const flag = { expression: 'args.flag == true', condition_type: 'simple', action: 'deny' }
  t.match(plan(portable(), portable(flag)).changes, [
    { example: { call: { args: { flag: true } } } },
  ])
  const asking = (expression: string, entry: object) =>
    stateOf({
      version: '1.0',
      metadata: { name: 'p' },
      tools: [
        {
          name: 't',
          source: 'mcp',
          ...entry,
          conditions: [{ expression, condition_type: 'simple', action: 'deny' }],
        },
      ],
    })
  for (const [expression, claim] of [
    ['args.amount > 1', 'proved'],
    ['args.justification == "x"', 'unproven'],
  ] as const) {
    const [before, after] = [
      asking(expression, {}),
      asking(expression, { justification: 'required' }),
    ]
    t.equal(plan(before, after).narrows, claim, expression)
  }
  const like = { expression: 'args.name.matches("^a")', condition_type: 'simple', action: 'deny' }
  t.equal(plan(portable(), portable(like)).narrows, 'proved')
  t.match(saidOf(portable(like), portable()), ['unproven', /was denied, now allowed/, /./])
})
