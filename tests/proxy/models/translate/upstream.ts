import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Heard, type Plan, planFor } from './plan.ts'
import { chatAnswer, chatEvents, hearChat } from './upstream-chat.ts'
import { hearMessages, messagesAnswer, messagesEvents } from './upstream-messages.ts'
import { hearResponses, responsesAnswer, responsesEvents } from './upstream-responses.ts'

export const upstreamKey = 'upstream-key'
export const upstreamModel = 'claude-or-gpt'

/** A request as it arrived, and whether its connection was given up before the answer was whole. */
export interface Arrived {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of three APIs
  readonly body: any
  readonly closed: Promise<'whole' | 'given up'>
}

interface Api {
  readonly hear: (body: never) => Heard
  readonly answer: (plan: Plan, model: string) => object
  readonly events: (plan: Plan, model: string) => readonly (object | string)[]
  readonly error: (status: number, message: string) => object
}

const openaiError = (status: number, message: string) => ({
  error: {
    message,
    type: status === 429 ? 'tokens' : 'invalid_request_error',
    param: null,
    code: null,
  },
})

const apis: Readonly<Record<string, Api>> = {
  '/v1/chat/completions': {
    hear: hearChat,
    answer: chatAnswer,
    events: chatEvents,
    error: openaiError,
  },
  '/v1/responses': {
    hear: hearResponses,
    answer: responsesAnswer,
    events: responsesEvents,
    error: openaiError,
  },
  '/v1/messages': {
    hear: hearMessages,
    answer: messagesAnswer,
    events: messagesEvents,
    error: (status, message) => ({
      type: 'error',
      error: { type: status === 529 ? 'overloaded_error' : 'invalid_request_error', message },
    }),
  },
}

/** A real HTTP server that speaks all three APIs and refuses what the real ones would refuse. */
export async function startUpstream() {
  const arrived: Arrived[] = []
  const server = createServer((request, response) => void serve(request, response, arrived))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    arrived,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, arrived: Arrived[]) {
  const path = request.url?.split('?')[0] ?? ''
  const api = apis[path]
  const body = JSON.parse((await text(request)) || '{}')
  const { promise: closed, resolve } = Promise.withResolvers<'whole' | 'given up'>()
  response.on('close', () => resolve(response.writableFinished ? 'whole' : 'given up'))
  arrived.push({ path, headers: request.headers, body, closed })
  const reply = (status: number, json: object, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(json))
  if (api === undefined) return void reply(404, openaiError(404, 'no such endpoint'))
  if (!authorized(path, request)) return void reply(401, api.error(401, `bad key ${upstreamKey}`))
  let plan: Plan
  try {
    plan = planFor(api.hear(body as never))
  } catch (error) {
    return void reply(400, api.error(400, `rejected: ${(error as Error).message}`))
  }
  if (plan.kind === 'error')
    return void reply(plan.status, api.error(plan.status, 'not today'), { 'retry-after': '7' })
  if (plan.kind === 'garbage') return void reply(200, { nonsense: true })
  if (body.stream === true) return stream(response, api.events(plan, body.model), plan)
  if (plan.kind === 'broken') return void response.destroy()
  if (plan.kind !== 'slow') reply(200, api.answer(plan, body.model))
}

/** Those of Anthropic's API that are in use. */
const versions = ['2023-06-01', '2026-10-21']

function authorized(path: string, { headers }: IncomingMessage): boolean {
  if (path !== '/v1/messages') return headers.authorization === `Bearer ${upstreamKey}`
  return (
    headers['x-api-key'] === upstreamKey && versions.includes(String(headers['anthropic-version']))
  )
}

async function stream(response: ServerResponse, events: readonly (object | string)[], plan: Plan) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) {
    const name = typeof event === 'object' && 'type' in event ? `event: ${event.type}\n` : ''
    response.write(`${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
    await new Promise(resolve => setImmediate(resolve))
  }
  if (plan.kind === 'broken') response.destroy()
  else if (plan.kind !== 'slow') response.end()
}
