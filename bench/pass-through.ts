import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'
import { serve } from './child.ts'

/** The least that a Node proxy can do: node:http in, undici dispatch out, nothing looked at. */
const upstream = new URL(process.argv[2] ?? '')
const connections = Number(process.argv[3] ?? 64)
const pool = new Pool(upstream.origin, { connections, pipelining: 1 })

function relay(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart() {},
    onResponseStart(_controller, status, headers) {
      response.writeHead(status, { 'content-type': String(headers['content-type'] ?? '') })
    },
    onResponseData(_controller, chunk) {
      response.write(chunk)
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError() {
      response.destroy()
    },
  }
}

const server = createServer((request, response) => {
  pool.dispatch(
    {
      path: upstream.pathname,
      method: request.method as Dispatcher.HttpMethod,
      headers: {
        'content-type': request.headers['content-type'],
        accept: request.headers.accept,
        'content-length': request.headers['content-length'],
      },
      body: request,
    },
    relay(response),
  )
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
})
