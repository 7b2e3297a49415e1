import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** A port of 127.0.0.1 that nobody has, below those that systems give to connections, so that it stays free between two starts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const socket = createServer()
    const free = await new Promise<boolean>(resolve => {
      socket.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise(resolve => socket.close(resolve))
    return port
  }
}
