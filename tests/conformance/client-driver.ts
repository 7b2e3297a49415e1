import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { allowAll, keys, toolServer, world } from '../proxy/mcp/world.ts'
import { personFor } from './client-person.ts'
import { modernClient, type Params } from './modern-client.ts'

/**
 * What the suite starts as the client under test: a proxy in front of the server that the suite
 * names, and a plain client that makes the scenario's calls through the proxy.
 */
const [url = ''] = process.argv.slice(-1)
const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT = '{}' } = process.env
const context = JSON.parse(MCP_CONFORMANCE_CONTEXT)
const over: (() => unknown)[] = []
const teardown = (handler: () => unknown) => void over.push(handler)
const person = scenario.startsWith('auth/') ? personFor(scenario, url, context, teardown) : null
try {
  await person?.logIn()
  const documents = [allowAll, toolServer('suite', person?.spec ?? { url })]
  const proxy = await world({ teardown }, documents, person ?? {})
  await connected(proxy)
  const isModern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION === '2026-07-28'
  await (isModern ? modern(proxy.url) : legacy(proxy.url))
} finally {
  for (const handler of over.reverse()) await handler()
}

/** Waits for the server, and logs in when the proxy says that somebody has to. */
async function connected(proxy: Awaited<ReturnType<typeof world>>): Promise<void> {
  let seen = proxy.reports
  for (;;) {
    const [report] = proxy.reports
    if (report?.state === 'connected') return
    if (proxy.reports !== seen && report?.state === 'failed') {
      if (!asksForLogin(report.error)) throw new Error(report.error)
      await person?.logIn()
    }
    seen = proxy.reports
    while (proxy.reports === seen) await after(10)
  }
}

function asksForLogin(text = ''): boolean {
  return text.includes('writ servers login')
}

/** Makes a call, and makes it again after a login when it failed for the want of one. */
async function called<T extends object>(call: () => Promise<T>): Promise<T> {
  const result = await call()
  if (!asksForLogin(JSON.stringify(result))) return result
  await person?.logIn()
  return called(call)
}

async function legacy(proxy: URL): Promise<void> {
  const client = new Client(
    { name: 'driver', version: '1.0.0' },
    { capabilities: { elicitation: { form: { applyDefaults: true } } } },
  )
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }))
  const headers = { authorization: `Bearer ${keys.claude}` }
  const transport = new StreamableHTTPClientTransport(proxy, { requestInit: { headers } })
  await client.connect(transport as Transport)
  const { tools } = await client.listTools()
  for (const { name } of tools) {
    await called(() => client.callTool({ name, arguments: argumentsOf(name, tools) }))
  }
  await client.close()
}

function argumentsOf(
  tool: string,
  tools: readonly { readonly name: string; readonly inputSchema?: unknown }[],
): Record<string, unknown> {
  if (tool === 'add_numbers') return { a: 5, b: 3 }
  if (tool === 'json_schema_echo') {
    return { schema: tools.find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema }
  }
  return tool === 'valid_tool' ? { region: 'eu' } : {}
}

async function modern(proxy: URL): Promise<void> {
  const { ask } = modernClient(proxy, keys.claude)
  const { tools = [] } = (await ask('tools/list', {})) as { tools?: { name: string }[] }
  if (scenario === 'json-schema-ref-no-deref') return
  const given: Params[] = context.toolCalls ?? []
  const calls =
    given.length > 0
      ? given
      : tools.map(({ name }) => ({ name, arguments: argumentsOf(name, tools) }))
  for (const call of calls) {
    const { resultType, inputRequests, requestState } = await called(() => ask('tools/call', call))
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
