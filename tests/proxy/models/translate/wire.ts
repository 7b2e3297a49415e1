import type { Test } from 'tap'
import type { Target } from '../../../../proxy/models/translate/translation.ts'
import { startSmallGateway } from './small-gateway.ts'
import { startUpstream, upstreamModel } from './upstream.ts'

const paths = {
  chat: '/openai/v1/chat/completions',
  responses: '/openai/v1/responses',
  messages: '/anthropic/v1/messages',
} as const

export type Dialect = keyof typeof paths

/** A small gateway before a stand-in provider, and raw requests to it. */
export async function startWire(t: Test, most?: number) {
  const upstream = await startUpstream()
  t.teardown(upstream.close)
  const target = (protocol: Target['protocol'], responses: Target['responses'], model: string) => ({
    protocol,
    responses,
    baseUrl: upstream.baseUrl,
    model,
  })
  const gateway = await startSmallGateway(
    {
      openai: target('openai', 'native', upstreamModel),
      gpt5: target('openai', 'native', 'gpt-5'),
      'openai-chat': target('openai', 'translate', upstreamModel),
      anthropic: target('anthropic', 'native', upstreamModel),
      'sonnet-4': target('anthropic', 'native', 'claude-sonnet-4-0'),
      nobody: { ...target('anthropic', 'native', 'm'), baseUrl: 'http://127.0.0.1:9/v1' },
    },
    most,
  )
  t.teardown(gateway.close)
  const send = (dialect: Dialect, body: object) =>
    fetch(gateway.url + paths[dialect], { method: 'POST', body: JSON.stringify(body) })
  return {
    gateway,
    arrived: upstream.arrived,
    /** The body that the provider was sent last. */
    get sent() {
      return upstream.arrived.at(-1)?.body
    },
    post: async (dialect: Dialect, body: object) => {
      const response = await send(dialect, body)
      // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of three APIs
      return { status: response.status, json: (await response.json()) as any }
    },
    /** The events of a stream, parsed. */
    events: async (dialect: Dialect, body: object) =>
      eventsOf(await (await send(dialect, body)).text()),
  }
}

/** The data of server-sent events; `event:` lines must agree with the type in the data. */
function eventsOf(text: string) {
  return text
    .split('\n\n')
    .filter(block => block !== '')
    .map(block => {
      const [first = '', second] = block.split('\n')
      const data = (second ?? first).slice('data: '.length)
      if (data === '[DONE]') return data
      const event = JSON.parse(data)
      if (second !== undefined && first !== `event: ${event.type}`) throw new Error(first)
      return event
    })
}

export function hello(dialect: Dialect, model: string, text = 'hello') {
  const messages = [{ role: 'user', content: text }]
  if (dialect === 'responses') return { model, input: text }
  return dialect === 'chat' ? { model, messages } : { model, messages, max_tokens: 9000 }
}
