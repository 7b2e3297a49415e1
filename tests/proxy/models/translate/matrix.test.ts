import t, { type Test } from 'tap'
import type { Target } from '../../../../proxy/models/translate/translation.ts'
import { anthropicClient } from './anthropic-client.ts'
import type { Client, Got, Question } from './client.ts'
import { openaiClients } from './openai-clients.ts'
import { calls, tokens } from './plan.ts'
import { startSmallGateway } from './small-gateway.ts'
import { startUpstream, upstreamModel } from './upstream.ts'
import { vercelClients } from './vercel-clients.ts'

const upstream = await startUpstream()
t.teardown(upstream.close)

const target = (
  protocol: Target['protocol'],
  responses: Target['responses'] = 'native',
): Target => ({
  protocol,
  responses,
  baseUrl: upstream.baseUrl,
  model: upstreamModel,
})
const targets: Readonly<Record<string, Target>> = {
  'to-openai': target('openai'),
  'to-openai-chat': target('openai', 'translate'),
  'to-anthropic': target('anthropic'),
}
const gateway = await startSmallGateway(targets)
t.teardown(gateway.close)

const clients = [
  ...openaiClients(gateway.url, 'key'),
  anthropicClient(gateway.url, 'key'),
  ...vercelClients(gateway.url, 'key'),
]

/** Pairs that need a translation. */
const pairs = [
  ['chat', 'to-anthropic', '/v1/messages'],
  ['responses', 'to-anthropic', '/v1/messages'],
  ['responses', 'to-openai-chat', '/v1/chat/completions'],
  ['messages', 'to-openai', '/v1/responses'],
  ['messages', 'to-openai-chat', '/v1/chat/completions'],
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

type Check = (t: Test, client: Client, model: string, path: string) => Promise<void>

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
      const data = await client.ask({ model, text: 'look', stream, image: png })
      t.equal(data.text, `Saw image ${png.slice(0, 40)}`)
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

for (const [dialect, model, path] of pairs)
  for (const [name, check] of Object.entries(checks))
    for (const client of clients.filter(one => one.dialect === dialect))
      t.test(`${dialect} ${model}: ${name} with ${client.name}`, async t => {
        const before = upstream.arrived.length
        await check(t, client, model, path)
        const seen = new Set(upstream.arrived.slice(before).map(({ path: at }) => at))
        t.strictSame([...seen], [path])
        t.strictSame(
          gateway.thrown.splice(0).filter(error => !isAbort(error)),
          [],
        )
      })

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
