import t from 'tap'
import { parseCondition } from '../../../policy/compile/cel/parse-condition.ts'
import type { CallKind } from '../../../schemas/call-kind.ts'

const schema = {
  type: 'object',
  properties: {
    amount: { type: 'number' },
    count: { type: 'integer' },
    env: { enum: ['production', 'staging'] },
    mode: { const: 'fast' },
    level: { enum: [1, 2, null] },
    mixed: { enum: ['a', 1, { b: 1 }] },
    flag: { enum: [true, false] },
    path: { type: 'string' },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    maybe: { type: ['integer', 'null'] },
    old: { type: 'string', nullable: true },
    any: { anyOf: [{}, { type: 'null' }] },
    nullFirst: { anyOf: [{ type: 'null' }, { type: 'string' }] },
    none: { anyOf: [] },
    listOrText: { anyOf: [{ type: 'array' }, { type: 'string' }] },
    objectOrText: { anyOf: [{ type: 'object', properties: {} }, { type: 'string' }] },
    either: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    all: { allOf: [{ type: 'string' }] },
    tags: { type: 'array', items: { type: 'string' } },
    ids: { type: 'array', items: { type: 'integer' } },
    rows: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
    approval: { type: 'object', properties: { level: { type: 'integer' } } },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    free: { type: 'object' },
    sealed: { type: 'object', additionalProperties: false },
    partly: { type: 'object', properties: { a: { type: 'string' } }, patternProperties: {} },
    user: { $ref: '#/$defs/user' },
    'a/b': { $ref: '#/properties/path' },
    slash: { $ref: '#/properties/a~1b' },
    loop: { $ref: '#/properties/loop' },
    lost: { $ref: '#/$defs/lost' },
    far: { $ref: 'https://example.com/schema' },
    untyped: { properties: { x: { type: 'string' } } },
    anything: {},
    yes: true,
  },
  $defs: { user: { type: 'object', properties: { name: { type: 'string' } } } },
}

/** Code, marked text, and suggestion of each problem. */
function problems(source: string, args: readonly unknown[] = [schema], kind: CallKind = 'tool') {
  return parseCondition(source, { kind, args }).problems.map(problem => [
    problem.severity === 'error' ? problem.code : `${problem.severity} ${problem.code}`,
    source.slice(problem.start, problem.end),
    ...(problem.suggestion === undefined ? [] : [problem.suggestion]),
  ])
}

t.test('a problem has a code, a sentence, a place and what to write instead', async t => {
  t.strictSame(parseCondition('args.amout > 1000', { kind: 'tool', args: [schema] }), {
    expression: null,
    problems: [
      {
        severity: 'error',
        code: 'unknown_field',
        message: 'The arguments have no field amout.',
        suggestion: 'Did you mean "amount"?',
        start: 5,
        end: 10,
      },
    ],
  })
})

t.test('a condition becomes plain data that says where it was written', async t => {
  t.strictSame(
    parseCondition('args.count + 1 > 2 && has(args.note)', { kind: 'tool', args: [schema] }),
    {
      expression: {
        op: 'call',
        fn: '_&&_',
        args: [
          {
            op: 'call',
            fn: '_>_',
            args: [
              {
                op: 'call',
                fn: '_+_',
                args: [
                  {
                    op: 'select',
                    of: { op: 'ident', name: 'args', at: [0, 4] },
                    field: 'count',
                    at: [0, 10],
                    as: 'int',
                  },
                  { op: 'int', value: '1', at: [13, 14] },
                ],
                at: [0, 14],
              },
              { op: 'int', value: '2', at: [17, 18] },
            ],
            at: [0, 18],
          },
          {
            op: 'select',
            of: { op: 'ident', name: 'args', at: [26, 30] },
            field: 'note',
            test: true,
            at: [22, 36],
          },
        ],
        at: [0, 36],
      },
      problems: [],
    },
  )
})

