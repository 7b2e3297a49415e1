import t, { type Test } from 'tap'
import { lower } from '../../../policy/compile/cel/lower.ts'
import { isProblem, parseSyntax } from '../../../policy/compile/cel/syntax-tree.ts'
import { evaluate } from '../../../policy/decide/cel/evaluate.ts'
import { Fault, type Outcome, type Value } from '../../../policy/decide/cel/value.ts'
import type { Expression } from '../../../schemas/expression.ts'
import { describe } from './conformance-cases.ts'

const variables: Record<string, Value> = {
  // A lone half of a pair, as JSON may hold one.
  half: '\ud83d',
  late: '\ue000',
  json: { a: 1, b: [null, 'x'], c: {} },
  deep: JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`),
}

function run(source: string): Outcome {
  const tree = parseSyntax(source)
  if (isProblem(tree)) throw new Error(`${source}: ${tree.message}`)
  const expression = lower(tree, source, ({ message }) => {
    throw new Error(message)
  })
  return evaluate(JSON.parse(JSON.stringify(expression)), variables)
}

function answers(t: Test, cases: Readonly<Record<string, string>>): void {
  for (const [source, expected] of Object.entries(cases))
    t.equal(describe(run(source)), expected, source)
}

t.test('arithmetic stays within its type', async t => {
  answers(t, {
    '7 - 5 * 2': 'int(-3)',
    '-7 / 2': 'int(-3)',
    '-7 % 2': 'int(-1)',
    '7u - 5u': 'uint(2)',
    '5u - 7u': 'fault(the uint overflows 64 bits)',
    '18446744073709551615u + 1u': 'fault(the uint overflows 64 bits)',
    '7u % 0u': 'fault(division by zero)',
    '1.5 * 2.0 - 1.0': 'double(2)',
    '1.0 / 0.0': 'double(Infinity)',
    '-(1.5)': 'double(-1.5)',
    '-0.0': 'double(-0)',
    '1.5 % 1.0': 'fault(% does not take double and double)',
    "'a' - 'b'": 'fault(- does not take string and string)',
    "'a' * 2": 'fault(* does not take string and int)',
    "'a' / 2": 'fault(/ does not take string and int)',
    "'a' + 1": 'fault(+ does not take string and int)',
    "-'a'": 'fault(- does not take string)',
    '[1] + [2]': '[int(1), int(2)]',
    '[1] + 1': 'fault(+ does not take list and int)',
    "b'a' + b'b'": 'bytes(6162)',
    "b'a' + 'b'": 'fault(+ does not take bytes and string)',
  })
})

t.test('times stay within their range', async t => {
  const far = 'fault(the result is outside of the range of times)'
  answers(t, {
    "timestamp('9999-12-31T23:59:59Z') + duration('1s')": far,
    "timestamp('0001-01-01T00:00:00Z') - duration('1s')": far,
    "duration('9223372036s') + duration('1s')": far,
    "timestamp('9999-12-31T00:00:00Z') - timestamp('0001-01-01T00:00:00Z')": far,
    "duration('1s') - timestamp('2026-01-01T00:00:00Z')":
      'fault(- does not take google.protobuf.Duration and google.protobuf.Timestamp)',
    "1 + duration('1s')": 'fault(+ does not take int and google.protobuf.Duration)',
    "duration('1s') - duration('3s') == duration('-2s')": 'true',
    "duration('1h') + timestamp('2026-01-01T00:00:00Z') > timestamp('2026-01-01T00:59:59Z')":
      'true',
    'timestamp(253402300800)': 'fault(the number is outside of the range of the type)',
  })
})

t.test('timestamps are RFC 3339 and nothing else', async t => {
  answers(t, {
    "string(timestamp('2026-02-28T23:00:00.120000001-02:30'))": '"2026-03-01T01:30:00.120000001Z"',
    "string(timestamp('2024-02-29T00:00:00+01:00'))": '"2024-02-28T23:00:00Z"',
    'string(timestamp(timestamp(0)))': '"1970-01-01T00:00:00Z"',
    "int(timestamp('1969-12-31T23:59:59.5Z'))": 'int(-1)',
  })
  const wrong = [
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+01:60',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '',
  ]
  for (const text of wrong) {
    t.equal(
      describe(run(`timestamp('${text}')`)),
      'fault(the text is not a timestamp (RFC 3339))',
      text,
    )
  }
})

t.test('durations are written as Go writes them', async t => {
  answers(t, {
    "string(duration('1h30m'))": '"5400s"',
    "string(duration('-1.5s'))": '"-1.5s"',
    "string(duration('+100ms'))": '"0.1s"',
    "string(duration('1us1µs1μs1ns'))": '"0.000003001s"',
    "string(duration('0'))": '"0s"',
    "string(duration('.5h'))": '"1800s"',
    "duration(duration('1s'))": 'duration(1000000000)',
    "duration('-3.7s').getMilliseconds()": 'int(-700)',
    "duration('90m').getHours()": 'int(1)',
    "duration('1s').getDate()": 'fault(getDate does not take google.protobuf.Duration)',
    "duration('1s').getHours('UTC')":
      'fault(getHours does not take google.protobuf.Duration and string)',
    'duration(1)': 'fault(duration does not take int)',
  })
  for (const text of [
    '',
    '1',
    's',
    '1x',
    '1s ',
    '--1s',
    '1 s',
    '.s',
    '300000000000h',
    '-',
    '0'.repeat(129),
  ]) {
    t.match(run(`duration('${text}')`), { message: /the text is not a duration/ }, text)
  }
})

t.test('clocks of zones are read from the calendar', async t => {
  answers(t, {
    "timestamp('2026-07-01T12:00:00Z').getHours('Europe/Berlin')": 'int(14)',
    "timestamp('2026-01-01T12:00:00Z').getHours('Europe/Berlin')": 'int(13)',
    "timestamp('2026-01-01T00:30:00Z').getMinutes('Asia/Kolkata')": 'int(0)',
    "timestamp('2026-01-01T00:30:00Z').getHours('-02:30')": 'int(22)',
    "timestamp('2026-01-01T00:30:00Z').getDayOfYear('-02:30')": 'int(364)',
    "timestamp('2026-01-01T00:30:00Z').getHours('05:30')": 'int(6)',
    "timestamp('0001-01-01T00:00:00Z').getFullYear('America/New_York')": 'int(0)',
    "timestamp('2026-03-01T00:00:00.123Z').getMilliseconds('Europe/Berlin')": 'int(123)',
    "timestamp('2024-12-31T00:00:00Z').getDayOfYear()": 'int(365)',
    "timestamp('2026-01-01T00:00:00Z').getHours('Mars/Olympus')":
      'fault(there is no such time zone)',
    "timestamp('2026-01-01T00:00:00Z').getHours('25:00')": 'fault(there is no such time zone)',
    "timestamp('2026-01-01T00:00:00Z').getHours('+01:75')": 'fault(there is no such time zone)',
    "timestamp('2026-01-01T00:00:00Z').getHours('')": 'fault(there is no such time zone)',
    "'x'.getHours()": 'fault(getHours does not take string and string)',
  })
})

t.test('conversions refuse what they cannot keep', async t => {
  answers(t, {
    "int('-5')": 'int(-5)',
    "int('+5')": 'int(5)',
    "int('0x10')": 'fault(the text is not an integer)',
    'int(-9.9)': 'int(-9)',
    "int(double('inf'))": 'fault(the number is outside of the range of the type)',
    'int(9223372036854775808.0)': 'fault(the number is outside of the range of the type)',
    'int(18446744073709551615u)': 'fault(the int overflows 64 bits)',
    'int([])': 'fault(int does not take list)',
    'uint(-1)': 'fault(the uint overflows 64 bits)',
    "uint('7')": 'uint(7)',
    'uint(7u)': 'uint(7)',
    'uint(7.9)': 'uint(7)',
    "uint('-7')": 'fault(the text is not an integer)',
    'uint(null)': 'fault(uint does not take null_type)',
    "double('1e3')": 'double(1000)',
    "double('-Infinity')": 'double(-Infinity)',
    "double('1,5')": 'fault(the text is not a number)',
    'double(18446744073709551615u)': 'double(18446744073709552000)',
    'double([])': 'fault(double does not take list)',
    "bool('t')": 'true',
    'bool(false)': 'false',
    "bool('yes')": 'fault(the text is neither true nor false)',
    'bool(1)': 'fault(bool does not take int)',
    'string(1.0)': '"1"',
    'string(1e-7)': '"1e-07"',
    'string(-0.0)': '"-0"',
    "string(double('nan'))": '"NaN"',
    "string(double('inf'))": '"+Inf"',
    "string(double('-inf'))": '"-Inf"',
    'string(7u)': '"7"',
    'string(true)': '"true"',
    "string(b'\\xff')": 'fault(the bytes are not UTF-8)',
    'string(null)': 'fault(string does not take null_type)',
    'string([])': 'fault(string does not take list)',
    'string({})': 'fault(string does not take map)',
    'string(int)': 'fault(string does not take type)',
    "bytes(b'x')": 'bytes(78)',
    "bytes('é')": 'bytes(c3a9)',
    'bytes(1)': 'fault(bytes does not take int)',
    'timestamp(1.5)': 'fault(timestamp does not take double)',
    'type(type(1))': 'type(type)',
    'type(1u)': 'type(uint)',
  })
})

t.test('literals are read as CEL writes them', async t => {
  answers(t, {
    String: 'fault(there is no variable String)',
    '0xFF': 'int(255)',
    '-0x10': 'int(-16)',
    '0xFu': 'uint(15)',
    '1e3': 'double(1000)',
    "b'\\x41\\101\\n\\'\\\\é'": 'bytes(41410a275cc3a9)',
    'b"""a"b"""': 'bytes(612262)',
    "r'\\d'": '"\\\\d"',
    "R'''a'b'''": '"a\'b"',
    '"\\u00e9\\U0001F600"': '"é😀"',
    '1 // note': 'int(1)',
  })
})

t.test('order and equality go by value, not by how it is stored', async t => {
  answers(t, {
    '1 == 1.0 && 1u == 1 && 1.0 == 1u': 'true',
    '1 < 1.5 && 2u > 1 && 1u <= 1.0 && 2.5 >= 2': 'true',
    "1 == '1' || null == false || [] == {}": 'false',
    "{1: 'a'} == {1u: 'a'} && {1: 'a'}[1.0] == 'a' && {1: 'a'}[1u] == 'a'": 'true',
    "{1: 'a'}[1.5]": 'fault(there is no such key)',
    "{1: 'a'}[[1]]": 'fault(there is no such key)',
    '{true: 1}[true] == 1 && true in {true: 1} && !(1 in {true: 1})': 'true',
    '{1: 1} == {2: 1} || {1: 1} == {1: 2} || {1: 1} == {1: 1, 2: 2}': 'false',
    "json == {'a': 1, 'b': [null, 'x'], 'c': {}} && json != {'a': 1} && json != 1": 'true',
    'json[1]': 'fault(there is no such key)',
    'json == [1] || [1] == json || [1] == [1, 2]': 'false',
    "b'a' == b'a' && b'a' != b'b' && b'a' != 'a' && b'a' < b'b' && b'a' < b'aa'": 'true',
    'int == int && int != string && type(1) != 1 && 1u != type(1)': 'true',
    'timestamp(0) == timestamp(0) && timestamp(0) != 0 && timestamp(0) >= timestamp(0)': 'true',
    "duration('1s') == duration('1s') && duration('1s') != timestamp(1) && duration('1s') < duration('2s')":
      'true',
    "duration('2s') > duration('1s') && true > false && false <= false": 'true',
    "'a' < 'b' && 'a' < 'aa' && !('a' < 'a') && 'b' > 'a' && '' < 'a'": 'true',
    "late < '😀' && half > late": 'true',
    'null < null': 'fault(< does not take null_type and null_type)',
    '[1] < [2]': 'fault(< does not take list and list)',
    "timestamp(0) < duration('1s')":
      'fault(< does not take google.protobuf.Timestamp and google.protobuf.Duration)',
    'deep == deep && dyn(deep) != [deep]': 'true',
    '1 in 1': 'fault(in does not take int and int)',
    '1 in json || 1.5 in {1: 1}': 'false',
    '[1] in json': 'fault(in does not take list and map)',
    'null in {1: 1}': 'fault(in does not take null_type and map)',
    'size(1)': 'fault(size does not take int)',
    'size(json)': 'int(3)',
    "size(b'abc') == 3 && b'abc'.size() == 3": 'true',
    'has({}.a)': 'false',
    '[1, 2, 3][1.0] == 2 && [1, 2][1u] == 2': 'true',
    '[1, 2][0.5]': 'fault(there is no item at that place of the list)',
    '[1, 2][-1]': 'fault(there is no item at that place of the list)',
    'json.exists(k, k == "b") && {1: 2}.all(k, k == 1)': 'true',
  })
})

t.test('texts are counted in characters', async t => {
  answers(t, {
    "'a😀b'.charAt(1)": '"😀"',
    "'a😀b'.charAt(3)": '""',
    "'a😀b'.charAt(4)": 'fault(the index lies outside of the text)',
    "'a😀b'.charAt(-1)": 'fault(the index lies outside of the text)',
    "'a😀b'.charAt('x')": 'fault(charAt does not take string and string)',
    "'a😀b'.substring(1, 2)": '"😀"',
    "'a😀b'.substring(2)": '"b"',
    'dyn(1).substring(2)': 'fault(substring does not take int and int)',
    'dyn(1).substring(2, 3)': 'fault(substring does not take int and int and int)',
    "'a😀b😀'.lastIndexOf('😀')": 'int(3)',
    "'a😀b😀'.lastIndexOf('😀', 2)": 'int(1)',
    "'a'.lastIndexOf('b')": 'int(-1)',
    "'a'.lastIndexOf(1)": 'fault(lastIndexOf does not take string and int and int)',
    "dyn(1).lastIndexOf('x')": 'fault(lastIndexOf does not take int and string)',
    "'a😀b'.indexOf('b')": 'int(2)',
    "'a'.indexOf(1)": 'fault(indexOf does not take string and int and int)',
    "'a😀b'.reverse()": '"b😀a"',
    'dyn(1).reverse()': 'fault(reverse does not take int)',
    "'aBÇ'.lowerAscii() + 'aBç'.upperAscii()": '"abÇABç"',
    'dyn(1).lowerAscii()': 'fault(lowerAscii does not take int)',
    'dyn(1).upperAscii()': 'fault(upperAscii does not take int)',
    "' \u00a0x\u2003 '.trim()": '"x"',
    "'  '.trim()": '""',
    'dyn(1).trim()': 'fault(trim does not take int)',
    "dyn(1).contains('x')": 'fault(contains does not take int and string)',
    "'x'.startsWith(1)": 'fault(startsWith does not take string and int)',
    "'x'.endsWith(1)": 'fault(endsWith does not take string and int)',
    "'ab'.replace('', '-')": '"-a-b-"',
    "'ab'.replace('', '-', 2)": '"-a-b"',
    "'aaa'.replace('a', 'b', 2)": '"bba"',
    "'aaa'.replace('a', 'b', 0)": '"aaa"',
    "'a$a'.replace('a', '$&')": '"$&$$&"',
    "'a'.replace('a', 'b', 'c')":
      'fault(replace does not take string and string and string and string)',
    "'a,b,c'.split(',', 2)": '["a", "b,c"]',
    "'ab'.split('')": '["a", "b"]',
    "'ab'.split(1)": 'fault(split does not take string and int and int)',
    "['a', 'b'].join('-')": '"a-b"',
    "['a', 1].join()": 'fault(join does not take list and string)',
    "['a'].join(1)": 'fault(join does not take list and int)',
    'strings.quote("a\\"\\n\\\\")': '"\\"a\\\\\\"\\\\n\\\\\\\\\\""',
    'strings.quote(1)': 'fault(strings.quote does not take int)',
  })
})

t.test('format fills in what fits', async t => {
  answers(t, {
    "'%s and %%'.format([json])": '"{a: 1, b: [null, x], c: {}} and %"',
    "'%s'.format([{1: 2u, true: b'x'}])": '"{1: 2, true: x}"',
    "'%s'.format([b'\\xff'])": 'fault(the bytes are not UTF-8)',
    "'%s'.format([[b'\\xff']])": 'fault(the bytes are not UTF-8)',
    "'%s'.format([{1: b'\\xff'}])": 'fault(the bytes are not UTF-8)',
    "'%s'.format([deep])": 'fault(format was given values nested too deeply)',
    "'%s'.format([1e-7])": '"1e-07"',
    "'%d %d'.format([1.5, 2u])": '"1.5 2"',
    "'%x %X'.format([255, 'Az'])": '"ff 417A"',
    "'%.2f %.0f %f'.format([0.125, 2.5, 1])": '"0.12 2 1.000000"',
    "'%.0f %.1f'.format([3.5, 1e21])": '"4 1000000000000000000000.0"',
    "'%.0f'.format([1e22])": '"10000000000000000000000"',
    "'%.200f'.format([1.0])": 'fault(format has an unknown clause)',
    "'%.1e'.format([12345])": '"1.2e+04"',
    "'%q'.format([1])": 'fault(format has an unknown clause)',
    "'100%'.format([1])": 'fault(format has an unknown clause)',
    "'%s'.format([])": 'fault(format has more clauses than values)',
    "'%b'.format([-5])": '"-101"',
    "'%f'.format(['x'])": 'fault(%f of format does not take string)',
    'dyn(1).format([])': 'fault(format takes a text and a list of what is filled in)',
    "'x'.format('y')": 'fault(format takes a text and a list of what is filled in)',
  })
})

t.test('an expression nested deeper than the stack has no answer', async t => {
  const at = [0, 1] as const
  let expression: Expression = { op: 'bool', value: true, at }
  for (let i = 0; i < 100_000; i++) expression = { op: 'call', fn: '!_', args: [expression], at }
  const fault = new Fault('the condition cannot be evaluated', at)
  t.strictSame(evaluate(expression, {}), fault)
})
