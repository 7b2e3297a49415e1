import type { WebSocket } from 'ws'

/** The way out of a connection. */
export interface Outlet {
  /** Sends at once; false when too much waits already. */
  say(text: string): boolean
  /** Settles once the text has left; false when it cannot any more. */
  readonly send: (text: string) => Promise<boolean>
  /** How long nothing has left although something waits. */
  stalledMs(): number
}

/** What may wait besides one message for each topic, in bytes. */
const mostWaiting = 262_144

/** Watches how a peer takes what it is sent. */
export function outlet(socket: WebSocket, now: () => number): Outlet {
  let waiting = 0
  let movedAt = now()
  return {
    say(text) {
      if (socket.readyState === socket.OPEN) socket.send(text, () => undefined)
      return socket.bufferedAmount <= mostWaiting
    },
    send: text =>
      new Promise(done => {
        if (socket.readyState !== socket.OPEN) return done(false)
        if (waiting === 0) movedAt = now()
        waiting += 1
        socket.send(text, error => {
          waiting -= 1
          movedAt = now()
          done(!error)
        })
      }),
    stalledMs: () => (waiting === 0 ? 0 : now() - movedAt),
  }
}
