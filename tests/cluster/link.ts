import { once } from 'node:events'
import { type AddressInfo, createServer, connect as open, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A way to a server that can be interrupted and turned. */
export interface Link {
  readonly port: number
  /** Leads elsewhere from now on; what is connected is cut off. */
  turn(port: number): void
  /** Nothing comes through, and nobody is told: as a partition of the network does it. */
  interrupt(): void
  /** Everything comes through again, what was sent meanwhile as well. */
  mend(): void
}

/** Forwards connections on a port of its own to a port of this machine. */
export async function openLink(t: Test, to: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let target = to
  let interrupted = false
  const join = (from: Socket, to: Socket) => {
    sockets.add(from)
    if (interrupted) from.pause()
    from.on('data', bytes => void to.write(bytes))
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer({ allowHalfOpen: true }, socket => {
    const other = open({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    join(socket, other)
    join(other, socket)
    if (interrupted) for (const each of [socket, other]) each.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    server.close()
    cut()
  })
  return {
    port: (server.address() as AddressInfo).port,
    turn(port) {
      target = port
      cut()
    },
    interrupt() {
      interrupted = true
      for (const socket of sockets) socket.pause()
    },
    mend() {
      interrupted = false
      for (const socket of sockets) socket.resume()
    },
  }
}