t.test('what fits the schema compiles', async t => {
  const fine = [
    'args.amount == 1000',
    '1000 != args.amount && args.amount in [1, 2.5]',
    'args.count + 1 > 2 && args.count % 2 == 0',
    'args.count < args.amount',
    "args.env == 'production' && args.mode == 'fast'",
    'args.level == null || args.level >= 2',
    "args.mixed == 'a' || args.mixed == 1",
    'args.flag',
    "args.note == null || args.note.startsWith('x')",
    'args.maybe == null || args.maybe + 1 == 2',
    "args.old != null && args.old == 'x'",
    "args.either == 'x' || args.either == 1",
    "args.any == 1 && args.none == 1 && args.nullFirst.startsWith('x')",
    "args.listOrText == 'x' && args.objectOrText.x == 1",
    "args.all == 'x'",
    "args.tags.exists(t, t.startsWith('x')) && 'a' in args.tags",
    'args.ids.exists(i, i % 2 == 0) && args.ids[0] + 1 == 2',
    'args.rows.all(r, r.id + 1 > 0) && args.rows.map(r, r.id)[0] - 1 == 0',
    'args.rows.exists_one(r, r.id == 1) && args.rows.filter(r, r.id > 1).size() == 0',
    'args.rows.map(r, r.id > 1, r.id) == [2]',
    "args.approval.level >= 2 && args.approval['level'] >= 2",
    "args.labels.team == 'web' && args.labels.exists(k, k == 'team')",
    'args.approval.exists(k, k == "level") && size(args.approval) == 1',
    'args.free.whatever == 1 && args.partly.zzz == 1',
    "args.user.name == 'ana' && args['user']['name'] == 'ana'",
    "args.slash == 'x' && args.lost.x == 1 && args.far.x == 1 && args.loop.x == 1",
    "args.untyped.x == 'y' && args.anything.x.y == 1 && args.yes == 1",
    'args[args.path] == 1',
    "request.time.getHours('Europe/Berlin') >= 8",
    "timestamp('2026-01-01T00:00:00Z') < request.time && request.time - session.startedAt > duration('1h')",
    "subject.labels.team == 'web' && 'sre' in subject.groups",
    "session.toolCalls + 1 < 10 && session.spentUsd < 5.0 && session.toolsUsed.exists(t, t == 'x')",
    "(args.flag ? args.path : args.env) == 'x'",
    '(args.flag ? args.ids : args.tags) == []',
    "{'a': 1}.a == 1 && {'a': args.path}['a'] == 'x' && 'a' in {'a': 1}",
    'type(args.path) == string && dyn(args.path) == 1 && type(request.time) == google.protobuf.Timestamp',
    "'%s'.format([args.path]) == strings.quote('x')",
    "b'a' < b'b' && true > false && 1u < 2u && duration('1s') < duration('2s')",
    "args.tags.join(',') + args.path == 'x' && args.tags + ['x'] == []",
    'tool.readOnly && !tool.destructive && tool.name == "x" && tool.server == "y"',
  ]
  for (const source of fine) t.strictSame(problems(source), [], source)
})

t.test('a field that the arguments cannot have is refused, in has() too', async t => {
  t.strictSame(problems('args.amout > 1'), [['unknown_field', 'amout', 'Did you mean "amount"?']])
  t.strictSame(problems('has(args.aproval.level)'), [
    ['unknown_field', 'aproval', 'Did you mean "approval"?'],
  ])
  t.strictSame(problems('has(args.aproval)'), [
    ['unknown_field', 'has(args.aproval)', 'Did you mean "approval"?'],
  ])
  t.strictSame(problems("args['amout'] > 1"), [
    ['unknown_field', "'amout'", 'Did you mean "amount"?'],
  ])
  t.strictSame(problems('args.rows.exists(r, r.idd == 1)'), [
    ['unknown_field', 'idd', 'Did you mean "id"?'],
  ])
  t.strictSame(problems('args.sealed.x == 1'), [['unknown_field', 'x']])
  t.strictSame(problems('args.x == 1', [{ type: 'object', properties: {} }]), [
    ['unknown_field', 'x'],
  ])
})

