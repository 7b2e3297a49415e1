import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parseCondition } from '../../../policy/compile/cel/parse-condition.ts'
import type { Scope } from '../../../policy/decide/cel/eval.ts'
import { evaluate } from '../../../policy/decide/cel/evaluate.ts'
import { plan } from '../../../policy/decide/cel/plan.ts'
import { Fault, typeOf } from '../../../policy/decide/cel/value.ts'
import { type Facts, factsOf, type Json } from '../../../policy/decide/facts.ts'
import type { Expression } from '../../../schemas/expression.ts'

function parse(source: string): Expression {
  const { expression, problems } = parseCondition(source, { kind: 'tool', args: [] })
  if (expression === null) throw new Error(problems.map(({ message }) => message).join(' '))
  return JSON.parse(JSON.stringify(expression))
}

/** What the full evaluation says, which knows nothing of branches. */
function fully(expression: Expression, facts: Facts): unknown {
  const outcome = evaluate(expression, facts as unknown as Scope)
  if (outcome instanceof Fault) return { message: outcome.message, at: outcome.at }
  if (typeof outcome === 'boolean') return outcome
  return { message: `the condition is no bool but ${typeOf(outcome)}`, at: expression.at }
}

/** The calls on which a condition and its full evaluation part. */
function differences(expression: Expression): readonly unknown[] {
  const condition = plan(expression)
  return calls
    .map(facts => [condition(facts), fully(expression, facts), facts.args] as const)
    .filter(([short, full]) => !isDeepStrictEqual(short, full))
}

const questions = [
  'args.x',
  'has(args.x)',
  'has(args.x.y)',
  ...['==', '!=', '<', '<=', '>', '>='].map(op => `args.x ${op} 7`),
  ...['==', '!='].flatMap(op => [`args.x ${op} 'seven'`, `args.x ${op} true`]),
  "args.x < 'text'",
  "args.x.contains('eve')",
  "args.x.startsWith('sev')",
  "args.x.endsWith('ven')",
  "args.x in ['six', 'seven']",
  'args.x in [6, 7.0]',
  "args.x in [7, 'seven', true]",
  `args.x in [${Array.from({ length: 17 }, (_, i) => `'${i}'`).join()}]`,
  "args['x'] == 7",
  'args.x[0] == 7',
  'args.x.y == 7',
  'args.x.length == 1',
  "args.x.y.z == 'seven'",
  "args.x.constructor == 'seven' || args.x.__proto__ == 7",
  'args.constructor == 7 || args.toString',
  "args.x == 9223372036854775807 && args.y == 'a'",
  "tool.name == 'x' || subject.labels.x == 'seven'",
]

const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  6.5,
  7,
  8,
  '',
  'seven',
  'a steven',
  `${'-'.repeat(5000)}seven`,
  [],
  [7],
  {},
  { y: 7 },
  { y: { z: 'seven' } },
  JSON.parse('{ "__proto__": 7, "constructor": "seven" }'),
  JSON.parse('{ "__proto__": { "y": 7 } }'),
]

const calls: readonly Facts[] = [
  factsOf({ args: {} }),
  factsOf({ args: JSON.parse('{ "constructor": 7, "toString": true, "__proto__": { "x": 7 } }') }),
  { ...factsOf({}), args: [7] as unknown as Facts['args'] },
  { ...factsOf({}), args: 'seven' as unknown as Facts['args'] },
  ...values.map(x => factsOf({ args: { x, y: 'a' } as Facts['args'] })),
]

t.test('asking one field has the answer of a full evaluation', async t => {
  for (const source of questions) t.strictSame(differences(parse(source)), [], source)
})

t.test('so have questions put together', async t => {
  for (const [i, a] of questions.entries()) {
    for (const b of questions.slice(i)) {
      const sources = [`!(${a}) && (${b})`, `(${a}) || !(${b})`, `!((${a}) || (${b})) && (${a})`]
      for (const source of sources) t.strictSame(differences(parse(source)), [], source)
    }
  }
})

t.test('so has what only a table of a foreign compiler asks', async t => {
  const at = [0, 1] as const
  const args = { op: 'ident', name: 'args', at } as const
  const x = { op: 'select', of: args, field: 'x', at } as const
  const seven = { op: 'int', value: '7', at } as const
  const call = (fn: string, ...args: Expression[]): Expression => ({ op: 'call', fn, args, at })
  const asked: readonly Expression[] = [
    args,
    { ...args, name: 'nobody' },
    { ...x, of: { ...args, name: 'nobody' } },
    { ...x, of: { ...x, test: true } },
    { ...x, as: 'timestamp' },
    call('_==_', { ...x, as: 'timestamp' }, seven),
    call('_==_', { ...x, as: 'int' }, seven),
    call('_==_', { op: 'index', of: args, key: seven, at }, seven),
    call('_==_', { op: 'index', of: args, key: { op: 'string', value: 'x', at }, at }, seven),
    call('_==_', x, seven, seven),
    call('contains', x, { op: 'string', value: 'seven', at }),
    call('!_'),
    call('_&&_', x),
    call('@in', x, { op: 'list', items: [], at }),
    call('constructor', x, seven),
  ]
  for (const expression of asked) {
    t.strictSame(differences(expression), [], JSON.stringify(expression))
    t.strictSame(differences(call('_||_', x, expression)), [], JSON.stringify(expression))
  }
})
