import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Said } from '../mcp/raw-client.ts'
import { send } from '../mcp/raw-client.ts'
import type { Test } from '../mcp/world.ts'
import { keys } from './asking-world.ts'

const info = { name: 'test', version: '1.0.0' }

const init = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } })

/** The SDK's client of protocol 2025-11-25. */
export async function legacyClient(
  t: Test,
  url: URL,
  key: string = keys.bot,
): Promise<LegacyClient> {
  const client = new LegacyClient(info)
  await client.connect(new LegacyTransport(url, init(key)) as never)
  t.teardown(() => client.close())
  return client
}

/** The SDK's client of protocol 2026-07-28. */
export async function modernClient(t: Test, url: URL, key: string = keys.bot): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  await client.connect(new StreamableHTTPClientTransport(url, init(key)))
  t.teardown(() => client.close())
  return client
}

const prefix = 'io.modelcontextprotocol'

export const tasks = { extensions: { [`${prefix}/tasks`]: {} } }

let lastId = 0

/** One request of protocol 2026-07-28 with these capabilities of the client. */
export async function askModern(
  url: URL,
  method: string,
  params: Readonly<Record<string, unknown>>,
  capabilities: object = tasks,
  key: string = keys.bot,
): Promise<Said & { readonly status: number }> {
  const meta = {
    [`${prefix}/protocolVersion`]: '2026-07-28',
    [`${prefix}/clientCapabilities`]: capabilities,
  }
  const name = params.name ?? params.taskId
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': String(name) }),
  }
  const body = { jsonrpc: '2.0', id: ++lastId, method, params: { ...params, _meta: meta } }
  const { message, status } = await send(url, headers, JSON.stringify(body))
  return { ...message, status }
}
