import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Tables } from './mcp/needs.ts'
import type { Meter } from './meter.ts'

/** What a proxy says of itself to whoever asks. */
export interface AboutItself {
  readonly tables: Tables
  readonly meter: Meter
}

/** Answers `/healthz`, `/readyz` and `/metrics`; nothing else is found. */
export function tellOfItself(
  path: string,
  { tables, meter }: AboutItself,
  response: ServerResponse,
): void {
  if (path === '/healthz') plain(response, 200, 'ok\n')
  else if (path === '/readyz') showReadiness(tables, response)
  else if (path === '/metrics') showMetrics(meter, response)
  else plain(response, 404, 'not found\n')
}

/**
 * Answers the same on a port of its own, on every address: the kubelet and what collects metrics do not reach the
 * loopback interface of a pod, and agents of other pods should not reach the proxy. Rejects when the port cannot be had.
 */
export async function serveProbes(
  port: number | undefined,
  about: AboutItself,
): Promise<() => Promise<void>> {
  if (port === undefined) return async () => undefined
  const server = createServer(
    { maxHeaderSize: 8 * 1024, headersTimeout: 5000, requestTimeout: 5000 },
    (request: IncomingMessage, response) => {
      response.on('error', () => undefined)
      tellOfItself(request.url?.split('?', 1)[0] ?? '', about, response)
    },
  )
  server.maxConnections = 64
  server.listen(port)
  await once(server, 'listening')
  return async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    server.closeAllConnections()
    await promise
  }
}

/** Until there is a table everything is refused, which no client should be sent to. */
function showReadiness(tables: Tables, response: ServerResponse): void {
  const ready = tables.enforced === undefined || Object.keys(tables.enforced()).length > 0
  plain(response, ready ? 200 : 503, ready ? 'ok\n' : 'no policy has been loaded yet\n')
}

function showMetrics({ registry }: Meter, response: ServerResponse): void {
  registry.metrics().then(
    text => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
    () => plain(response, 500, 'no metrics\n'),
  )
}

/** Answers with a text. */
export function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}
