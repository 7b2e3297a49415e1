import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** What takes connections over that want to speak something else than HTTP. */
interface Upgrades {
  /** Requests it is not for are answered as if they had not asked. */
  isFor(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Serves until closed. Rejects when the address cannot be had. */
export async function listen(
  handler: RequestListener,
  host: string,
  port: number,
  upgrades?: Upgrades,
): Promise<{ readonly url: URL; readonly close: () => Promise<void> }> {
  const server = createServer(
    {
      requestTimeout: 60_000,
      headersTimeout: 10_000,
      // Longer than clients keep connections, or one is used at the moment at which it is closed.
      keepAliveTimeout: 60_000,
      shouldUpgradeCallback: request => upgrades?.isFor(request) ?? false,
    },
    handler,
  )
  server.on('upgrade', (request, socket, head) => upgrades?.upgrade(request, socket, head))
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