t.test('several schemas know what any of them knows', async t => {
  const other = {
    type: 'object',
    properties: {
      amount: { type: 'string' },
      path: { type: 'string' },
      env: { enum: ['test'] },
      ids: { type: 'array', items: { type: 'number' } },
      approval: { type: 'object', properties: { by: { type: 'string' } } },
      count: { type: 'integer' },
      labels: { type: 'object', additionalProperties: { type: 'integer' } },
      extra: { type: 'boolean' },
    },
  }
  const both = [schema, other]
  t.strictSame(problems("args.amount == 'x' || args.amount == 1", both), [])
  t.strictSame(problems("args.env == 'test' || args.env == 'staging'", both), [])
  t.strictSame(
    problems("args.approval.by == 'x' && args.approval.level > 1 && args.extra", both),
    [],
  )
  t.strictSame(problems("args.ids[0] == 'x' && args.labels.a == 'x'", both), [])
  t.strictSame(problems('args.count + 1 == 2', both), [])
  t.strictSame(problems('args.path > 1', both), [['wrong_types', 'args.path > 1']])
  t.strictSame(problems('args.zzzz', both), [['unknown_field', 'zzzz']])
  t.strictSame(problems('args.nothing', [schema, true]), [])
  t.strictSame(problems('args.nothing', [{ type: 'object' }, schema]), [])
  t.strictSame(
    problems('args.nothing', [{ type: 'object', additionalProperties: true, properties: {} }]),
    [],
  )
})

t.test('a schema that multiplies without end is read only so far', async t => {
  const names = Array.from({ length: 30 }, (_, i) => `f${i}`)
  const tree = {
    type: 'object',
    properties: Object.fromEntries(names.map(name => [name, { $ref: '#' }])),
  }
  t.strictSame(problems('args.f1.f2 == 1', [tree]), [])
  t.strictSame(problems('args.g1 == 1', [tree]), [['unknown_field', 'g1', 'Did you mean "f1"?']])
  const many = { enum: Array.from({ length: 50_000 }, (_, i) => `v${i}`) }
  const wide = { type: 'object', properties: { many } }
  t.match(problems("args.many == 'x'", [wide]), [['warning value_not_allowed', "'x'"]])
  let deep: object = { type: 'string' }
  for (let i = 0; i < 20; i++) deep = { type: 'array', items: deep }
  const path = `args.deep${'[0]'.repeat(20)}`
  t.strictSame(problems(`${path} == 1`, [{ type: 'object', properties: { deep } }]), [])
})

t.test('each kind of call has its own variables', async t => {
  const kinds: readonly CallKind[] = ['tool', 'model', 'resource', 'prompt']
  const which = (source: string) => kinds.filter(kind => problems(source, [], kind).length === 0)
  t.strictSame(which("args.x == 'y'"), ['tool', 'prompt'])
  t.strictSame(which("tool.name == 'x'"), ['tool'])
  t.strictSame(which("model.name == 'x' && model.requested == 'y' && model.provider == 'z'"), [
    'model',
  ])
  t.strictSame(which("resource.uri == 'x' && resource.server == 'y'"), ['resource'])
  t.strictSame(which("prompt.name == 'x' && prompt.server == 'y'"), ['prompt'])
  t.strictSame(which("request.justification == '' && request.protocol == ''"), [
    'tool',
    'resource',
    'prompt',
  ])
  t.strictSame(which('request.maxTokens + request.inputTokens > 1 && request.stream'), ['model'])
  t.strictSame(which("'x' in request.tools"), ['model'])
  t.strictSame(which('request.time > session.startedAt && session.modelCalls == 0'), kinds)
  t.strictSame(
    which("subject.agent + subject.kind + subject.apiKey + subject.user + subject.namespace == ''"),
    kinds,
  )
  t.match(parseCondition("model.name == 'x'", { kind: 'tool', args: [] }).problems, [
    { message: 'There is no model here; it belongs to model calls.' },
  ])
})

