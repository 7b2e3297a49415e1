import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A server on standard streams that does what the tool's name says. */
const waiting = new Map<unknown, (message: { result?: unknown; error?: unknown }) => void>()
let asked = 0

const say = (message: object) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value: unknown) => ({ content: [{ type: 'text', text: JSON.stringify(value) }] })

function ask(method: string, params: object): Promise<object> {
  const id = `question-${++asked}`
  say({ id, method, params })
  return new Promise(resolve => waiting.set(id, resolve))
}

interface Call {
  readonly name: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly _meta?: { readonly progressToken?: unknown }
}

const tools: Record<string, (call: Call) => Promise<object> | object> = {
  env: () => text(process.env),
  pid: () => text(process.pid),
  meta: ({ _meta: meta }) => text(meta ?? null),
  die: () => process.exit(1),
  hang: () => new Promise(() => undefined),
  shout: ({ arguments: args }) => {
    process.stderr.write(`${args?.line}\n`)
    return text('shouted')
  },
  child: () => text(spawn('sleep', ['600'], { stdio: 'ignore' }).pid),
  progress: ({ _meta: meta }) => {
    const progressToken = meta?.progressToken
    say({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
    say({ method: 'notifications/progress', params: { progressToken: 'of another', progress: 2 } })
    return text(typeof progressToken)
  },
  deep: ({ _meta: meta }) => {
    const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const token = JSON.stringify(meta?.progressToken)
    process.stdout.write(
      `[{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"x":${nested}}}]\n`,
    )
    return text('deep')
  },
  sample: async () => text(await ask('sampling/createMessage', { messages: [], maxTokens: 1 })),
  roots: async () => text(await ask('roots/list', {})),
}

async function answer(id: unknown, method: string, params: Call): Promise<void> {
  if (method === 'initialize') {
    const serverInfo = { name: 'program', version: '1' }
    const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo }
    return void say({ id, result })
  }
  const listed = Object.keys(tools).map(name => ({ name, inputSchema: { type: 'object' } }))
  if (method === 'tools/list') return void say({ id, result: { tools: listed } })
  const call = method === 'tools/call' ? tools[params.name] : undefined
  if (call === undefined)
    return void say({ id, error: { code: -32601, message: 'no such method' } })
  say({ id, result: await call(params) })
}

createInterface({ input: process.stdin })
  .on('line', line => {
    const { id, method, params = {}, result, error } = JSON.parse(line)
    if (method === undefined) waiting.get(id)?.(error === undefined ? { result } : { error })
    else if (id !== undefined) void answer(id, method, params)
  })
  .on('close', () => process.exit(0))
