import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Waits on this machine for the browser that comes back from a login. */
export interface RedirectListener {
  /** Where the browser has to come back to. */
  readonly url: string
  /** What it brings; only what carries the state of this login is heard. */
  readonly answer: Promise<URLSearchParams>
  close(): Promise<void>
}

const path = '/callback'

/** Listens on a port of the loopback interface, 0 for a free one; rejects when it cannot be had. */
export async function listenForRedirect(port: number, state: string): Promise<RedirectListener> {
  const { promise: answer, resolve } = Promise.withResolvers<URLSearchParams>()
  const server = createServer({ maxHeaderSize: 32 * 1024 }, (request, response) => {
    const params = answerIn(request, host, state)
    if (params === null) return say(response, 400, 'This is not the answer to a login.')
    say(response, 200, 'Thank you. You can close this window and go back to the terminal.')
    resolve(params)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}${path}`,
    answer,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Any page in the browser can send requests here; only the login knows its state. */
function answerIn(
  { method, url = '', headers }: IncomingMessage,
  host: string,
  state: string,
): URLSearchParams | null {
  if (method !== 'GET' || headers.host !== host) return null
  const target = URL.parse(url, `http://${host}`)
  if (target?.pathname !== path) return null
  const given = Buffer.from(target.searchParams.get('state') ?? '')
  const expected = Buffer.from(state)
  const same = given.length === expected.length && timingSafeEqual(given, expected)
  return same ? target.searchParams : null
}

function say(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    })
    .end(`${text}\n`)
}