t.test('a record of the call is not a value', async t => {
  const refused = ['request == 1', '[request] == []', '{1: request} == {}', 'size(subject) > 1']
  for (const source of refused) t.match(problems(source), [['not_a_value']], source)
  t.match(problems('subject.exists(k, k == "x")'), [['not_a_value']])
  t.match(problems('args.tags.map(x, request) == []'), [['not_a_value']])
  t.match(problems('request[args.path] == 1'), [['not_a_value']])
  t.match(problems('args.tags[request] == "x"'), [['not_a_value']])
  t.match(problems('args.tags.map(x, request, x) == []'), [['not_a_value']])
  t.match(problems('request'), [['not_a_value']])
  t.strictSame(problems("request['time'] == session['startedAt']"), [])
})

t.test('types that cannot meet are refused', async t => {
  const refused: [string, string][] = [
    ['args.path > 1', 'args.path > 1'],
    ["args.amount == 'x'", "args.amount == 'x'"],
    ['args.tags.exists(t, t == 3)', 't == 3'],
    ['3 in args.tags', '3 in args.tags'],
    ["args.path in 'x'", "'x'"],
    ['args.path.contains(3)', 'args.path.contains(3)'],
    ['args.tags < args.tags', 'args.tags < args.tags'],
    ['args.path + args.tags == 1', 'args.path + args.tags'],
    ['args.tags.join(1) == ""', 'args.tags.join(1)'],
    ['-args.path == 1', '-args.path'],
    ['"x".size(1) == 1', '"x".size(1)'],
    ['size() == 1', 'size()'],
    ['args.path.matches()', 'args.path.matches()'],
    ['args.ids.join() == ""', 'args.ids.join()'],
  ]
  for (const [source, marked] of refused) {
    t.match(problems(source), [['wrong_types', marked]], source)
  }
  const [count] = parseCondition('"x".replace("x") == ""', { kind: 'tool', args: [] }).problems
  t.equal(count?.message, 'replace() takes 2 or 3 arguments.')
  t.strictSame(problems('args.amount + 1 > 2'), [
    [
      'wrong_types',
      'args.amount + 1',
      'JSON numbers are doubles: write 1.0 instead of 1, or convert with int(…).',
    ],
  ])
  t.strictSame(problems('args.path.name == 1'), [['no_fields', 'name']])
  t.strictSame(problems('args.path[0] == 1'), [['no_items', 'args.path[0]']])
  t.strictSame(problems('args.path.all(c, true)'), [['no_items', 'args.path']])
})

t.test('every part that must be true or false is', async t => {
  const refused = [
    'args.path',
    'args.amount',
    '!args.path',
    'args.path && true',
    'args.path || true',
  ]
  for (const source of refused) t.match(problems(source), [['not_a_bool']], source)
  t.match(problems('args.path ? true : false'), [['not_a_bool', 'args.path']])
  t.match(problems('args.tags.all(t, t)'), [['not_a_bool', 't']])
  t.match(problems('args.tags.filter(t, 1) == []'), [['not_a_bool', '1']])
  t.match(problems('args.tags.map(t, t, t) == []'), [['not_a_bool', 't']])
  t.strictSame(problems('args.path'), [
    ['not_a_bool', 'args.path', 'Compare it, for example with ==.'],
  ])
  t.match(problems('args.amount', []), [])
})

t.test('functions that do not exist are refused with the one that does', async t => {
  t.strictSame(problems("args.path.contians('x')"), [
    ['unknown_function', "args.path.contians('x')", 'Did you mean "contains"?'],
  ])
  t.strictSame(problems("contains(args.path, 'x')"), [
    ['unknown_function', "contains(args.path, 'x')", 'Write x.contains(…).'],
  ])
  t.strictSame(problems('args.path.int() == 1'), [
    ['unknown_function', 'args.path.int()', 'Write int(x).'],
  ])
  t.strictSame(problems('siez(args.path) == 1'), [
    ['unknown_function', 'siez(args.path)', 'Did you mean "size"?'],
  ])
  t.match(problems('args.tags.exists(x)'), [['unknown_function', 'args.tags.exists(x)'], {}])
  t.match(problems('math.greatest(1, 2) == 2'), [['unknown_function', 'math.greatest(1, 2)']])
})

