import t from 'tap'
import { parseCondition } from '../../../policy/compile/cel/parse-condition.ts'
import { type Condition, plan, planVisible, traceParts } from '../../../policy/decide/cel/plan.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import type { Expression } from '../../../schemas/expression.ts'

const facts = factsOf({
  tool: 'deploy_app',
  server: 'platform',
  args: {
    env: 'production',
    amount: 1500,
    count: 7,
    half: 7.5,
    huge: 1e300,
    dryRun: false,
    none: null,
    tags: ['a', 'b'],
    ids: [1, 2, 3],
    rows: [{ id: 1 }, { id: 2 }],
    text: 'naïve 😀',
  },
  subject: { agent: 'claude', groups: ['sre'], labels: { team: 'web' } },
  session: { startedAt: '2026-11-21T08:00:00Z', toolCalls: 3, spentUsd: 1.5, toolsUsed: ['ls'] },
  request: { time: '2026-11-21T09:30:00.250Z', justification: 'hotfix' },
})

const schema = {
  type: 'object',
  properties: {
    count: { type: 'integer' },
    half: { type: 'integer' },
    huge: { type: 'integer' },
    ids: { type: 'array', items: { type: 'integer' } },
    rows: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
  },
}

function parse(source: string, args: readonly unknown[] = []): Expression {
  const { expression, problems } = parseCondition(source, { kind: 'tool', args })
  if (expression === null) throw new Error(problems.map(({ message }) => message).join(' '))
  return JSON.parse(JSON.stringify(expression))
}

function judge(source: string, args: readonly unknown[] = []): ReturnType<Condition> {
  return plan(parse(source, args))(facts)
}

t.test('a condition is true or false of a call', async t => {
  const holding = [
    "args.env == 'production' && 'production' == args.env && args.env != 'x'",
    'args.amount == 1500 && args.amount != 1 && args.amount > 1000 && args.amount >= 1500',
    'args.amount < 1501 && args.amount <= 1500.0 && 1000 < args.amount && 1501 >= args.amount',
    '1500 == args.amount && 1 != args.amount && 2000 > args.amount && 1500 <= args.amount',
    "args.env in ['staging', 'production'] && !(args.env in ['x']) && args.amount in [1, 1500]",
    "args.dryRun in [true, false] && !(args.none in ['x', 1]) && !(dyn([1]) in [1, 2])",
    'args.dryRun == false && args.none == null && args.amount != null',
    "args.tags == ['a', 'b'] && size(args.tags) == 2 && args.tags[1] == 'b'",
    "args.rows == [{'id': 1}, {'id': 2}] && args.rows[0] == {'id': 1.0}",
    "args.text.size() == 7 && args.text.charAt(6) == '😀' && args.text.indexOf('😀') == 6",
    "subject.labels.team == 'web' && 'sre' in subject.groups && subject.agent == 'claude'",
    "subject.labels == {'team': 'web'} && 'team' in subject.labels",
    "session.toolCalls + 1 == 4 && session.spentUsd < 2.0 && 'ls' in session.toolsUsed",
    "request.time - session.startedAt == duration('1h30m0.25s') && request.time.getHours() == 9",
    "request.justification == 'hotfix' && tool.name == 'deploy_app' && tool.server == 'platform'",
    "args.env.matches('^prod') && matches(args.env, 'tion$') && !args.env.matches('x')",
    'type(args.amount) == double && type(args.none) == null_type && type(args) == map',
    'args.exists(k, k == "amount") && args.all(k, k != "zzz")',
  ]
  for (const source of holding) t.equal(judge(source), true, source)
})

