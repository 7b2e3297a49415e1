import t from 'tap'
import type { JsonObject } from '../../../proxy/mcp/rpc.ts'
import { inputBound, inputEstimate, inputSize } from '../../../proxy/models/input-size.ts'

const sizeOf = (body: JsonObject) => inputSize(body, Buffer.byteLength(JSON.stringify(body)))
const said = (content: JsonObject[string]) => ({ messages: [{ role: 'user', content }] })
const encoded = 'QUJD'.repeat(10_000)

t.test('every byte of text may be a token', async t => {
  const body = said('é'.repeat(500))
  const bytes = Buffer.byteLength(JSON.stringify(body))
  t.strictSame(sizeOf(body), {
    textBytes: bytes,
    images: 0,
    files: 0,
    fileBytes: 0,
    unseen: false,
  })
  t.ok(inputBound(sizeOf(body), 'openai') >= bytes)
  t.ok(inputEstimate(sizeOf(body)) < bytes)
})

t.test('an image counts by its bound, not by its bytes', async t => {
  const bodies = [
    said([{ type: 'image_url', image_url: { url: `data:image/png;base64,${encoded}` } }]),
    said([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: encoded } }]),
    {
      input: [
        {
          role: 'user',
          content: [{ type: 'input_image', image_url: `data:image/png;base64,${encoded}` }],
        },
      ],
    },
    said([{ type: 'tool_result', content: [{ type: 'image', source: { data: encoded } }] }]),
  ]
  for (const body of bodies) {
    const { textBytes, images } = sizeOf(body)
    t.equal(images, 1)
    t.ok(textBytes < 500, JSON.stringify(body).slice(0, 80))
  }
  const size = sizeOf(bodies[1] as JsonObject)
  t.ok(inputBound(size, 'openai') > inputBound(size, 'anthropic'))
})

t.test('text that only looks like an image counts as text', async t => {
  const words = 'read this '.repeat(4000)
  for (const body of [
    said([{ type: 'image', source: { type: 'base64', data: words } }]),
    said([{ type: 'image_url', image_url: { url: `data:text/plain,${words}` } }]),
    said([{ type: 'tool_use', input: { type: 'image', source: { data: encoded } } }]),
    { tools: [{ type: 'image', data: encoded }] },
    said(`{"type":"image","data":"${encoded}"}`),
  ]) {
    t.ok(sizeOf(body).textBytes > 39_000, JSON.stringify(body).slice(0, 80))
  }
})

t.test('a file counts by its bound or its bytes, whatever is more', async t => {
  const document = (data: string) =>
    said([{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }])
  t.ok(inputBound(sizeOf(document(encoded)), 'anthropic') > 200_000)
  t.ok(inputBound(sizeOf(document('QUJD'.repeat(100_000))), 'anthropic') > 400_000)
  t.ok(inputBound(sizeOf(said([{ type: 'file', file: { file_id: 'f' } }])), 'openai') > 200_000)
})

t.test('what tools of the provider may find counts as a full window', async t => {
  const tools = (...list: JsonObject[]) => sizeOf({ ...said('go'), tools: list }).unseen
  t.notOk(tools({ type: 'function', function: { name: 'web_search' } }, { name: 'read' }))
  t.notOk(tools({ type: 'bash_20250124', name: 'bash' }, { type: 'custom', name: 'patch' }))
  t.notOk(tools({ type: 'namespace', tools: [{ type: 'function', name: 'echo' }] }))
  t.ok(tools({ type: 'web_search_20250305', name: 'web_search' }))
  t.ok(tools({ type: 'mcp', server_label: 'x', server_url: 'https://x.example' }))
  t.ok(tools({ type: 'namespace', tools: [{ type: 'code_interpreter' }] }))
  t.ok(tools({ type: 'of tomorrow' }))
  t.ok(sizeOf({ ...said('go'), web_search_options: {} }).unseen)
  t.ok(sizeOf({ ...said('go'), mcp_servers: [{ type: 'url', url: 'https://x' }] }).unseen)
  t.ok(sizeOf({ input: [{ type: 'additional_tools', tools: [{ type: 'file_search' }] }] }).unseen)
})

t.test('what the provider has kept counts as a full window', async t => {
  const size = sizeOf({ input: 'go on', previous_response_id: 'resp_1' })
  t.equal(size.unseen, true)
  t.ok(inputBound(size, 'openai') > 1_000_000)
})