t.test('a time zone that does not exist is refused', async t => {
  t.strictSame(problems("request.time.getHours('Mars/Olympus') > 8"), [
    ['unknown_time_zone', "'Mars/Olympus'", 'Write it as "Europe/Berlin" or "+02:00".'],
  ])
  t.strictSame(problems('request.time.getHours(args.path) > 8'), [])
})

t.test('macros are written as CEL writes them', async t => {
  t.match(problems('has(args)'), [['wrong_has', 'has(args)']])
  t.match(problems('has(args.path, 1)'), [['wrong_has']])
  t.match(problems('args.tags.all(1, true)'), [['condition_syntax', '1']])
  t.match(problems('args.tags.existsOne(x.y, true)'), [['wrong_macro', 'x.y']])
})

t.test('text that is no CEL is refused where it stops to be', async t => {
  const refused: [string, string][] = [
    ['', ''],
    ['args.path ==', ''],
    ["args.path == 'a' trailing", 'trailing'],
    ['args.amount @ > 1', '@'],
    ["args.path == 'abc", "'abc"],
    ['if', 'if'],
    ["'\\q' == ''", '\\q'],
    ['(args.flag', ''],
    ['args.path = 1', '='],
    [String.raw`r'a\'b' == 'x'`, String.raw`r'a\'b'`],
    [String.raw`b'\8' == b''`, String.raw`\8`],
    [String.raw`b'\u0041' == b''`, String.raw`\u`],
    ['args.`path` == 1', '`'],
    ['18446744073709551616u == 1u', '18446744073709551616'],
  ]
  for (const [source, marked] of refused) {
    t.match(problems(source), [['condition_syntax', marked]], source)
  }
})

t.test('whatever the text, the answer is a list of problems', async t => {
  const alphabet = [
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    ':',
    '?',
    '!',
    '-',
    '+',
    '"',
    "'",
    '\\',
    'a',
    'args',
    'has',
    '.all(x,',
    '1',
    '0x',
    '1u',
    'b"',
    'r"',
    ' ',
    '\n',
    '&&',
    '||',
    '==',
    ' in ',
    '\u0000',
    '\ud800',
    '😀',
    'null',
    '//',
    '`',
    '@',
  ]
  let seed = 42
  const next = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed % n
  }
  for (let i = 0; i < 3000; i++) {
    const source = Array.from({ length: 1 + next(12) }, () => alphabet[next(alphabet.length)]).join(
      '',
    )
    const { expression, problems } = parseCondition(source, { kind: 'tool', args: [schema] })
    const failed = problems.some(({ severity }) => severity === 'error')
    const placed = problems.every(
      ({ start, end }) => 0 <= start && start <= end && end <= source.length,
    )
    if ((expression === null) !== failed || !placed) t.fail(JSON.stringify(source))
  }
})

t.test('a caller that has used up the stack gets a problem too', async t => {
  const source = `${'-'.repeat(4000)}1 == 1`
  const outcomes: unknown[] = []
  const descend = (): void => {
    try {
      descend()
    } catch {
      // Too deep to parse, and perhaps to say so; the frame above tries again.
    }
    if (outcomes.length < 1)
      outcomes.push(parseCondition(source, { kind: 'tool', args: [] }).problems)
  }
  descend()
  t.match(outcomes, [[{ code: 'condition_syntax', message: 'The condition cannot be read.' }]])
})

t.test('constants that cannot succeed are refused', async t => {
  t.match(problems("duration('5 minutes') < duration('1h')"), [
    ['always_fails', "duration('5 minutes')"],
  ])
  t.match(problems("request.time > timestamp('today')"), [['always_fails', "timestamp('today')"]])
  t.match(problems('1 / 0 == args.count'), [['always_fails', '1 / 0']])
  t.match(problems('[1][0 + 1] == 1'), [['always_fails', '[1][0 + 1] == 1']])
})

