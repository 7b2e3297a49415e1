import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A request that came in. */
export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** How a request is answered; `hang` never is. */
export type Reply =
  | 'hang'
  | { readonly status?: number; readonly body?: string; readonly headers?: Record<string, string> }

/** An HTTP server that keeps what it gets; `reply` says how the n-th request, from 0, is answered. */
export interface Receiver {
  readonly url: URL
  readonly received: Received[]
  reply: (n: number, request: Received) => Reply | Promise<Reply>
  /** The body of the n-th request as JSON. */
  json(n: number): Record<string, unknown>
}

/** Starts one on a free port of this machine. */
export async function receiver(t: Test): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { url: path = '', headers } = request
    const got = { path, headers, body: await buffer(request) }
    received.push(got)
    const reply = await self.reply(received.length - 1, got)
    if (reply === 'hang') return
    const { status = 200, headers: sent = {}, body = status === 200 ? 'ok' : '' } = reply
    response.writeHead(status, sent).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const self: Receiver = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    received,
    reply: () => ({}),
    json: n => JSON.parse(received[n]?.body.toString('utf8') ?? 'null'),
  }
  return self
}
