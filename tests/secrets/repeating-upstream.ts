import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A server that says in all it answers what it was sent; it keeps everything. */
export interface RepeatingUpstream {
  readonly url: string
  /** What was sent to it, by the first part of the path. */
  readonly sent: Map<string, string[]>
}

/** `/mcp` is a tool server, `/v1` a provider of models, and every other path takes what it is told. */
export async function repeatingUpstream(t: Test): Promise<RepeatingUpstream> {
  const sent = new Map<string, string[]>()
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const [, part = ''] = (request.url ?? '').split('/')
    sent.set(part, [...(sent.get(part) ?? []), body])
    const { status, value } = part === 'mcp' ? mcp(body) : part === 'v1' ? model(body) : taken
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(value === undefined ? '' : JSON.stringify(value))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

interface Told {
  readonly status: number
  readonly value?: unknown
}

const taken: Told = { status: 200, value: { ok: true } }

/** The tools whose names say how they end. */
export const toolNames = ['fine', 'denied', 'asked', 'odd', 'fails', 'error', 'status', 'garbage']

const tools = toolNames.map(name => ({ name, inputSchema: { type: 'object' } }))

function mcp(body: string): Told {
  const { id, method, params } = body === '' ? Object({}) : JSON.parse(body)
  if (id === undefined) return { status: method === undefined ? 405 : 202 }
  const answer = (member: object): Told => ({
    status: 200,
    value: { jsonrpc: '2.0', id, ...member },
  })
  switch (method) {
    case 'initialize':
      return answer({
        result: {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {}, resources: {}, prompts: {} },
          serverInfo: { name: 'repeating', version: '1' },
        },
      })
    case 'tools/list':
      return answer({ result: { tools } })
    case 'resources/list':
      return answer({ result: { resources: [{ uri: 'notes:///all', name: 'notes' }] } })
    case 'resources/templates/list':
      return answer({
        result: { resourceTemplates: [{ uriTemplate: 'notes:///{+x}', name: 'x' }] },
      })
    case 'prompts/list':
      return answer({ result: { prompts: [{ name: 'greet' }] } })
    case 'tools/call':
      return called(params.name, body, answer)
    default:
      return answer({ error: { code: -32000, message: `failed: ${body}`, data: body } })
  }
}

function called(name: string, body: string, answer: (member: object) => Told): Told {
  switch (name) {
    case 'error':
      return answer({ error: { code: -32000, message: body, data: body } })
    case 'status':
      return { status: 500, value: body }
    case 'garbage':
      return { status: 200, value: `garbage ${body}` }
    default:
      return answer({
        result: { content: [{ type: 'text', text: body }], isError: name === 'fails' },
      })
  }
}

function model(body: string): Told {
  const { model = '' } = body === '' ? Object({}) : JSON.parse(body)
  if (String(model).includes('fails')) return { status: 400, value: { error: { message: body } } }
  const message = { role: 'assistant', content: body }
  return {
    status: 200,
    value: {
      ...{ id: 'c', object: 'chat.completion', created: 1, model },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    },
  }
}