t.test('a condition that can have one value only says which', async t => {
  const constant = (source: string) => parseCondition(source, { kind: 'tool', args: [] }).constant
  t.equal(constant('true'), true)
  t.equal(constant('1 == 2'), false)
  t.equal(constant('true || args.x'), true)
  t.equal(constant('args.x && 1 > 2'), false)
  t.equal(constant('[1, 2].exists(i, i == 2)'), true)
  const never = [
    "args.x == 'a' && args.x == 'b'",
    "args.x == 'a' && args.y == 1 && args.x in ['b', 'c']",
    'args.x > 5 && args.x < 3',
    'args.x > 5 && 5 > args.x',
    'args.x >= 5 && args.x < 5',
    '5 <= args.x && args.x <= 4',
    'args.x == 5 && args.x > 5',
    'args.x == 5 && args.x >= 6.5',
    "args.x == 'a' && args.x < 6",
    'args.x == 7 && args.x <= 6',
    'args.dry && !args.dry',
    "args.s.contains('a') && args.y && !args.s.contains('a')",
    "args.x == 'a' && !(args.x in ['a', 'b'])",
    "!(args.x != 'a' || args.x == 'b' || true)",
    'args.x == true && args.x == false',
    'false || (args.x == 1 && args.x == 2)',
  ]
  for (const source of never) t.equal(constant(source), false, source)
  const always = [
    "args.x != 'a' || args.x != 'b'",
    'args.x > 3 || args.x < 5',
    'args.x >= 3 || args.x < 3',
    'args.dry || args.y || !args.dry',
    '!(args.x == 1 && args.x == 2)',
    '!false && true',
  ]
  for (const source of always) t.equal(constant(source), true, source)
  const either = [
    'args.x == 1',
    "args.x == 'a' || args.x == 'b'",
    "args.x != 'a' && args.x != 'b' && args.x > 3",
    'args.x > 3 && args.x > 5',
    'args.x >= 5 && args.x <= 5',
    'args.x > 3 && args.x < 5',
    'args.x == 4 && args.x > 3 && args.x >= 4 && args.x < 5 && args.x <= 4',
    'args.x == args.y && args.x != args.y || args.x == 1',
    "args.x > 'a' && args.x < 'b'",
    'args.x in [1, args.y] && args.x in args.list && args.x == 2',
    '!(args.x == 1)',
    'args.x[0] == 1 && args.x[1] == 2',
  ]
  for (const source of either) t.equal(constant(source), undefined, source)
  t.equal(constant('request.time > session.startedAt'), undefined)
})

t.test('values that the schema does not allow are warned of', async t => {
  const parsed = parseCondition("args.env == 'prodution'", { kind: 'tool', args: [schema] })
  t.ok(parsed.expression)
  t.strictSame(problems("args.env == 'prodution'"), [
    ['warning value_not_allowed', "'prodution'", 'Did you mean "production"?'],
  ])
  t.match(problems("'prod' != args.env"), [['warning value_not_allowed', "'prod'"]])
  t.match(problems("args.env in ['staging', 'x']"), [['warning value_not_allowed', "'x'"]])
  t.strictSame(problems('args.env == args.path'), [])
})

t.test('ints that no JSON number can be equal to are warned of', async t => {
  for (const source of ['args.count == 9007199254740993', '9007199254740993 != args.amount']) {
    t.match(problems(source), [['warning int_not_exact', '9007199254740993']], source)
  }
  t.match(problems('args.x == 9007199254740993', []), [['warning int_not_exact']])
  t.strictSame(problems('args.count == 9007199254740992'), [])
  t.strictSame(problems('int(args.path) == 9007199254740993'), [])
})

t.test('calculating with an int and an argument of unknown type is warned of', async t => {
  t.strictSame(problems('args.amount * 2 > 100.0', []), [
    [
      'warning double_and_int',
      'args.amount * 2',
      'JSON numbers are doubles: write 1.0 instead of 1, or convert with int(…).',
    ],
  ])
  t.strictSame(problems('args.amount * 2.0 > 100.0', []), [])
})
