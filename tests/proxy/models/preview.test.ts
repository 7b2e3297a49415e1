import t from 'tap'
import type { JsonObject } from '../../../proxy/mcp/rpc.ts'
import { preview } from '../../../proxy/models/preview.ts'

const shown = (body: JsonObject) => preview(body, Buffer.byteLength(JSON.stringify(body)))

t.test('a short request is shown as it is, credentials masked', async t => {
  const body = {
    model: 'm',
    messages: [{ role: 'user', content: 'my key: sk-abcdefghijklmnopqrst' }],
  }
  t.strictSame(JSON.parse(shown(body)), {
    model: 'm',
    messages: [{ role: 'user', content: 'my key: [redacted]' }],
  })
})

t.test('tools are shown by name', async t => {
  const tools = [
    { type: 'function', function: { name: 'echo', parameters: { type: 'object' } } },
    { name: 'read', input_schema: {} },
    { type: 'web_search' },
  ]
  t.strictSame(JSON.parse(shown({ model: 'm', tools })).tools, ['echo', 'read', 'web_search'])
})

t.test(
  'however long a request is, what is shown is short, and ends with what was said last',
  async t => {
    const messages = Array.from({ length: 5000 }, (_, i) => ({
      role: 'user',
      content: [{ type: 'text', text: `${i} ${'word '.repeat(50)}` }],
    }))
    const text = shown({ model: 'm', system: 's'.repeat(100_000), messages })
    t.ok(text.length <= 32_768)
    t.match(text, '4999 word')
    t.equal(JSON.parse(text).model, 'm')
  },
)

t.test('no shape of a request gets around that', async t => {
  const wide = Object.fromEntries(
    Array.from({ length: 5000 }, (_, i) => [`key ${i}`, 'v'.repeat(99)]),
  )
  let deep: JsonObject = { end: 'x' }
  for (let i = 0; i < 60; i++) deep = { [`level ${'y'.repeat(900)}`]: deep }
  for (const body of [
    wide,
    deep,
    { model: 'm'.repeat(90_000) },
    { model: 'm', a: Array(90_000).fill(1) },
  ])
    t.ok(shown(body).length <= 32_768)
})
