import t from 'tap'
import { parseCondition } from '../../../policy/compile/cel/parse-condition.ts'
import { type ConditionError, plan } from '../../../policy/decide/cel/plan.ts'
import { factsOf } from '../../../policy/decide/facts.ts'

/** What a condition says about a call whose arguments are this JSON text. */
function judge(source: string, json: string, schema?: object): boolean | ConditionError {
  const { expression, problems } = parseCondition(source, {
    kind: 'tool',
    args: schema === undefined ? [] : [schema],
  })
  if (expression === null) throw new Error(problems.map(({ message }) => message).join(' '))
  return plan(JSON.parse(JSON.stringify(expression)))(factsOf({ args: JSON.parse(json) }))
}

function codes(source: string, schema?: object): string[] {
  const args = schema === undefined ? [] : [schema]
  return parseCondition(source, { kind: 'tool', args }).problems.map(({ code }) => code)
}

t.test('an object with a __proto__ key equals no other object', async t => {
  const args = '{"t":{"__proto__":{}}}'
  t.equal(judge("args.t == {'env': 'dev'}", args), false)
  t.equal(judge("args.t in [{'env': 'dev'}]", args), false)
  t.equal(judge("args.t != {'env': 'prod'}", args), true)
  t.equal(judge("args.t == {'__proto__': {}}", args), true)
})

t.test('a __proto__ key is a key like any other, and nothing else has one', async t => {
  t.equal(judge("args['__proto__'] == {'a': 1}", '{"__proto__":{"a":1}}'), true)
  t.equal(judge("'__proto__' in args", '{"__proto__":{}}'), true)
  t.equal(judge("'__proto__' in args", '{}'), false)
  t.equal(judge('has(args.__proto__)', '{}'), false)
  t.equal(judge('args.t.polluted == true', '{"t":{"__proto__":{"polluted":true}}}') === true, false)
})

t.test('a constructor key does not keep a condition from its answer', async t => {
  t.equal(judge("args.env == 'prod'", '{"env":"prod","constructor":{}}'), true)
  t.equal(judge("args.o.env == 'prod'", '{"o":{"env":"prod","constructor":null}}'), true)
  t.equal(judge('has(args.o.constructor)', '{"o":{"constructor":null}}'), true)
  t.equal(judge('has(args.constructor) || has(args.toString)', '{}'), false)
})

t.test('a $typeName key makes no message of an object', async t => {
  const message = '{"v":{"$typeName":"google.protobuf.StringValue","value":"ok"}}'
  t.equal(judge("args.v == 'ok'", message), false)
  t.equal(judge('type(args.v) == map', message), true)
  t.equal(judge('args.v == 1', '{"v":{"$typeName":"google.protobuf.Int32Value","value":1}}'), false)
})

t.test('a property that was put on Object.prototype is not an argument', async t => {
  Object.defineProperty(Object.prototype, 'approved', { value: true, configurable: true })
  t.teardown(() => Reflect.deleteProperty(Object.prototype, 'approved'))
  t.equal(judge('has(args.approved)', '{}'), false)
  t.match(judge('args.approved == true', '{}'), { message: 'there is no field approved' })
  t.match(judge("args['approved'] == true", '{}'), { message: 'there is no such key' })
})

t.test('has() on a mistyped root does not compile', async t => {
  t.strictSame(codes('has(arg.approval)'), ['unknown_variable'])
  t.strictSame(codes('!has(arg.approval)'), ['unknown_variable'])
  const schema = { type: 'object', properties: { approval: { type: 'string' } } }
  t.strictSame(codes('has(args.aproval)', schema), ['unknown_field'])
})

t.test('has() and in find a field that holds null', async t => {
  t.equal(judge('has(args.x)', '{"x":null}'), true)
  t.equal(judge("'x' in args", '{"x":null}'), true)
  t.equal(judge('args.x == null', '{"x":null}'), true)
  t.equal(judge("has({'x': null}.x) && 'x' in {'x': null}", '{}'), true)
  t.equal(judge("{'x': null}.x == null && {'x': null}['x'] == null", '{}'), true)
})

t.test('a pattern that makes other engines backtrack takes linear time', async t => {
  const args = JSON.stringify({ text: `${'a'.repeat(50_000)}!` })
  t.equal(judge("args.text.matches('(a+)+$')", args), false)
})

