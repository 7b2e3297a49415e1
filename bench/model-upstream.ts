import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './child.ts'

/** A provider of OpenAI's chat completions that answers as `metadata` of the body asks, as fast as node:http can. */
interface Wish {
  readonly chunks?: number
  /** Milliseconds between chunks; without it they are written as fast as they are taken. */
  readonly every?: number
}

const usage = { prompt_tokens: 250, completion_tokens: 200, total_tokens: 450 }
const whole = JSON.stringify({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-bench',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'x'.repeat(700) }, finish_reason: 'stop' },
  ],
  usage,
})

/** A chunk says when it was written, in nanoseconds of the clock that all processes share. */
function chunkNow(): string {
  const frame =
    '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,"model":"gpt-bench"'
  return `data: ${frame},"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}],"usage":null,"at":${process.hrtime.bigint()}}\n\n`
}

const last = `data: ${JSON.stringify({ id: 'chatcmpl-bench', choices: [], usage })}\n\ndata: [DONE]\n\n`

function stream(response: ServerResponse, { chunks = 1, every }: Wish): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let left = chunks
  const end = () => response.end(last)
  if (every === undefined) {
    const more = () => {
      while (left > 0 && response.write(chunkNow())) left--
      if (left > 0) {
        left--
        response.once('drain', more)
      } else end()
    }
    more()
    return
  }
  const timer = setInterval(() => {
    if (left-- > 0) response.write(chunkNow())
    else {
      clearInterval(timer)
      end()
    }
  }, every)
  response.on('close', () => clearInterval(timer))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const server = createServer(async (request, response) => {
  const { stream: streamed, metadata = {} } = JSON.parse(await bodyOf(request))
  if (streamed === true) stream(response, metadata)
  else response.writeHead(200, { 'content-type': 'application/json' }).end(whole)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`)
})