t.test('numbers that the schema calls integers are ints', async t => {
  const holding = [
    'args.count / 2 == 3 && args.count % 2 == 1 && args.count + 1 == 8 && args.count == 7',
    'args.ids.exists(i, i % 2 == 0) && args.ids[0] + 1 == 2 && args.ids.map(i, i * 2) == [2, 4, 6]',
    'args.rows.map(r, r.id)[1] + 1 == 3 && args.rows.exists_one(r, r.id - 1 == 0)',
    'args.rows.map(r, r.id > 1, r.id + 1) == [3] && args.rows.filter(r, r.id / 2 == 1) == [{"id": 2}]',
    "type(args.count) == int && string(args.count) == '7' && type(args.half) == double",
    'args.half > 7 && args.count > 6.5',
  ]
  for (const source of holding) t.equal(judge(source, [schema]), true, source)
  t.match(judge('args.half + 1 > 1', [schema]), { message: '+ does not take double and int' })
  t.match(judge('args.huge + 1 > 1', [schema]), { message: 'the int overflows 64 bits' })
})

t.test('a side that decides makes up for one that fails', async t => {
  t.equal(judge("args.missing == 1 || args.env == 'production'"), true)
  t.equal(judge("args.env == 'production' || args.missing == 1"), true)
  t.equal(judge("args.missing == 1 && args.env == 'x'"), false)
  t.equal(judge("args.env == 'x' && args.missing == 1"), false)
  t.equal(judge("args.env == 'x' ? args.missing == 1 : true"), true)
  t.equal(judge("args.env == 'production' ? true : args.missing == 1"), true)
  t.equal(judge("args.tags.exists(x, x == 'b' || args.missing)"), true)
  t.equal(judge('args.rows.all(r, r.id == 2 && r.missing == 1)'), false)
  t.match(judge('args.missing == 1 || args.gone == 1'), { message: 'there is no field missing' })
  t.match(judge('args.rows.all(r, r.missing == 1)'), { message: 'there is no field missing' })
})

t.test('what cannot be evaluated is an error with the place in the condition', async t => {
  const cases: [string, string, string][] = [
    ['args.env == 1 || args.missing == 1', 'there is no field missing', 'args.missing'],
    ['args.env > 1', '> does not take string and int', 'args.env > 1'],
    ['1 < args.env', '> does not take string and int', '1 < args.env'],
    ['!args.env', 'a bool is needed here, not string', '!args.env'],
    ['args.env && true', 'a bool is needed here, not string', 'args.env && true'],
    ['args.amount || false', 'a bool is needed here, not double', 'args.amount || false'],
    ['args.env ? true : false', 'a bool is needed here, not string', 'args.env ? true : false'],
    ['args.none.x == 1', 'a field is read from null_type, which has none', 'args.none.x'],
    ['args.tags.x == 1', 'a field is read from list, which has none', 'args.tags.x'],
    ['has(args.env.x)', 'has() looks for a field in string, which has none', 'has(args.env.x)'],
    ['args.tags[5] == 1', 'there is no item at that place of the list', 'args.tags[5]'],
    ["args.tags['x'] == 1", '[] does not take list and string', "args.tags['x']"],
    ['args.env[0] == 1', '[] does not take string and int', 'args.env[0]'],
    ["subject.labels['x'] == 'y'", 'there is no such key', "subject.labels['x']"],
    ['args.env.all(x, true)', 'a macro goes over a list or a map, not string', 'args.env'],
    ['args.tags.all(x, x)', 'a bool is needed here, not string', 'x'],
    ['args.tags.filter(x, x) == []', 'a bool is needed here, not string', 'x'],
    ['args.tags.filter(x, x.y) == []', 'a field is read from string, which has none', 'x.y'],
    ['args.tags.exists_one(x, x)', 'a bool is needed here, not string', 'x'],
    ['args.tags.map(x, x.y) == []', 'a field is read from string, which has none', 'x.y'],
    ['args.tags.map(x, x.y, x) == []', 'a field is read from string, which has none', 'x.y'],
    ['args.missing.all(x, true)', 'there is no field missing', 'args.missing'],
    ['args.amount.matches("x")', 'matches does not take double', 'args.amount.matches("x")'],
    ['args.missing.matches("x")', 'there is no field missing', 'args.missing'],
    ['[args.missing] == []', 'there is no field missing', 'args.missing'],
    ['{args.missing: 1} == {}', 'there is no field missing', 'args.missing'],
    ['{1: args.missing} == {}', 'there is no field missing', 'args.missing'],
    ['{args.amount: 1} == {}', 'double cannot be a key of a map', '{args.amount: 1}'],
    [
      '{args.env: 1, args.env: 2} == {}',
      'a key of the map is there twice',
      '{args.env: 1, args.env: 2}',
    ],
    ['args.env.replace(args.missing, "x") == ""', 'there is no field missing', 'args.missing'],
    [
      'args.env.replace(args.amount, "x") == ""',
      'replace does not take string and double and string',
      'args.env.replace(args.amount, "x")',
    ],
    ['size(args.missing) == 1', 'there is no field missing', 'args.missing'],
    ['args.env + args.missing == ""', 'there is no field missing', 'args.missing'],
    ['args.env', 'the condition is no bool but string', 'args.env'],
  ]
  for (const [source, message, place] of cases) {
    const outcome = judge(source)
    t.match(outcome, { message }, source)
    if (typeof outcome === 'object') t.equal(source.slice(...outcome.at), place, source)
  }
})

