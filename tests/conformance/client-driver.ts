import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { allowAll, keys, toolServer, world } from '../proxy/mcp/world.ts'
import { modernClient, type Params } from './modern-client.ts'

/**
 * What the suite starts as the client under test: a proxy in front of the server that the suite
 * names, and a plain client that makes the scenario's calls through the proxy.
 */
const [url = ''] = process.argv.slice(-1)
const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT: context = '{}' } =
  process.env
const over: (() => unknown)[] = []
const proxy = await world({ teardown: handler => over.push(handler) }, [
  allowAll,
  toolServer('suite', { url }),
])
await proxy.connected()
await (process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === '2026-07-28' ? modern() : legacy())
for (const handler of over) await handler()

async function legacy(): Promise<void> {
  const client = new Client(
    { name: 'driver', version: '1.0.0' },
    { capabilities: { elicitation: { form: { applyDefaults: true } } } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }))
  const headers = { authorization: `Bearer ${keys.claude}` }
  const transport = new StreamableHTTPClientTransport(proxy.url, { requestInit: { headers } })
  await client.connect(transport as Transport)
  const { tools } = await client.listTools()
  for (const { name } of tools) await client.callTool({ name, arguments: argumentsOf(name) })
  await client.close()
}

function argumentsOf(tool: string): Record<string, unknown> {
  if (tool === 'add_numbers') return { a: 5, b: 3 }
  return tool === 'valid_tool' ? { region: 'eu' } : {}
}

async function modern(): Promise<void> {
  const { ask } = modernClient(proxy.url, keys.claude)
  const { tools = [] } = (await ask('tools/list', {})) as { tools?: { name: string }[] }
  if (scenario === 'json-schema-ref-no-deref') return
  const given: Params[] = JSON.parse(context).toolCalls ?? []
  const calls =
    given.length > 0 ? given : tools.map(({ name }) => ({ name, arguments: argumentsOf(name) }))
  for (const call of calls) {
    const { resultType, inputRequests, requestState } = await ask('tools/call', call)
    if (resultType !== 'input_required') continue
    const confirmed = { action: 'accept', content: { confirmed: true } }
    const keysAsked = Object.keys(inputRequests as object)
    await ask('tools/call', {
      ...call,
      inputResponses: Object.fromEntries(keysAsked.map(key => [key, confirmed])),
      ...(requestState === undefined ? {} : { requestState }),
    })
  }
  if (scenario !== 'http-standard-headers') return
  const { resources } = (await ask('resources/list', {})) as { resources: { uri: string }[] }
  for (const { uri } of resources) await ask('resources/read', { uri })
  const { prompts } = (await ask('prompts/list', {})) as { prompts: { name: string }[] }
  for (const { name } of prompts) await ask('prompts/get', { name })
}
