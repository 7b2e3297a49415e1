import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from './world.ts'

interface Heard {
  readonly method: string
  readonly id?: number
  readonly params: Readonly<Record<string, unknown>>
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** What a small server does with a `tools/call`; what it returns is the result. */
export type OnCall = (heard: Heard, response: ServerResponse) => object | undefined

export interface SmallServer {
  readonly url: string
  /** Every message that arrived, the handshake and lists left out. */
  readonly heard: Heard[]
  tools: object[]
  prompts: object[]
  resources: object[]
  onCall: OnCall
  /** Ends the server and all its connections. */
  close(): void
}

export const tool = (name: string, more: object = {}) => ({
  name,
  description: `The tool ${name}.`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  ...more,
})

export const says = (text: string) => ({ content: [{ type: 'text', text }] })

/** A legacy server over HTTP, as plain as can be, that keeps what it hears and does what a test says. */
export async function smallServer(t: Test, ...tools: object[]): Promise<SmallServer> {
  const http = createServer((request, response) => {
    receive(request).then(
      text => serve(server, request, response, text),
      () => response.destroy(),
    )
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = () => {
    http.close()
    http.closeAllConnections()
  }
  t.teardown(close)
  const server: SmallServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    heard: [],
    tools,
    prompts: [],
    resources: [],
    onCall: ({ params }) => says(JSON.stringify(params.arguments)),
    close,
  }
  return server
}

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function serve(
  server: SmallServer,
  { method: verb, headers }: IncomingMessage,
  response: ServerResponse,
  text: string,
): void {
  if (verb !== 'POST') return void response.writeHead(verb === 'GET' ? 405 : 200).end()
  const { method, id, params = {} } = JSON.parse(text)
  const heard: Heard = { method, id, params, headers, text }
  const answer = answers[method]
  if (answer === undefined) server.heard.push(heard)
  if (id === undefined) return void response.writeHead(202).end()
  const result = answer ? answer(server) : server.onCall(heard, response)
  if (result !== undefined) reply(response, id, result)
}

/** Answers a request in plain JSON. */
export function reply(response: ServerResponse, id: unknown, result: object): void {
  const body =
    result instanceof Error
      ? { jsonrpc: '2.0', id, error: { code: -32601, message: result.message } }
      : { jsonrpc: '2.0', id, result }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const answers: Record<string, (server: SmallServer) => object> = {
  'server/discover': () => new Error('no such method'),
  initialize: () => ({
    protocolVersion: '2025-11-25',
    capabilities: { tools: {}, prompts: {}, resources: {}, logging: {} },
    serverInfo: { name: 'small', version: '1' },
  }),
  'tools/list': ({ tools }) => ({ tools }),
  'prompts/list': ({ prompts }) => ({ prompts }),
  'resources/list': ({ resources }) => ({ resources }),
  'resources/templates/list': () => ({ resourceTemplates: [] }),
}
