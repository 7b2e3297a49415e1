import fc from 'fast-check'
import t from 'tap'
import { editBody } from '../../../proxy/models/edit-body.ts'

const edited = (text: string, edits: Record<string, string>) => {
  const body = JSON.parse(text)
  const has = (name: string) => Object.hasOwn(body, name)
  return editBody(Buffer.from(text), new Map(Object.entries(edits)), has).toString()
}

t.test('only what is to change changes', async t => {
  t.equal(
    edited('{ "model" : "a" , "n": 1.0, "x": {"model":"b"} }', { model: '"c"' }),
    '{ "model" : "c" , "n": 1.0, "x": {"model":"b"} }',
  )
  t.equal(
    edited('{"a":[{"model":"]}"}],"model":null}', { model: '7' }),
    '{"a":[{"model":"]}"}],"model":7}',
  )
  t.equal(edited('{"a":"\\\\","model":"\\""}', { model: '7' }), '{"a":"\\\\","model":7}')
  t.equal(edited('{"m\\u006fdel":"a"}', { model: '7' }), '{"m\\u006fdel":7}')
})

t.test('what is not there is added at the front', async t => {
  t.equal(edited('{"a":1}', { limit: '5', b: 'true' }), '{"limit":5,"b":true,"a":1}')
  t.equal(edited(' { } ', { limit: '5' }), ' {"limit":5 } ')
})

t.test('nothing to change leaves the bytes alone', async t => {
  const bytes = Buffer.from('{"a":1}')
  t.equal(
    editBody(bytes, new Map(), () => true),
    bytes,
  )
})

t.test('whatever the body is, it is the same but for the changes', async () => {
  const key = fc.oneof(fc.constantFrom('model', 'max_tokens', 'a"b', '\\', '{', 'é'), fc.string())
  const body = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 })
  fc.assert(
    fc.property(
      body,
      fc.jsonValue(),
      fc.constantFrom(undefined, 1, '\t'),
      (before, value, space) => {
        const text = JSON.stringify(before, null, space)
        const edits = { model: JSON.stringify(value), extra: '[1]' }
        const after = JSON.parse(edited(text, edits))
        const wanted = { ...JSON.parse(text), model: JSON.parse(edits.model), extra: [1] }
        return JSON.stringify(sorted(after)) === JSON.stringify(sorted(wanted))
      },
    ),
  )
})

function sorted(value: object): [string, unknown][] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}