t.test('a table that no compiler of ours made is judged too', async t => {
  const at = [0, 1] as const
  const run = (node: Expression) => plan(node)(facts)
  const text = { op: 'string', value: '(', at } as const
  t.match(run({ op: 'ident', name: 'constructor', at }), {
    message: 'there is no variable constructor',
  })
  t.match(run({ op: 'call', fn: 'nothing', args: [], at }), {
    message: 'there is no function nothing of 0',
  })
  t.match(run({ op: 'call', fn: '_&&_', args: [text], at }), {
    message: 'there is no function _&&_ of 1',
  })
  t.match(run({ op: 'call', fn: '_?_:_', args: [text, text], at }), { message: /no function/ })
  t.match(run({ op: 'call', fn: '_<_', args: [text], at }), {
    message: 'there is no function _<_ of 1',
  })
  t.match(run({ op: 'call', fn: 'x', args: [text, text, text], at }), {
    message: /no function x of 3/,
  })
  t.match(run({ op: 'call', fn: 'x', args: [text, text], at }), { message: /no function x of 2/ })
  t.match(run({ op: 'call', fn: 'matches', args: [text], at }), {
    message: /no function matches of 1/,
  })
  t.match(run({ op: 'call', fn: 'matches', args: [text, text], at }), {
    message: 'the pattern of matches is not valid RE2',
  })
  const variable = {
    op: 'select',
    of: { op: 'ident', name: 'args', at },
    field: 'env',
    at,
  } as const
  t.match(run({ op: 'call', fn: 'matches', args: [text, variable], at }), {
    message: 'the pattern of matches must be a constant text',
  })
})

t.test('whatever the facts hold, there is an answer', async t => {
  const condition = plan(parse("args.x.y == 'z' && args.list.exists(i, i == 1)"))
  const odd = [
    undefined,
    () => 1,
    Symbol('x'),
    new Date(),
    new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no')
        },
      },
    ),
    Object.create(null),
    new Map(),
  ]
  for (const x of odd) {
    const outcome = condition({ ...facts, args: { x, list: x } } as unknown as Facts)
    t.ok(outcome === false || typeof outcome === 'object')
  }
  t.match(condition({ ...facts, args: null } as unknown as Facts), { message: /null_type/ })
  t.match(condition({} as Facts), { message: String })
  const bare = Object.assign(Object.create(null), { y: 'z' })
  t.equal(condition({ ...facts, args: { x: bare, list: [1] } } as Facts), true)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const source of ["args.x.y == 'z'", 'has(args.x.y) || args.list.exists(i, i == 1)']) {
    t.match(plan(parse(source))({ ...facts, args: { x: proxy, list: [1] } } as unknown as Facts), {
      message: 'the condition cannot be evaluated',
    })
  }
  const time = plan(parse('request.time > session.startedAt'))
  t.match(time({ ...facts, request: { ...facts.request, time: Number.NaN } }), {
    message: 'the number is no timestamp',
  })
})