t.test('patterns speak RE2, so that no character hides a match', async t => {
  t.equal(judge("args.c.matches('^rm .*-rf')", '{"c":"rm x\\r-rf /"}'), true)
  t.equal(judge("args.c.matches('^rm .*-rf')", '{"c":"rm x\\u2028-rf /"}'), true)
  t.equal(judge("args.c.matches('[[:alpha:]]')", '{"c":"q"}'), true)
  t.equal(judge("args.c.matches('(?i)RM')", '{"c":"rm"}'), true)
  t.equal(judge(String.raw`args.c.matches(r'\pL\z')`, '{"c":"q"}'), true)
  t.equal(judge(String.raw`args.c.matches(r'\Q.\E')`, '{"c":"x"}'), false)
  for (const pattern of ['(?=x)', '(?<=x)', String.raw`(x)\\1`, '(', '[b-a]', 'x{2000}']) {
    t.strictSame(codes(`args.c.matches('${pattern}')`), ['invalid_regex'], pattern)
  }
  t.strictSame(codes('args.c.matches(args.pattern)'), ['regex_not_constant'])
  t.strictSame(codes("args.c.matches('a' + 'b')"), ['regex_not_constant'])
})

t.test('no length or nesting makes the compiler throw', async t => {
  const all = { length: 4097 }
  t.strictSame(codes('('.repeat(10_000)), ['condition_too_long'])
  t.strictSame(codes('!'.repeat(10_000)), ['condition_too_long'])
  t.strictSame(codes(`${'('.repeat(2000)}true${')'.repeat(2000)}`), ['condition_too_deep'])
  t.strictSame(codes(`${'!'.repeat(500)}true`), ['condition_too_deep'])
  t.strictSame(codes(`${'-'.repeat(500)}1 == 1`), ['condition_too_deep'])
  t.strictSame(codes(`${'!'.repeat(4000)}true`), ['condition_too_big'])
  t.strictSame(codes(`${'['.repeat(100)}${']'.repeat(100)} == []`), ['condition_too_deep'])
  t.strictSame(
    codes(
      Array.from(all, () => 'a')
        .join('.')
        .slice(0, 4095),
    ),
    ['condition_too_deep'],
  )
  t.strictSame(codes(Array.from({ length: 1200 }, () => '1').join('+')), ['condition_too_big'])
  t.strictSame(codes(Array.from({ length: 300 }, () => 'args.a').join(' || ')), [])
  t.strictSame(codes(`1 == ${Array.from({ length: 400 }, () => '1').join(' + ')}`), [])
})

t.test('64-bit integers overflow loudly', async t => {
  const overflow = { message: 'the int overflows 64 bits' }
  t.match(judge('int(args.n) + 9223372036854775807 > 0', '{"n":1}'), overflow)
  t.match(judge('int(args.n) * 9223372036854775807 > 0', '{"n":2}'), overflow)
  t.match(judge('-(int(args.n) - 9223372036854775807 - 2) > 0', '{"n":1}'), overflow)
  t.match(judge('int(args.n) - 9223372036854775807 > 0', '{"n":-2}'), overflow)
  t.match(judge('(int(args.n) - 9223372036854775807) / -1 > 0', '{"n":-1}'), overflow)
  t.match(judge('(int(args.n) - 9223372036854775807) % -1 > 0', '{"n":-1}'), overflow)
  t.strictSame(codes('args.n == 9223372036854775808'), ['number_too_large'])
  t.strictSame(codes('args.n == -9223372036854775809'), ['number_too_large'])
  t.strictSame(codes('args.n == -9223372036854775808'), [])
  t.match(judge('int(args.n) > 0', '{"n":1e99}'), {
    message: 'the number is outside of the range of the type',
  })
})

t.test('2^53 + 1 is not 2^53', async t => {
  t.equal(judge('args.n == 9007199254740993', '{"n":9007199254740992}'), false)
  t.equal(judge('args.n < 9007199254740993', '{"n":9007199254740992}'), true)
  t.equal(judge('9007199254740993 in [args.n]', '{"n":9007199254740992}'), false)
  t.equal(judge('args.n in [9007199254740993]', '{"n":9007199254740992}'), false)
  t.equal(judge('args.n == 9007199254740992', '{"n":9007199254740992}'), true)
})

t.test('NaN equals nothing and is neither more nor less', async t => {
  const nan = "double('NaN')"
  t.equal(judge(`${nan} == ${nan} || ${nan} < args.n || ${nan} >= args.n`, '{"n":1}'), false)
  t.equal(judge(`${nan} in [${nan}] || args.n in [${nan}]`, '{"n":1}'), false)
  t.equal(judge(`[${nan}] == [${nan}]`, '{}'), false)
  t.equal(judge(`${nan} != args.n`, '{"n":1}'), true)
})

