import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  type JSONRPCMessage,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
  SetLevelRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import * as content from './fixture-content.ts'

/** A server of protocol version 2025-11-25 with sessions and resumable streams, made for the conformance suite. */
export interface Fixture extends AsyncDisposable {
  readonly url: string
}

export async function startFixture2025(): Promise<Fixture> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const known = transports.get(String(request.headers['mcp-session-id']))
    if (known !== undefined) return known.handleRequest(request, response)
    if (request.headers['mcp-session-id'] !== undefined) return response.writeHead(404).end()
    const { port } = http.address() as AddressInfo
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new MemoryEvents(),
      retryInterval: 500,
      enableDnsRebindingProtection: true,
      allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
      allowedOrigins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
      onsessioninitialized: id => void transports.set(id, transport),
      onsessionclosed: id => void transports.delete(id),
    })
    await fixtureServer().connect(transport as Transport)
    return transport.handleRequest(request, response)
  }
  const http = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      const closed = once(http, 'close')
      http.close()
      for (const transport of transports.values()) await transport.close()
      http.closeAllConnections()
      await closed
    },
  }
}

class MemoryEvents implements EventStore {
  readonly #events: { readonly id: string; readonly stream: string; readonly message: object }[] =
    []

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `${stream}_${this.#events.length}`
    this.#events.push({ id, stream, message })
    return id
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const at = this.#events.findIndex(({ id }) => id === lastEventId)
    const stream = this.#events[at]?.stream ?? ''
    for (const event of this.#events.slice(at + 1)) {
      if (event.stream === stream && 'jsonrpc' in event.message) {
        await send(event.id, event.message as JSONRPCMessage)
      }
    }
    return stream
  }
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>

/** The server itself, for any transport. */
export function fixtureServer(): Server {
  const server = new Server(
    { name: 'fixture-2025', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
    },
  )
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const { name, arguments: args = {} } = params
    const plain = content.plainTools[name]
    if (plain !== undefined) return plain()
    const call = calls[name]
    if (call === undefined) throw new McpError(-32602, `Unknown tool: ${name}`)
    return call(args, extra)
  })
  offerContent(server)
  return server
}

function offerContent(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: content.resources }))
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: content.resourceTemplates,
  }))
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }) => {
    const contents = content.contentsOf(uri)
    if (contents === null) throw new McpError(-32002, 'Resource not found', { uri })
    return { contents } as never
  })
  server.setRequestHandler(SubscribeRequestSchema, () => ({}))
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
  server.setRequestHandler(SetLevelRequestSchema, () => ({}))
  server.setRequestHandler(ListPromptsRequestSchema, () => ({ prompts: content.prompts }))
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    const messages = content.messagesOf(params.name, params.arguments ?? {})
    if (messages === null) throw new McpError(-32602, `Unknown prompt: ${params.name}`)
    return { messages } as never
  })
  server.setRequestHandler(CompleteRequestSchema, () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }))
}

const calls: Record<string, (args: Record<string, unknown>, extra: Extra) => Promise<object>> = {
  async test_tool_with_logging(_args, { sendNotification }) {
    for (const data of ['started', 'processing data', 'completed']) {
      const params = { level: 'info' as const, data: `Tool execution ${data}` }
      await sendNotification({ method: 'notifications/message', params })
      await wait(50)
    }
    return content.text('Tool with logging executed successfully')
  },
  async test_tool_with_progress(_args, { _meta: meta, sendNotification }) {
    const { progressToken } = meta ?? {}
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 }
        await sendNotification({ method: 'notifications/progress', params })
      }
      await wait(50)
    }
    return content.text(String(progressToken))
  },
  async test_sampling({ prompt }, { sendRequest }) {
    const messages = [{ role: 'user' as const, content: { type: 'text', text: String(prompt) } }]
    const params = { messages, maxTokens: 100 }
    const request = { method: 'sampling/createMessage', params } as ServerRequest
    const { content: said } = await sendRequest(request, CreateMessageResultSchema)
    return content.text(`LLM response: ${'text' in said ? said.text : ''}`)
  },
  async test_reconnection(_args, { closeSSEStream }) {
    await wait(50)
    closeSSEStream?.()
    await wait(50)
    return content.text('Reconnection test completed')
  },
  ...Object.fromEntries(
    Object.entries(content.questions).map(([name, requestedSchema]) => [
      name,
      async ({ message = `Please answer ${name}` }, { sendRequest }: Extra) => {
        const request = { method: 'elicitation/create', params: { message, requestedSchema } }
        const { action, content: said } = await sendRequest(
          request as ServerRequest,
          ElicitResultSchema,
        )
        const answer = JSON.stringify(said ?? {})
        return content.text(`Elicitation completed: action=${action}, content=${answer}`)
      },
    ]),
  ),
}

const tools = [
  ...Object.keys(content.plainTools).map(name => content.tool(name)),
  content.samplingTool,
  content.elicitationTool,
  content.jsonSchemaTool,
  ...Object.keys(calls)
    .filter(name => name !== 'test_sampling' && name !== 'test_elicitation')
    .map(name => content.tool(name)),
]