t.test('a condition can be asked again and again, from inside out of budget too', async t => {
  const condition = plan(parse('args.l.all(a, args.l.all(b, args.l.all(c, a + b + c >= 0.0)))'))
  const call = (n: number) => factsOf({ args: { l: Array.from({ length: n }, (_, i) => i) } })
  t.equal(condition(call(3)), true)
  t.match(condition(call(400)), { message: 'the condition takes too many steps' })
  t.equal(condition(call(3)), true)
})

t.test('however many zones the calls name, each has its own clock', async t => {
  const condition = plan(parse('request.time.getHours(args.zone) == args.hour'))
  const hours: Readonly<Record<string, number>> = {
    'Asia/Tokyo': 18,
    'America/New_York': 4,
    ...Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`Etc/GMT-${i}`, 9 + i])),
    'Asia/Dubai': 13,
    'Europe/Madrid': 10,
  }
  for (const [zone, hour] of [...Object.entries(hours), ...Object.entries(hours)]) {
    t.equal(condition({ ...facts, args: { zone, hour } }), true, zone)
  }
  for (const zone of ['Nowhere/Else', 'Nowhere/Else', '+01:00x', 'x'.repeat(65)]) {
    t.match(condition({ ...facts, args: { zone, hour: 9 } }), {
      message: 'there is no such time zone',
    })
  }
})

t.test('what a listed call could still do is unknown, what it cannot is false', async t => {
  const visible = (source: string) => planVisible(parse(source))(facts)
  t.equal(visible("args.env == 'production'"), 'unknown')
  t.equal(visible("has(args.env) || args['x'] == 1 || args.exists(k, true)"), 'unknown')
  t.equal(visible("subject.agent == 'claude'"), true)
  t.equal(visible("subject.agent == 'claude' || args.x == 1"), true)
  t.equal(visible("args.x == 1 || subject.agent == 'claude'"), true)
  t.equal(visible("subject.agent == 'other' && args.x == 1"), false)
  t.equal(visible("args.x == 1 && subject.agent == 'other'"), false)
  t.equal(visible("subject.agent == 'claude' && args.x == 1"), 'unknown')
  t.equal(visible("request.time.getHours() == 9 || request['justification'] == ''"), 'unknown')
  t.equal(visible("request['justification'] == ''"), 'unknown')
  t.equal(visible("request['time'] > session['startedAt']"), 'unknown')
  t.equal(visible("request['protocol'] == ''"), true)
  t.equal(visible('has(request.justification)'), 'unknown')
  t.equal(visible("[{'time': 1}].exists(request, request.time == 1 && request['time'] == 1)"), true)
  t.equal(visible("subject.labels.missing == 'x'"), false)
  t.equal(visible("subject.labels.missing == 'x' || args.x == 1"), 'unknown')
  t.equal(visible("args.x == 1 || subject.labels.missing == 'x'"), 'unknown')
  t.equal(visible("subject.groups.all(g, g == args.x || subject.labels[g] == 'x')"), 'unknown')
  t.equal(visible('[subject.labels.a, args.x].exists(x, x == 1)'), false)
  t.equal(visible("[1, 2].all(x, x == 1 ? subject.labels.a == '' : args.x == 1)"), 'unknown')
  t.equal(visible('args.x.matches("x")'), 'unknown')
  t.equal(visible('!args.x'), 'unknown')
  t.equal(visible('args.x ? true : false'), 'unknown')
  t.equal(visible('args.l.map(x, x).size() == 1'), 'unknown')
  const simple = { op: 'simple', path: ['x'], test: '==', value: 1, at: [0, 1] } as const
  t.equal(planVisible(simple)(facts), 'unknown')
})

