import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A server that fails in every way there is and says each time what it was sent, credentials and all. */
export interface EchoingUpstream {
  readonly url: string
  /** Everything that it was sent: method, path, headers and body. */
  readonly seen: string[]
}

/** What a request was, in words that hold every header of it. */
function told({ method, url, headers }: IncomingMessage): string {
  return `${method} ${url} ${JSON.stringify(headers)}`
}

/** `/mcp` is a tool server whose calls fail, `/shut` one that lets nobody in, `/hook` a webhook, `/v1` a provider of models. */
export async function echoingUpstream(t: Test): Promise<EchoingUpstream> {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const echo = told(request)
    seen.push(`${echo} ${body}`)
    const { status = 200, answer, type = 'application/json' } = answerTo(request, body, echo)
    if (answer === undefined) return void response.socket?.destroy()
    const value = JSON.stringify(echo).replaceAll(/[^\x20-\x7e]/g, '')
    response.writeHead(status, {
      'content-type': type,
      ...(status >= 400 && { 'x-echo': value, 'www-authenticate': `Bearer realm=${value}` }),
    })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

interface Told {
  readonly status?: number
  /** Cuts the connection when it is undefined. */
  readonly answer?: unknown
  readonly type?: string
}

function answerTo(request: IncomingMessage, body: string, echo: string): Told {
  const { pathname } = new URL(request.url ?? '', 'http://upstream')
  if (pathname.endsWith('/mcp')) return mcp(body, echo)
  if (pathname.startsWith('/v1')) return model(body, echo)
  return {
    status: pathname === '/shut' ? 401 : 500,
    answer: `refused: ${echo}`,
    type: 'text/plain',
  }
}

const tool = (name: string) => ({ name, inputSchema: { type: 'object' } })

function mcp(body: string, echo: string): Told {
  const { id, method, params } = body === '' ? Object({}) : JSON.parse(body)
  if (id === undefined) return { status: method === undefined ? 405 : 202, answer: '' }
  const result = (result: object): Told => ({ answer: { jsonrpc: '2.0', id, result } })
  switch (method) {
    case 'initialize':
      return result({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'echoing', version: '1' },
      })
    case 'tools/list':
      return result({ tools: ['status', 'error', 'cut', 'garbage', 'fine'].map(tool) })
    case 'tools/call':
      return called(params.name, id, echo, result)
    default:
      return { answer: { jsonrpc: '2.0', id, error: { code: -32601, message: `no: ${echo}` } } }
  }
}

function called(name: string, id: unknown, echo: string, result: (value: object) => Told): Told {
  switch (name) {
    case 'status':
      return { status: 500, answer: `failed: ${echo}`, type: 'text/plain' }
    case 'error':
      return { answer: { jsonrpc: '2.0', id, error: { code: -32000, message: echo, data: echo } } }
    case 'garbage':
      return { answer: `garbage ${echo}`, type: 'text/event-stream' }
    case 'fine':
      return result({ content: [{ type: 'text', text: 'fine' }] })
    default:
      return {}
  }
}

function model(body: string, echo: string): Told {
  const { model = '' } = body === '' ? Object({}) : JSON.parse(body)
  const error = { error: { type: 'authentication_error', message: `wrong: ${echo}`, code: echo } }
  if (String(model).includes('cut')) return {}
  if (String(model).includes('busy')) return { status: 503, answer: error }
  if (String(model).includes('garbage')) return { status: 200, answer: 'not json' }
  return { status: 401, answer: error }
}
