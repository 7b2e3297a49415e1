import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Serves until closed. Rejects when the address cannot be had. */
export async function listen(
  handler: RequestListener,
  host: string,
  port: number,
): Promise<{ readonly url: URL; readonly close: () => Promise<void> }> {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, handler)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, host, resolve)
  await promise
  const { address, family, port: taken } = server.address() as AddressInfo
  const name = family === 'IPv6' ? `[${address}]` : address
  return { url: new URL(`http://${name}:${taken}/`), close: () => closed(server) }
}

/** Streams never end by themselves. */
function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