t.test('a trace says what every part was, outermost first', async t => {
  const source =
    "(args.env == 'production' || has(args.x)) && args.rows.exists(r, r.id > 1) && args.tags[0] == 'b'"
  t.strictSame(traceParts(parse(source), source, facts), [
    { text: source, value: 'false' },
    { text: "args.env == 'production' || has(args.x)", value: 'true' },
    { text: "args.env == 'production'", value: 'true' },
    { text: 'args.env', value: '"production"' },
    { text: 'has(args.x)', value: 'false' },
    { text: "args.rows.exists(r, r.id > 1) && args.tags[0] == 'b'", value: 'false' },
    { text: 'args.rows.exists(r, r.id > 1)', value: 'true' },
    { text: 'args.rows', value: '[{"id": 1}, {"id": 2}]' },
    { text: "args.tags[0] == 'b'", value: 'false' },
    { text: 'args.tags[0]', value: '"a"' },
    { text: 'args.tags', value: '["a", "b"]' },
  ])
})

t.test('a trace looks into lists and maps that the condition writes', async t => {
  const source = "args.env in [args.x, 'b'] || {args.env: args.dryRun} == {}"
  const parts = traceParts(parse(source), source, facts).map(({ text }) => text)
  t.strictSame(parts, [
    source,
    "args.env in [args.x, 'b']",
    'args.env',
    'args.x',
    '{args.env: args.dryRun} == {}',
    'args.env',
    'args.dryRun',
  ])
})

t.test('a trace shows values of every type, shortened, and errors in words', async t => {
  const shown = (source: string, call = facts) => traceParts(parse(source), source, call)[1]?.value
  t.equal(shown('args.missing.deep == 1'), 'error: there is no field missing')
  t.equal(shown('args.none == null'), 'null')
  t.equal(shown('type(args.x) == int'), 'error: there is no field x')
  t.equal(shown('type(args.env) == int'), 'string')
  t.equal(shown("request.time == timestamp('2026-01-01T00:00:00Z')"), '2026-11-21T09:30:00.25Z')
  t.equal(shown("request.time - session.startedAt == duration('1s')"), '5400.25s')
  t.equal(shown('args.dryRun == true'), 'false')
  t.equal(shown("bytes(args.env) == b'x'"), '10 bytes')
  const long = factsOf({
    args: { t: 'x'.repeat(300), l: Array.from({ length: 30 }, () => 0), d: [[[[[[1]]]]]] },
  })
  t.equal(shown('args.t == ""', long), `"${'x'.repeat(200)}…"`)
  t.equal(shown('args.l == []', long), `[${'0, '.repeat(20)}…]`)
  t.equal(shown('args.d == []', long), '[[[[[…]]]]]')
  t.equal(
    shown('args.o == {}', factsOf({ args: { o: { a: null, b: [1] } } })),
    '{"a": null, "b": [1]}',
  )
  t.equal(shown('args.tags.all(x, true) == true'), 'true')
  t.equal(shown("args.tags.filter(x, x == 'a').map(x, x) == []"), '["a"]')
  t.equal(shown('args.tags.exists_one(x, x == "a") == true'), 'true')
  const simple = { op: 'simple', path: ['env'], test: '==', value: 'x', at: [0, 8] } as const
  t.strictSame(traceParts(simple, 'env == x', facts), [{ text: 'env == x', value: 'false' }])
})

t.test('the members of arguments have one order, however they were sent', async t => {
  const condition = plan(parse('args.map(name, name) == ["a", "b", "c"]'))
  for (const args of [
    { a: 1, b: 2, c: 3 },
    { c: 3, a: 1, b: 2 },
  ]) {
    t.equal(condition(factsOf({ args })), true)
  }
})
