import { headerValue } from '../../proxy/mcp/upstream/header-value.ts'

export type Params = Readonly<Record<string, unknown>>

/** A client of protocol version 2026-07-28, as small as can be. */
export function modernClient(url: URL, key: string, signal: AbortSignal | null = null) {
  let lastId = 0
  const declared: Record<string, Record<string, string>> = {}

  /** Resolves to the result or rejects with the error's message. */
  async function ask(method: string, params: Params): Promise<Record<string, unknown>> {
    const answer = await post(method, params)
    const { result, error } = await answered(answer)
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`)
    if (method === 'tools/list') learn(result.tools as Tool[])
    return result
  }

  /** Sends the request; the given headers replace those that are right. */
  function post(
    method: string,
    params: Params,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const name = params.name ?? params.uri
    const body = {
      jsonrpc: '2.0',
      id: ++lastId,
      method,
      params: { ...params, _meta: { ...meta, ...(params._meta as object) } },
    }
    return fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': headerValue(name) } : {}),
        ...mirrored(String(name), params.arguments as Params | undefined),
        ...headers,
      },
      body: JSON.stringify(body),
      signal,
    })
  }

  function learn(tools: readonly Tool[]): void {
    for (const { name, inputSchema } of tools) {
      const fields = Object.entries(inputSchema.properties ?? {})
      declared[name] = Object.fromEntries(
        fields.flatMap(([field, schema]) => {
          const header = schema['x-mcp-header']
          return header === undefined ? [] : [[field, `mcp-param-${header}`]]
        }),
      )
    }
  }

  function mirrored(tool: string, args: Params = {}): Record<string, string> {
    return Object.fromEntries(
      Object.entries(declared[tool] ?? {}).flatMap(([field, header]) => {
        const value = args[field]
        return value === undefined || value === null ? [] : [[header, headerValue(String(value))]]
      }),
    )
  }

  return { ask, post }
}

interface Tool {
  readonly name: string
  readonly inputSchema: { readonly properties?: Record<string, { 'x-mcp-header'?: string }> }
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'driver', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
}

interface Answered {
  readonly result: Record<string, unknown>
  readonly error?: { readonly code: number; readonly message: string }
}

/** The last message of a response, whether it is JSON or an event stream. */
async function answered(response: Response): Promise<Answered> {
  const text = await response.text()
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return JSON.parse(text)
  const data = text.split('\n').filter(line => line.startsWith('data: '))
  return JSON.parse(data.at(-1)?.slice(6) ?? '{}')
}
