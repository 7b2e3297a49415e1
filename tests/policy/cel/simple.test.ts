import t from 'tap'
import { parseSimple } from '../../../policy/compile/cel/parse-simple.ts'
import { plan } from '../../../policy/decide/cel/plan.ts'
import { factsOf, type Json } from '../../../policy/decide/facts.ts'

function judge(source: string, args: { [key: string]: Json }): unknown {
  const { expression, problems } = parseSimple(source)
  if (expression === null) return problems.map(({ code }) => code)
  return plan(JSON.parse(JSON.stringify(expression)))(factsOf({ args }))
}

t.test('a comparison becomes a path, a test and a value', async t => {
  t.strictSame(parseSimple(" args.a.b >= '5' "), {
    expression: { op: 'simple', path: ['a', 'b'], test: '>=', value: '5', at: [0, 17] },
    problems: [],
  })
})

t.test('true and false are conditions, in any case', async t => {
  t.strictSame(parseSimple(' TRUE '), {
    expression: { op: 'bool', value: true, at: [0, 6] },
    problems: [],
    constant: true,
  })
  t.equal(judge('False', {}), false)
})

t.test('args. may be left out', async t => {
  t.equal(judge('amount > 300', { amount: 301 }), true)
  t.equal(judge('args.amount > 300', { amount: 300 }), false)
  t.equal(judge('args.args.x == 1', { args: { x: 1 } }), true)
})

t.test('the right side is a quoted text, a word, a number or bare text', async t => {
  t.equal(judge("env == 'production'", { env: 'production' }), true)
  t.equal(judge('env == "production"', { env: 'production' }), true)
  t.equal(judge('env == production', { env: 'production' }), true)
  t.equal(judge('env == the big one', { env: 'the big one' }), true)
  t.equal(judge("env == ''", { env: '' }), true)
  t.equal(judge('dry == True', { dry: true }), true)
  t.equal(judge('n == 5', { n: 5 }), true)
  t.equal(judge('n == -1.5e3', { n: -1500 }), true)
  t.equal(judge("n == '5'", { n: 5 }), false)
  t.equal(judge('x == null', { x: null }), true)
  t.equal(judge('x == None', {}), true)
})

t.test('a path that leads nowhere is null', async t => {
  t.equal(judge('a.b.c == null', { a: 'text' }), true)
  t.equal(judge('a.b != x', {}), true)
  t.equal(judge('a.b != null', {}), false)
  t.equal(judge('a > 1', {}), false)
  t.equal(judge('a <= 1', { a: null }), false)
  t.equal(judge('constructor == null', {}), true)
  t.equal(judge('toString.name != null', {}), false)
})

t.test('text that is a number is ordered as one, so that quotes dodge no rule', async t => {
  t.equal(judge('amount > 300', { amount: '1000000' }), true)
  t.equal(judge('amount > 300', { amount: `${'0'.repeat(5000)}1000` }), true)
  t.equal(judge('amount > 300', { amount: ' 1e3 ' }), true)
  t.equal(judge("amount > '300'", { amount: 1000 }), true)
  t.equal(judge("amount > '300'", { amount: '1000' }), true)
  t.equal(judge('amount < 300', { amount: '9' }), true)
  t.equal(judge('amount >= 300', { amount: 300 }), true)
  t.equal(judge('amount > 300', { amount: 'many' }), false)
  t.equal(judge('amount > 0', { amount: true }), false)
  t.equal(judge('amount > 0', { amount: [1] }), false)
  t.equal(judge("name > 'ana'", { name: 'ben' }), true)
  t.equal(judge("name <= 'ana'", { name: 'ben' }), false)
  t.equal(judge('amount > true', { amount: 2 }), false)
})

t.test('contains looks into texts and lists', async t => {
  t.equal(judge("command.contains('deploy')", { command: 'run deploy' }), true)
  t.equal(judge('args.tags.contains("x")', { tags: ['x', 'y'] }), true)
  t.equal(judge('args.tags.contains("z")', { tags: ['x', 'y'] }), false)
  t.equal(judge("n.contains('1')", { n: 1 }), false)
  t.equal(judge("n.contains('1')", {}), false)
})

t.test('matches searches with RE2', async t => {
  t.equal(judge("path.matches('^/etc/')", { path: '/etc/passwd' }), true)
  t.equal(judge("path.matches('passwd$')", { path: '/etc/passwd' }), true)
  t.equal(judge("path.matches('x')", { path: 5 }), false)
  t.equal(judge("path.matches('x')", {}), false)
  t.strictSame(judge("path.matches('(?=x)')", {}), ['invalid_regex'])
  t.strictSame(judge(`path.matches('${'x'.repeat(513)}')`, {}), ['invalid_regex'])
})

t.test('anything else is an error and never a condition', async t => {
  const refused = [
    '',
    'amount',
    'amount >',
    '> 5',
    'a == 1 && b == 2',
    'a == 1 || b == 2',
    'a[0] == 1',
    "a.startsWith('x')",
    'a.contains(b)',
    "a.contains('x') == true",
    "'x' in a",
    '!a',
    'size(a) > 1',
    'a = 1',
    'a === 1',
    "a == 'x' y",
    'a-b == 1',
    'a..b == 1',
    `a == ${'x'.repeat(4096)}`,
  ]
  for (const source of refused) t.strictSame(judge(source, {}), ['simple_syntax'], source)
  for (const source of ['a < 1e999', 'a == -1e999', `a < ${'9'.repeat(400)}`]) {
    t.match(parseSimple(source).problems, [{ code: 'simple_syntax', message: /^No number is as/ }])
  }
  t.strictSame(parseSimple('a && b').problems, [
    {
      severity: 'error',
      code: 'simple_syntax',
      message:
        'The condition is not of the simple form: path OP value, path.contains(…) or path.matches(…).',
      suggestion: 'Write condition_type: cel to use CEL.',
      start: 0,
      end: 6,
    },
  ])
})
