import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from '@modelcontextprotocol/node'
import {
  createMcpHandler,
  type McpHttpHandler,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { Fixture } from './fixture-2025.ts'
import * as content from './fixture-content.ts'

/** A server of protocol version 2026-07-28, made for the conformance suite; `reject` turns older clients away. */
export async function startFixture2026(
  legacy: 'stateless' | 'reject' = 'stateless',
): Promise<Fixture> {
  const handler: McpHttpHandler = createMcpHandler(() => fixtureServer(() => handler), { legacy })
  const node = toNodeHandler(handler)
  const meantForUs = [localhostHostValidation(), localhostOriginValidation()]
  const http = createServer((request, response) => {
    if (meantForUs.every(check => check(request, response))) void node(request as never, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      const closed = once(http, 'close')
      http.close()
      await handler.close()
      http.closeAllConnections()
      await closed
    },
  }
}

function fixtureServer(handler: () => McpHttpHandler): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
  }
  const server = new Server({ name: 'fixture-2026', version: '1.0.0' }, { capabilities })
  const hints = { ttlMs: 60_000, cacheScope: 'public' as const }
  server.setRequestHandler('tools/list', () => ({ tools, ...hints }) as never)
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const { name } = params
    const plain = content.plainTools[name]
    if (plain !== undefined) return plain() as never
    const call = calls[name]
    if (call === undefined) throw new ProtocolError(-32602, `Unknown tool: ${name}`)
    return call(context, handler()) as never
  })
  const { resources, resourceTemplates } = content
  server.setRequestHandler('resources/list', () => ({ resources, ...hints }) as never)
  server.setRequestHandler(
    'resources/templates/list',
    () => ({ resourceTemplates, ...hints }) as never,
  )
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const contents = content.contentsOf(uri)
    if (contents === null) throw new ResourceNotFoundError(uri)
    return { contents, ...hints } as never
  })
  server.setRequestHandler('prompts/list', () => ({ prompts, ...hints }) as never)
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    if (params.name === promptThatAsks) return asking(context) as never
    const messages = content.messagesOf(params.name, params.arguments ?? {})
    if (messages === null) throw new ProtocolError(-32602, `Unknown prompt: ${params.name}`)
    return { messages } as never
  })
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }))
  return server
}

const promptThatAsks = 'test_input_required_result_prompt'
const prompts = [...content.prompts, { name: promptThatAsks, description: 'A prompt that asks.' }]

function asking({ mcpReq }: ServerContext): object {
  const context = answerOf(mcpReq.inputResponses, 'user_context')
  if (context === null) return inputRequired({ user_context: elicit('What context?', 'context') })
  return {
    messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(context) } }],
  }
}

function elicit(message: string, field: string, type = 'string') {
  const requestedSchema = { type: 'object', properties: { [field]: { type } }, required: [field] }
  return { method: 'elicitation/create', params: { message, requestedSchema, mode: 'form' } }
}

const sample = (text: string) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 },
})

const roots = { method: 'roots/list', params: {} }

function inputRequired(inputRequests: object, requestState?: string): object {
  const state = requestState === undefined ? {} : { requestState }
  return { resultType: 'input_required', inputRequests, ...state }
}

function answerOf(responses: Record<string, unknown> | undefined, key: string): object | null {
  const answer = responses?.[key]
  return typeof answer === 'object' && answer !== null ? answer : null
}

const secret = randomBytes(32)

function signed(state: string): string {
  return `${state}.${createHmac('sha256', secret).update(state).digest('base64url')}`
}

/** The state that `signed` was given; throws for any other text. */
function verified(text: unknown): string {
  const state = String(text).split('.', 1)[0] ?? ''
  const given = Buffer.from(String(text))
  const right = Buffer.from(signed(state))
  if (given.length === right.length && timingSafeEqual(given, right)) return state
  throw new ProtocolError(-32602, 'requestState failed its integrity check')
}

