import { type CelResult, isCelError, isCelList, isCelMap, isCelUint, run } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import fc from 'fast-check'
import t from 'tap'
import { lower } from '../../../policy/compile/cel/lower.ts'
import { isProblem, parseSyntax } from '../../../policy/compile/cel/syntax-tree.ts'
import { isFault } from '../../../policy/decide/cel/eval.ts'
import { evaluate } from '../../../policy/decide/cel/evaluate.ts'
import { CelMap, type Outcome, Uint, type Value } from '../../../policy/decide/cel/value.ts'

/**
 * Where the oracle is wrong or goes another way, nothing is generated: null in maps (its `has` and
 * `in` deny the key), keys such as constructor and $typeName (it throws, or takes the object for a
 * message), numbers read from other text (int('') is 0 there and double('x') is NaN),
 * the smallest int negated (no overflow there), `!!x` of no bool, an empty text replaced,
 * doubles beside ints above 2^53, and characters above U+FFFF in order.
 */
const texts = fc.constantFrom("'a'", "'b'", "'ab'", "''", "'é'", "'10'", "'z,y'", "'%s'")
const numerals = fc.constantFrom("'10'", "'-7'")
const keys = fc.constantFrom('a', 'b', 'ab', 'é', '10')

const bindings = fc.record({
  n: fc.constantFrom(0, 1, 2.5, -3, 10),
  k: fc.constantFrom(0, 1, 2, 3, 7),
  s: fc.constantFrom('', 'a', 'ab', 'zé', '10', 'b,a'),
  b: fc.boolean(),
  ns: fc.array(fc.constantFrom(0, 1, 2, 2.5, -1), { maxLength: 4 }),
  ss: fc.array(fc.constantFrom('', 'a', 'b', 'ab', 'é'), { maxLength: 4 }),
  m: fc.dictionary(keys, fc.constantFrom(0, 1, 2.5, 3), { maxKeys: 3 }),
})

const { bool } = fc.letrec<
  Record<'bool' | 'int' | 'double' | 'text' | 'numbers' | 'words' | 'map' | 'any', string>
>(tie => {
  const pick = (...options: fc.Arbitrary<string>[]) =>
    fc.oneof({ maxDepth: 4, withCrossShrink: true }, ...options)
  const form = (write: (...parts: string[]) => string, ...parts: fc.Arbitrary<string>[]) =>
    fc.tuple(...parts).map(values => write(...values))
  const infix = (operators: readonly string[], a: fc.Arbitrary<string>, b: fc.Arbitrary<string>) =>
    form((op = '', x = '', y = '') => `(${x} ${op} ${y})`, fc.constantFrom(...operators), a, b)
  const choice = (of: fc.Arbitrary<string>) =>
    form((c, x, y) => `(${c} ? ${x} : ${y})`, tie('bool'), of, of)
  const compared = ['==', '!=', '<', '<=', '>', '>=']
  return {
    bool: pick(
      fc.constantFrom('true', 'false', 'b', 'has(m.a)', 'has(m.b)', 'm.missing', 'n'),
      infix(['&&', '||'], tie('bool'), tie('bool')),
      form(x => `!(${x} && b)`, tie('bool')),
      infix(compared, tie('int'), tie('int')),
      infix(compared, tie('double'), tie('int')),
      infix(compared, tie('double'), tie('double')),
      infix(compared, tie('text'), tie('text')),
      infix(['==', '!='], tie('any'), tie('any')),
      infix(['in'], tie('any'), fc.oneof(tie('numbers'), tie('words'), tie('map'))),
      form(
        (x, f, y) => `${x}.${f}(${y})`,
        tie('text'),
        fc.constantFrom('contains', 'startsWith', 'endsWith'),
        tie('text'),
      ),
      form(
        (x, p) => `${x}.matches('${p}')`,
        tie('text'),
        fc.constantFrom('^a', 'b$', '[a-z]+', 'é|z', '(a|b)*'),
      ),
      form(
        (x, f, p) => `${x}.${f}(x, ${p} || x == 1)`,
        tie('numbers'),
        fc.constantFrom('all', 'exists', 'exists_one'),
        tie('bool'),
      ),
      form(
        (x, f, p) => `${x}.${f}(x, x != 'a' && ${p})`,
        tie('words'),
        fc.constantFrom('all', 'exists', 'exists_one'),
        tie('bool'),
      ),
      form((x, p) => `${x}.exists(x, x == 'a' || ${p})`, tie('map'), tie('bool')),
      choice(tie('bool')),
    ),
    int: pick(
      fc.constantFrom('0', '1', '-2', '7', '100', '9223372036854775807', '-9223372036854775807'),
      form(x => `size(${x})`, fc.oneof(tie('text'), tie('numbers'), tie('words'), tie('map'))),
      infix(['+', '-', '*', '/', '%'], tie('int'), tie('int')),
      form(x => `(-(${x}))`, tie('int')),
      form(x => `int(${x})`, fc.oneof(tie('double'), numerals)),
      form((x, y) => `${x}.indexOf(${y})`, tie('text'), tie('text')),
      choice(tie('int')),
    ),
    double: pick(
      fc.constantFrom('n', 'k', '0.0', '1.5', '-2.25', 'm.a', "m['b']"),
      infix(['+', '-', '*', '/'], tie('double'), tie('double')),
      infix(['+'], tie('double'), tie('int')),
      form(x => `double(${x})`, fc.oneof(fc.constantFrom('3', '7u'), numerals)),
      form((x, i) => `${x}[${i}]`, tie('numbers'), tie('int')),
      choice(tie('double')),
    ),
    text: pick(
      texts,
      fc.constant('s'),
      infix(['+'], tie('text'), tie('text')),
      form(x => `string(${x})`, fc.oneof(tie('int'), tie('bool'))),
      form((x, i) => `${x}[${i}]`, tie('words'), tie('int')),
      form(
        (x, f) => `${x}.${f}()`,
        tie('text'),
        fc.constantFrom('lowerAscii', 'upperAscii', 'trim'),
      ),
      form((x, i) => `${x}.charAt(${i})`, tie('text'), tie('int')),
      form((x, i) => `${x}.substring(${i})`, tie('text'), tie('int')),
      form(
        (x, y, z) => `${x}.replace(${y}, ${z})`,
        tie('text'),
        fc.constantFrom("'a'", "'é'", "'ab'"),
        tie('text'),
      ),
      form((x, y) => `${x}.join(${y})`, tie('words'), tie('text')),
      choice(tie('text')),
    ),
    numbers: pick(
      fc.constantFrom('ns', '[]', '[1.0, 2.5]', '[k]'),
      infix(['+'], tie('numbers'), tie('numbers')),
      form((x, p) => `${x}.filter(x, x > 0.0 && ${p})`, tie('numbers'), tie('bool')),
      form((x, y) => `${x}.map(x, x + ${y})`, tie('numbers'), tie('double')),
      form((x, p, y) => `${x}.map(x, ${p}, ${y})`, tie('numbers'), tie('bool'), tie('double')),
    ),
    words: pick(
      fc.constantFrom('ss', "['a', 'b']", '[s]'),
      infix(['+'], tie('words'), tie('words')),
      form((x, y) => `${x}.split(${y})`, tie('text'), texts),
      form((x, y) => `${x}.map(x, x + ${y})`, tie('words'), tie('text')),
    ),
    map: pick(
      fc.constantFrom('m', '{}', "{'a': 1.0}"),
      form((k, v) => `{${k}: ${v}}`, tie('text'), tie('double')),
    ),
    any: pick(
      tie('bool'),
      tie('int'),
      tie('double'),
      tie('text'),
      tie('numbers'),
      tie('words'),
      tie('map'),
    ),
  }
})

