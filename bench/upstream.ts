import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './child.ts'

/** A stateless MCP server that answers every tools/call with the same kilobyte, as fast as node:http can. */
const text = 'x'.repeat(1024)
const schema = {
  type: 'object',
  properties: { path: { type: 'string' }, amount: { type: 'number' }, note: { type: 'string' } },
  required: ['path'],
}

const answers: Record<string, (params: { protocolVersion?: string }) => unknown> = {
  initialize: params => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench', version: '1' },
  }),
  'tools/list': () => ({ tools: [{ name: 'read', description: 'Reads.', inputSchema: schema }] }),
  'tools/call': () => ({ content: [{ type: 'text', text }] }),
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(405).end()
    return
  }
  const message = JSON.parse(await bodyOf(request))
  const answer = answers[message.method]
  if (message.id === undefined) {
    response.writeHead(202).end()
    return
  }
  const reply =
    answer === undefined
      ? { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'no such method' } }
      : { jsonrpc: '2.0', id: message.id, result: answer(message.params ?? {}) }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
})
