import { once } from 'node:events'
import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The suite cannot send a key. This stands in front of the proxy, adds one to every request, and
 * passes everything else on as it came, Host and Origin included.
 */
export async function withKey(
  url: URL,
  key: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const http = createServer((request, response) => {
    const { method = 'GET', url: path = '/', headers } = request
    const outgoing = ask(
      {
        host: url.hostname,
        port: url.port,
        method,
        path,
        headers: { ...headers, 'x-api-key': key },
      },
      answer => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        response.flushHeaders()
        answer.pipe(response)
        answer.on('error', () => response.destroy())
      },
    )
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    request.pipe(outgoing)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${url.pathname}`,
    async [Symbol.asyncDispose]() {
      const closed = once(http, 'close')
      http.close()
      http.closeAllConnections()
      await closed
    },
  }
}
