import fc from 'fast-check'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { load } from '../../../policy/decide/load.ts'
import { importPortable } from '../../../policy/translate/import-portable.ts'
import type { KnownTool } from '../../../schemas/tool-server.ts'

const orders = ['<', '<=', '>', '>=']
const numbers = ['5', '-1', '2.5', '0', '-0', '1000']
const quotedNumbers = ['"5"', "' 5 '", '"-1.5e3"', '"+.5"', '"1e999"', '"-1e999"', '"0"']
const texts = ['inf', '-inf', '"nan"', 'text', '""', '"0x10"', '"1_000"', '" "', '"5 5"']
const words = ['true', 'false', 'null']

/** Every kind of JSON, and texts that one reader takes for a number and another does not. */
const awkward: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, 4, 5, 6, 5.5, -1, 999, 1000, 1001, 2 ** 53, 1e21, 1e-7],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, -5e-324],
  ...[[], [1], ['5'], [null], {}, { a: 1 }, { value: '5' }, { b: 5 }],
  ...['', ' ', '\n', '\u00a0', '\ufeff', '\u0085', '+', '-', '.', 'e5', '1e', '1e+', '--5', '+-5'],
  ...['4', '5', '6', '05', '+5', '-5', '.5', '5.', '5.0', '1e3', '1E3', '1e+3', '1e-3', '5.e1'],
  ...['1e400', '-1e400', '+1e400', ' -1e400 ', '1e-400', '9'.repeat(400), `-${'9'.repeat(400)}`],
  ...['inf', '-inf', '+inf', 'Inf', '-INF', 'iNf', ' -inf', '-inf ', 'infinity', '-infinity'],
  ...['Infinity', '-Infinity', '+Infinity', ' Infinity ', 'nan', 'NaN', '-nan', '+NAN'],
  ...['0x10', '0X1F', '-0x1', '0b1', '0o7', '017', '1_000', '1,000', '1 000', '5 5', '5n', '5f'],
  ...['$5', '5%', '½', '٥', '５', '𝟓', 'true', 'null', 'text', 'zzz', '😀', '\u{10ffff}', '\ud800'],
  ...[' 5', '5 ', '\t5\n', '\v5\v', '\f5', '\r\n5\r\n', '\u00a05', '\u20285\u2029', '\u30005'],
  ...['\ufeff5', '5\ufeff', ' \ufeff 5 \ufeff ', '\u00855', '5\u0085', '\u200b5', '\u180e5'],
  ...['5\0', '\u001c5', '1\ufeff5', '\ufeff-inf', '5\n6', '5\ninf', 'inf\n5', '\ufeff', '6\ufeff'],
]

/** A portable file in which a tool may only be called where the condition holds. */
function fileOf(expression: string): string {
  const when = JSON.stringify(expression)
  return `version: "1.0"
metadata: { name: p }
tools:
  - name: t
    source: mcp
    conditions:
      - { expression: ${when}, action: allow }
      - { expression: "true", action: deny }
`
}

type Outcome = 'holds' | 'does not hold' | 'cannot be evaluated'

function judge(text: string, tools?: readonly KnownTool[]): (args: object) => Outcome {
  const catalog = new Map(tools && [['default/s', tools]])
  const server = `apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: s }
spec: { url: "https://mcp.example.com/" }
`
  const file = { path: 'a.yaml', text: `${text}---\n${server}` }
  const { tables, problems } = compile([file], { catalog })
  const table = load(tables?.get('default')?.json ?? JSON.stringify(problems))
  return args => {
    const facts = factsOf({ server: 's', tool: 't', args: args as Record<string, unknown> })
    const decision = decide(table, facts)
    if (decision.action === 'allow') return 'holds'
    const failed = 'reason' in decision && decision.reason === 'condition_error'
    return failed ? 'cannot be evaluated' : 'does not hold'
  }
}

/** How a condition judges in the file and once it is imported, and the differences that are told. */
function both(expression: string, tools?: readonly KnownTool[]) {
  const text = fileOf(expression)
  const imported = importPortable({ path: 'a.yaml', text })
  const told = imported.differences.map(({ code }) => code).filter(code => code !== 'never_holds')
  return { was: judge(text, tools), is: judge(imported.text, tools), told }
}

const product = (operators: readonly string[], values: readonly string[]) =>
  operators.flatMap(operator => values.map(value => `amount ${operator} ${value}`))

const ordering = product(orders, [...numbers, ...quotedNumbers, ...words])
const awkwardArgs = [{}, ...awkward.map(amount => ({ amount }))]

t.test('an order of numbers decides alike for every argument', async t => {
  for (const expression of ordering) {
    const { was, is, told } = both(expression)
    t.strictSame(told, [], expression)
    const [before, now] = [was, is].map(of => awkwardArgs.map(args => ({ args, said: of(args) })))
    t.strictSame(now, before, expression)
  }
})