type Call = (context: ServerContext, handler: McpHttpHandler) => Promise<object> | object

/** A tool that asks once for everything named and is done when it has all the answers. */
function asksFor(requests: Record<string, object>, stateful: boolean, done: string): Call {
  return ({ mcpReq }) => {
    const answers = Object.keys(requests).map(key => answerOf(mcpReq.inputResponses, key))
    if (answers.includes(null))
      return inputRequired(requests, stateful ? signed('asked') : undefined)
    if (stateful) verified(mcpReq.requestState())
    return content.text(`${done} ${JSON.stringify(answers)}`)
  }
}

/** What the client declared that it can be asked. */
function declaredIn({ envelope = {} }: ServerContext['mcpReq']): object {
  return new Map<string, object>(Object.entries(envelope)).get(capabilitiesKey) ?? {}
}

const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'

const calls: Record<string, Call> = {
  async test_tool_with_progress({ mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 }
        await mcpReq.notify({ method: 'notifications/progress', params })
      }
      await wait(50)
    }
    return content.text(String(progressToken))
  },
  async test_logging_tool({ mcpReq }) {
    await mcpReq.log('info', 'logged')
    return content.text('logged')
  },
  test_missing_capability({ mcpReq }) {
    if ('sampling' in declaredIn(mcpReq)) return content.text('sampling is there')
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } })
  },
  test_streaming_elicitation: asksFor({ answer: elicit('Well?', 'answer') }, false, 'answered'),
  test_trigger_tool_change(_context, { notify }) {
    notify.toolsChanged()
    return content.text('the tools have changed')
  },
  test_trigger_prompt_change(_context, { notify }) {
    notify.promptsChanged()
    return content.text('the prompts have changed')
  },
  test_input_required_result_elicitation: asksFor(
    { user_name: elicit('What is your name?', 'name') },
    false,
    'Hello',
  ),
  test_input_required_result_sampling: asksFor(
    { capital_question: sample('What is the capital of France?') },
    false,
    'sampled',
  ),
  test_input_required_result_list_roots: asksFor({ client_roots: roots }, false, 'roots'),
  test_input_required_result_request_state: asksFor(
    { confirm: elicit('Please confirm', 'ok', 'boolean') },
    true,
    'state-ok',
  ),
  test_input_required_result_tampered_state: asksFor(
    { confirm: elicit('Please confirm', 'ok', 'boolean') },
    true,
    'state-ok',
  ),
  test_input_required_result_multiple_inputs: asksFor(
    {
      user_name: elicit('What is your name?', 'name'),
      greeting: sample('Generate a greeting'),
      client_roots: roots,
    },
    true,
    'all answered',
  ),
  test_input_required_result_multi_round({ mcpReq }) {
    const state = mcpReq.requestState() === undefined ? '' : verified(mcpReq.requestState())
    if (state === 'two') return content.text('all rounds are done')
    return state === 'one'
      ? inputRequired({ step2: elicit('Step 2: which color?', 'color') }, signed('two'))
      : inputRequired({ step1: elicit('Step 1: which name?', 'name') }, signed('one'))
  },
  test_input_required_result_capabilities({ mcpReq }) {
    const declared = declaredIn(mcpReq)
    if (mcpReq.inputResponses !== undefined) return content.text('answered')
    return inputRequired({
      ...('elicitation' in declared ? { asked: elicit('What?', 'what') } : {}),
      ...('sampling' in declared ? { sampled: sample('What?') } : {}),
    })
  },
}

const headerTool = {
  ...content.tool('test_header_tool'),
  inputSchema: {
    type: 'object' as const,
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
    required: ['region'],
  },
}

calls.test_header_tool = () => content.text('the headers agree')

const tools = [
  ...Object.keys(content.plainTools).map(name => content.tool(name)),
  ...Object.keys(calls)
    .filter(name => name !== headerTool.name)
    .map(name => content.tool(name)),
  headerTool,
  content.jsonSchemaTool,
]
