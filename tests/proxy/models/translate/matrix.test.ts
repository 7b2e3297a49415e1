import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { keys } from '../../mcp/world.ts'
import { allModels, modelWorld, price, provider } from '../model-world.ts'
import { anthropicClient } from './anthropic-client.ts'
import type { Client, Got, Question } from './client.ts'
import { openaiClients } from './openai-clients.ts'
import { calls, tokens } from './plan.ts'
import { startUpstream, upstreamKey, upstreamModel } from './upstream.ts'
import { vercelClients } from './vercel-clients.ts'

const page = resolve(import.meta.dirname, '../../../../docs/models.md')
const upstream = await startUpstream()
t.teardown(upstream.close)

const document = (name: string, spec: object) =>
  provider(name, {
    baseUrl: upstream.baseUrl,
    secretRef: { name: 'any', key: 'any' },
    models: [{ name: `to-${name}`, upstream: upstreamModel, price }],
    ...spec,
  })

const { url } = await modelWorld(
  t,
  [
    allModels,
    document('openai', { protocol: 'openai' }),
    document('openai-chat', { protocol: 'openai', responses: 'translate' }),
    document('anthropic', { protocol: 'anthropic' }),
  ],
  { secrets: async () => upstreamKey },
)
const origin = new URL(url).origin

const clients = [
  ...openaiClients(origin, keys.claude),
  anthropicClient(origin, keys.claude),
  ...vercelClients(origin, keys.claude),
]

/** From which dialect to which provider, and which of its endpoints is then asked. */
const pairs = [
  ['chat', 'openai', '/v1/chat/completions'],
  ['chat', 'openai-chat', '/v1/chat/completions'],
  ['chat', 'anthropic', '/v1/messages'],
  ['responses', 'openai', '/v1/responses'],
  ['responses', 'openai-chat', '/v1/chat/completions'],
  ['responses', 'anthropic', '/v1/messages'],
  ['messages', 'openai', '/v1/responses'],
  ['messages', 'openai-chat', '/v1/chat/completions'],
  ['messages', 'anthropic', '/v1/messages'],
] as const

const png = `data:image/png;base64,${Buffer.from('not really a png').toString('base64')}`
const usage = { input: tokens.input, output: tokens.output, cached: tokens.cached }
const ends: Readonly<Record<Client['dialect'], readonly string[]>> = {
  chat: ['stop', 'tool_calls', 'length'],
  responses: ['completed', 'completed', 'max_output_tokens'],
  messages: ['end_turn', 'tool_use', 'max_tokens'],
}
const vercelEnds = ['stop', 'tool-calls', 'length']

function endsOf(client: Client): readonly string[] {
  return client.name.startsWith('ai ') ? vercelEnds : ends[client.dialect]
}

type Check = (t: Test, client: Client, model: string) => Promise<void>

const both = async (check: (stream: boolean) => Promise<void>) => {
  await check(false)
  await check(true)
}

const checks: Readonly<Record<string, Check>> = {
  plain: async (t, client, model) => {
    const got = await client.ask({ model, text: 'hello', stream: false })
    t.strictSame(got, { text: 'Hello, wörld.', calls: [], end: endsOf(client)[0], usage })
    const cut = await client.ask({ model, text: 'cut', stream: false })
    t.strictSame(cut, { text: 'Half of', calls: [], end: endsOf(client)[2], usage })
  },
  stream: async (t, client, model) => {
    const got = await client.ask({ model, text: 'hello', stream: true })
    t.strictSame(got, { text: 'Hello, wörld.', calls: [], end: endsOf(client)[0], usage })
    const cut = await client.ask({ model, text: 'cut', stream: true })
    t.strictSame(cut, { text: 'Half of', calls: [], end: endsOf(client)[2], usage })
  },
  tools: async (t, client, model) => {
    await both(async stream => {
      const asked = { model, text: 'tools', stream, tools: true }
      const once = await client.ask(asked)
      t.strictSame(
        once.calls,
        calls.map(({ name, input }) => ({ name, input })),
      )
      t.equal(once.end, endsOf(client)[1])
      const looped = await client.ask({ ...asked, loop: true })
      t.equal(looped.text, 'Heard sunny and noon')
    })
  },
  images: async (t, client, model) => {
    await both(async stream => {
      for (const image of [png, 'https://example.com/cat.png']) {
        const got = await client.ask({ model, text: 'look', stream, image })
        t.equal(got.text, `Saw image ${image.slice(0, 40)}`)
      }
    })
  },
  error: async (t, client, model) => {
    await both(async stream => {
      for (const status of [400, 404, 429, 500]) {
        const error = await failure(client, { model, text: `error ${status}`, stream })
        t.equal(error.status ?? error.statusCode, status)
        t.match(error.message, /not today/)
      }
    })
  },
  abort: async (t, client, model) => {
    const abort = new AbortController()
    const question = { model, text: 'slow', stream: true, signal: abort.signal }
    const asked = client.ask(question).catch(error => error)
    const before = upstream.arrived.length
    while (upstream.arrived.length === before) await new Promise(setImmediate)
    abort.abort()
    await asked
    t.equal(await upstream.arrived.at(-1)?.closed, 'given up')
  },
}

async function failure(client: Client, question: Question): Promise<ApiError> {
  try {
    const got: Got = await client.ask(question)
    return { message: `answered: ${got.text}` }
  } catch (error) {
    return error as ApiError
  }
}

interface ApiError {
  readonly status?: number
  readonly statusCode?: number
  readonly message: string
}

const columns = Object.keys(checks)
/** What was found, by pair and check: whether every client was content. */
const found = new Map<string, boolean>()

for (const [dialect, to, path] of pairs)
  for (const [name, check] of Object.entries(checks))
    for (const client of clients.filter(one => one.dialect === dialect))
      t.test(`${dialect} to ${to}: ${name} with ${client.name}`, async t => {
        const before = upstream.arrived.length
        await check(t, client, `to-${to}`)
        const seen = new Set(upstream.arrived.slice(before).map(({ path: at }) => at))
        t.strictSame([...seen], [path])
        const cell = `${dialect} ${to} ${name}`
        found.set(cell, (found.get(cell) ?? true) && t.passing())
      })

const words = { chat: 'chat completions', responses: 'responses', messages: 'messages' }
const providers = {
  openai: '`openai`',
  'openai-chat': '`openai`, `responses: translate`',
  anthropic: '`anthropic`',
}

function table(): string {
  const titles = ['from', 'to protocol', 'asks', ...columns]
  const rows = pairs.map(([dialect, to, path]) => [
    words[dialect],
    providers[to],
    `\`${path.replace('/v1', '')}\``,
    ...columns.map(name => (found.get(`${dialect} ${to} ${name}`) ? 'yes' : 'no')),
  ])
  const widths = titles.map((title, at) =>
    Math.max(title.length, ...rows.map(row => row[at]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(titles), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

t.test('docs/models.md shows what was found', t => {
  const [before = '', rest = ''] = readFileSync(page, 'utf8').split(
    '<!-- matrix: written by its test -->\n\n',
  )
  const [committed = '', after = ''] = rest.split('\n\n<!-- end of matrix -->')
  if (process.env.WRIT_WRITE_MATRIX === '1')
    writeFileSync(
      page,
      `${before}<!-- matrix: written by its test -->\n\n${table()}\n\n<!-- end of matrix -->${after}`,
    )
  else t.equal(committed, table(), 'WRIT_WRITE_MATRIX=1 writes it')
  t.end()
})