t.test('no error says what was in the call', async t => {
  const secret = 'hunter2'
  const args = JSON.stringify({ password: secret, n: 1, list: [secret], o: { [secret]: secret } })
  const failing = [
    "args.missing == 'x'",
    'args.password > 1',
    'args.password && true',
    'args[args.password] == 1',
    'args.o[args.password] > 1',
    'args.list[7] == 1',
    'int(args.password) > 1',
    'timestamp(args.password) > request.time',
    'duration(args.password) > duration("1s")',
    'args.list.map(x, x + 1) == []',
    'args.password.format([args.list, args.o]).startsWith(args.n)',
    '"%d".format([args.password]) == "x"',
    '{args.password: 1, args.list[0]: 2}.size() == 1',
    'request.time.getHours(args.password) == 1',
    'args.password',
  ]
  for (const source of failing) {
    const outcome = judge(source, args)
    t.match(outcome, { message: String, at: [Number, Number] }, source)
    t.notMatch(JSON.stringify(outcome), secret, source)
  }
})

t.test('what other evaluators let pass is refused or answered as CEL does', async t => {
  t.strictSame(codes('args.amount @ > 1000'), ['condition_syntax'])
  t.strictSame(codes('constructor(args)'), ['unknown_function'])
  t.strictSame(codes('toString()'), ['unknown_function'])
  t.strictSame(codes("contains(args.command, 'x')"), ['unknown_function'])
  t.equal(judge('7 / 2 == 3', '{}'), true)
  t.match(judge('args.tags.exists(t, t)', '{"tags":["a"]}'), { message: /a bool is needed/ })
  t.match(judge('args.command ? true : false', '{"command":"x"}'), { message: /a bool is needed/ })
  t.match(judge('args.tags.length == 2', '{"tags":["a","b"]}'), { message: /list, which has none/ })
  t.equal(judge("['a', 'b'].exists(x, x == args.nullable)", '{"nullable":"b"}'), true)
  t.equal(
    judge("(args.tags).exists(x, [{'a': 1}][0].a == 1) && 1 < 2 == true", '{"tags":[1]}'),
    true,
  )
})

t.test('a loop leaves the arguments as they were', async t => {
  const args = Object.freeze({ list: Object.freeze([1, 2]), i: 7 })
  const { expression } = parseCondition('args.list.exists(i, i == 2) && args.i == 7', {
    kind: 'tool',
    args: [],
  })
  t.equal(plan(expression!)(factsOf({ args })), true)
  t.strictSame(args, { list: [1, 2], i: 7 })
})

t.test('no loop and no growing value outruns the budget', async t => {
  const list = JSON.stringify({ l: Array.from({ length: 300 }, (_, i) => i) })
  const steps = { message: 'the condition takes too many steps' }
  t.match(judge('args.l.all(a, args.l.all(b, args.l.all(c, a + b + c >= 0.0)))', list), steps)
  const doubling = (x: string) => `[${x}].map(s, s + s)[0]`
  const text = Array.from({ length: 40 }).reduce<string>(doubling, 'args.s')
  t.match(judge(`${text} == ''`, '{"s":"x"}'), steps)
  const long = JSON.stringify({ s: 'x'.repeat(1_000_000), l: Array.from({ length: 100 }, () => 0) })
  const grown = Array.from({ length: 6 }).reduce<string>(x => `(${x} + ${x})`, 'args.s')
  t.match(judge(`args.l.exists(i, ${grown} == '')`, long), steps)
  t.match(judge("args.l.exists(i, args.s.replace('x', 'yyyyyyyy').contains('z'))", long), steps)
  t.match(judge("args.l.map(i, args.s.matches('z')).size() == 0", long), { message: steps.message })
  const keys = JSON.stringify({
    l: Array(1000).fill(0),
    m: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i])),
  })
  t.match(judge('args.l.exists(i, args.m.size() == 1)', keys), steps)
  t.match(judge('args.l.exists(i, args.m == {})', keys), steps)
  t.equal(judge("args.l.exists(i, args.m['k7'] == 0 || 'x' in args.m)", keys), false)
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  t.match(judge('args.a == args.b', `{"a":${deep},"b":${deep}}`), steps)
})
