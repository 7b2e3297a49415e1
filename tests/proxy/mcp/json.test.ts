import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../../proxy/mcp/canonical-json.ts'
import { EventReader, type ServerSentEvent } from '../../../proxy/mcp/event-stream.ts'
import { rawMember } from '../../../proxy/mcp/raw-member.ts'
import { strictJson } from '../../../proxy/mcp/strict-json.ts'
import { headerText, headerValue } from '../../../proxy/mcp/upstream/header-value.ts'

const sound = fc
  .jsonValue({ maxDepth: 6 })
  .filter(value => strictJson(Buffer.from(JSON.stringify(value))).ok)

t.test('sound JSON is read as JSON.parse reads it, however it is spaced', async t => {
  fc.assert(
    fc.property(sound, fc.constantFrom(0, 2, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space)
      const read = strictJson(Buffer.from(text))
      return read.ok && canonicalize(read.value) === canonicalize(JSON.parse(text))
    }),
  )
  t.pass()
})

t.test('a key that is written twice is found wherever it stands', async t => {
  fc.assert(
    fc.property(sound, fc.string({ unit: 'grapheme' }), sound, (a, key, b) => {
      const name = JSON.stringify(key)
      const twice = `{${name}:${JSON.stringify(a)},${name}:${JSON.stringify(b)}}`
      const nested = `[1,{"x":${twice}},":"]`
      return [twice, nested].every(text => !strictJson(Buffer.from(text)).ok)
    }),
  )
  t.pass()
})

t.test('half of a surrogate pair is found wherever it stands', async t => {
  const half = fc.constantFrom('\\ud800', '\\udfff', '\\uDC00x', '\\udc00\\ud800')
  fc.assert(
    fc.property(sound, half, fc.boolean(), (value, written, asKey) => {
      const inner = asKey ? `{"${written}":1}` : `"${written}"`
      const text = `{"a":${JSON.stringify(value)},"b":[{"c":${inner}}]}`
      return !strictJson(Buffer.from(text)).ok
    }),
  )
  t.ok(strictJson(Buffer.from('["\\ud83d\\ude00","\\u0041"]')).ok, 'whole pairs are text')
})

t.test('values are written as RFC 8785 has it, whatever their keys', async t => {
  const key = fc.oneof(
    fc.constantFrom(
      '',
      '__proto__',
      'constructor',
      'toJSON',
      '0',
      '10',
      '9',
      '-1',
      'a',
      'é',
      '\u{1f600}',
    ),
    fc.nat().map(String),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  )
  const { value } = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constantFrom(null, true, 0, -0, 1e21, 1e-7, 0.1, 'x', '"\\\u0007'),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map(Object.fromEntries),
    ),
  }))
  const objects = fc.array(fc.tuple(key, value), { maxLength: 8 }).map(Object.fromEntries)
  fc.assert(
    fc.property(objects, object => {
      const parsed = JSON.parse(JSON.stringify(object))
      const before = JSON.stringify(parsed)
      return canonicalJson(parsed) === canonicalize(parsed) && JSON.stringify(parsed) === before
    }),
    { numRuns: 2000 },
  )
  t.equal(canonicalJson({ b: [{ d: 1, c: 2 }], a: 10 }), '{"a":10,"b":[{"c":2,"d":1}]}')
})

t.test('a member is cut out byte for byte', async t => {
  const text =
    ' {"a" : [1, {"result":2}], "re\\u0073ult" :  {"n":12345678901234567890, "s":"}\\""} , "z":1}'
  t.equal(rawMember(text, 'result'), '{"n":12345678901234567890, "s":"}\\""}')
  t.equal(rawMember(text, 'a'), '[1, {"result":2}]')
  t.equal(rawMember(text, 'z'), '1')
  t.equal(rawMember(text, 'none'), null)
  t.equal(rawMember('[{"a":1}]', 'a'), null)
  fc.assert(
    fc.property(sound, sound, (a, b) => {
      const whole = JSON.stringify({ id: a, result: b, last: a })
      return rawMember(whole, 'result') === JSON.stringify(b)
    }),
  )
})

t.test('an event stream is read alike in whatever pieces it comes', async t => {
  const text =
    '\ufeff: hello\r\nid: 1\r\ndata: a\r\ndata:b\r\n\r\nevent: ping\rretry: 250\rdata\r\rid: é\ndata: {"x":"é"}\n\n'
  const expected = [
    { event: 'message', data: 'a\nb', id: '1' },
    { event: 'ping', data: '', id: '1' },
    { event: 'message', data: '{"x":"é"}', id: 'é' },
  ]
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const events: ServerSentEvent[] = []
    const retries: number[] = []
    const sink = {
      onEvent: (e: ServerSentEvent) => void events.push(e),
      onRetry: (ms: number) => void retries.push(ms),
    }
    const reader = new EventReader(sink, 1000)
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    t.strictSame([events, retries], [expected, [250]], `in pieces of ${size}`)
  }
  const reader = new EventReader({ onEvent: () => undefined, onRetry: () => undefined }, 10)
  t.notOk(reader.push(Buffer.from('data: 12345678901')), 'an endless line is cut off')
})

t.test('any text survives a header', async t => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      const value = headerValue(text)
      return /^[\x20-\x7e]*$/.test(value) && value === value.trim() && headerText(value) === text
    }),
  )
  t.equal(headerValue('=?base64?eA==?='), '=?base64?PT9iYXNlNjQ/ZUE9PT89?=')
  t.equal(headerText('=?base64?e!==?='), null)
})
