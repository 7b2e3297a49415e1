import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import type { Test } from 'tap'

/** Micro-USD per token. */
export const prices = { input: 3, output: 15 }

/** A provider that takes money for every request that reaches it, whatever becomes of its answer. */
export interface PaidProvider {
  /** Up to the version. */
  readonly url: string
  /** Micro-USD so far. */
  readonly taken: () => number
  readonly requests: () => number
}

/** A real HTTP server that speaks chat completions at random lengths, and at times breaks off after it took its money. */
export async function paidProvider(t: Test): Promise<PaidProvider> {
  let taken = 0
  let requests = 0
  const http = createServer(async (request, response) => {
    const body = await text(request).catch(() => null)
    if (body === null) return
    const { max_tokens, max_completion_tokens = max_tokens } = JSON.parse(body)
    const usage = {
      prompt_tokens: Math.floor(Math.random() * (body.length + 1000)),
      completion_tokens: Math.floor(Math.random() * (max_completion_tokens + 1)),
    }
    taken += usage.prompt_tokens * prices.input + usage.completion_tokens * prices.output
    requests += 1
    await after(Math.random() * 300)
    if (Math.random() < 0.03) response.destroy()
    else answer(response, usage)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    taken: () => taken,
    requests: () => requests,
  }
}

interface Used {
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

function answer(response: ServerResponse, usage: Used): void {
  const total_tokens = usage.prompt_tokens + usage.completion_tokens
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'small' },
      choices: [
        { index: 0, message: { role: 'assistant', content: 'words' }, finish_reason: 'stop' },
      ],
      usage: { ...usage, total_tokens },
    }),
  )
}