/** A value as text that does not say whose it is; every error is the same. */
function ours(value: Outcome): string {
  if (isFault(value)) return 'error'
  if (value instanceof Uint) return `${value.value}u`
  if (Array.isArray(value)) return `[${value.map(ours)}]`
  if (value instanceof CelMap) {
    return `{${[...value.entries.values()].map(entry => entry.map(ours).join(':')).sort()}}`
  }
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value as Record<string, Value>)
      .map(entry => entry.map(ours).join(':'))
      .sort()}}`
  }
  return scalar(value)
}

function theirs(value: CelResult): string {
  if (isCelError(value)) return 'error'
  if (isCelUint(value)) return `${value.value}u`
  if (isCelList(value)) return `[${[...value].map(theirs)}]`
  if (isCelMap(value)) {
    return `{${[...value].map(([key, item]) => `${theirs(key)}:${theirs(item)}`).sort()}}`
  }
  return scalar(value)
}

function scalar(value: unknown): string {
  if (typeof value === 'bigint') return `${value}i`
  return typeof value === 'number' ? `${value}d` : JSON.stringify(value)
}

function judge(source: string, variables: Record<string, unknown>): string | null {
  const tree = parseSyntax(source)
  if (isProblem(tree)) return null
  const unread: unknown[] = []
  const expression = lower(tree, source, problem => unread.push(problem))
  return unread.length > 0 ? null : ours(evaluate(expression, variables as Record<string, Value>))
}

t.test('generated conditions get the answer of an independent implementation', async t => {
  let answered = 0
  let failed = 0
  fc.assert(
    fc.property(bool, bindings, (source, values) => {
      if (source.length > 400) return true
      const variables = JSON.parse(JSON.stringify(values))
      const mine = judge(source, variables)
      if (mine === null) return true
      const other = theirs(run(source, variables, { funcs: strings }))
      if (mine === 'error') failed++
      else answered++
      if (mine !== other)
        throw new Error(`${source}\n${JSON.stringify(values)}\n${mine} here, ${other} there`)
      return true
    }),
    { seed: 2026, numRuns: 8000, endOnFailure: true },
  )
  t.ok(answered > 2000, `${answered} conditions had a value`)
  t.ok(failed > 1000, `${failed} conditions had an error`)
})