const numeral = fc
  .tuple(
    fc.constantFrom('', '+', '-'),
    fc.constantFrom('0', '4', '5', '6', '999', '1001', '.5', '5.', '5.25', 'inf', 'nan'),
    fc.constantFrom('', 'e0', 'E3', 'e-3', 'e400', 'e-400', 'inity'),
  )
  .map(parts => parts.join(''))
const blanks = fc.string({
  unit: fc.constantFrom(' ', '\t', '\n', '\v', '\u00a0', '\u0085', '\ufeff', '\u3000', '\u200b'),
  maxLength: 2,
})
const unit = fc.constantFrom(...'0123456789+-.eE_xinfatyINFATY \n\v\u0085\u00a0\ufeff\u3000😀')
const argument = fc.oneof(
  fc.tuple(blanks, numeral, blanks).map(parts => parts.join('')),
  fc.string({ unit, maxLength: 8 }),
  fc.constantFrom(...awkward),
  fc.double({ noNaN: true }),
  fc.jsonValue(),
)

t.test('an order of numbers decides alike for random arguments', async () => {
  const pairs = ordering.map(expression => both(expression))
  fc.assert(
    fc.property(fc.constantFrom(...pairs), argument, ({ was, is }, amount) => {
      return was({ amount }) === is({ amount })
    }),
    { numRuns: 20_000, seed: 7 },
  )
})

t.test('any other condition decides alike, or cannot be evaluated where that was told', async t => {
  const others = [
    ...product(['==', '!='], [...numbers, ...quotedNumbers, ...texts, ...words]),
    ...product(orders, texts),
    ...["amount.contains('5')", "amount.contains('inf')", "amount.matches('^5')"],
  ]
  for (const expression of others) {
    const { was, is, told } = both(expression)
    const unlike = awkwardArgs.filter(args => {
      const said = is(args)
      return said !== was(args) && !(said === 'cannot be evaluated' && told.length > 0)
    })
    t.strictSame(unlike, [], expression)
  }
})

t.test('an order of a field of a field decides alike, or cannot be evaluated', async t => {
  const values = [{}, ...awkward.map(b => ({ b }))]
  for (const expression of product(orders, ['5', '"5"'])) {
    const { was, is, told } = both(expression.replace('amount', 'amount.b'))
    t.strictSame(told, ['type_denies'])
    const unlike = values.filter(amount => was({ amount }) !== is({ amount }))
    t.strictSame(unlike, [], expression)
    for (const amount of [null, 5, '5', [5]]) t.equal(is({ amount }), 'cannot be evaluated')
  }
})

const integer = { type: 'integer' }
const schemas: readonly object[] = [
  { type: 'number' },
  integer,
  { type: 'string' },
  { type: ['number', 'null'] },
  { type: ['string', 'null'] },
  { type: ['integer', 'string'] },
  { type: 'boolean' },
  { enum: ['5', 'inf'] },
  { enum: [1, 5, 10] },
]

/** What no condition in CEL can read where the schema says integer. */
function isBeyond64Bits({ amount }: { readonly amount?: unknown }): boolean {
  return typeof amount === 'number' && Number.isFinite(amount) && Math.abs(amount) >= 2 ** 63
}

t.test('an order of numbers compiles and decides alike whatever the schema says', async t => {
  for (const amount of schemas) {
    const inputSchema = { type: 'object', properties: { amount } }
    for (const expression of product(['<', '>='], ['5', '"5"', '"1e999"'])) {
      const { was, is } = both(expression, [{ name: 't', inputSchema }])
      const unlike = awkwardArgs.filter(args => was(args) !== is(args))
      const expected = amount === integer ? awkwardArgs.filter(isBeyond64Bits) : []
      t.strictSame(unlike, expected, `${expression} ${JSON.stringify(amount)}`)
      t.ok(unlike.every(args => is(args) === 'cannot be evaluated'))
    }
  }
})

t.test(
  'an order of a quoted number tells of a byte order mark, which some texts come before',
  t => {
    t.strictSame(both('amount < "\ufeff5"').told, ['text_order'])
    t.strictSame(both('amount < " 5"').told, [])
    t.end()
  },
)

t.test('an imported order of numbers is written on one line', t => {
  const { documents } = importPortable({ path: 'a.yaml', text: fileOf('amount < 5') })
  const blanks = String.raw`[\s\v\pZ\x{FEFF}]*`
  t.match(documents, [
    {
      spec: {
        tools: [
          {
            rules: [
              {
                when: [
                  'has(args.amount) && (type(args.amount) in [int, double] || ',
                  'type(args.amount) == string && string(args.amount).matches(r"^',
                  String.raw`${blanks}[+-]?(\d+\.?|\.\d)\d*([eE][+-]?\d+)?${blanks}$")) && `,
                  String.raw`double(string(args.amount).replace("\ufeff", "").trim()) < 5.0`,
                ].join(''),
              },
            ],
          },
        ],
      },
    },
  ])
  t.end()
})
