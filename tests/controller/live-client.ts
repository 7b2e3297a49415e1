import type { Test } from 'tap'
import { WebSocket } from 'ws'

/** A message as it came. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at what comes as it is
type Message = any

/** A program at the other end of the WebSocket. */
export interface LiveClient {
  readonly socket: WebSocket
  say(message: object | string): void
  /** The next message. */
  next(): Promise<Message>
  /** Says something and returns what comes next. */
  ask(message: object | string): Promise<Message>
  /** Code and reason of the close. */
  closed(): Promise<readonly [number, string]>
}

/** Connects, and takes the handshake off; rejects with the status in the message when it is refused. */
export async function connectLive(
  t: Test,
  url: URL,
  { key, headers = {} }: { readonly key?: string; readonly headers?: object } = {},
): Promise<LiveClient & { readonly handshake: Message }> {
  const target = new URL('/api/v1/ws/unified', url)
  target.protocol = 'ws:'
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const socket = new WebSocket(target, { headers: { ...authorization, ...headers } })
  t.teardown(() => socket.readyState === WebSocket.CONNECTING || socket.terminate())
  const heard: Message[] = []
  const waiting: ((message: Message) => void)[] = []
  socket.on('message', data => {
    const message = JSON.parse(`${data}`)
    const next = waiting.shift()
    if (next) next(message)
    else heard.push(message)
  })
  socket.on('error', () => undefined)
  const refused = new Promise<never>((_, fail) => {
    socket.once('unexpected-response', (asked, { statusCode }) => {
      asked.destroy()
      fail(new Error(`refused with ${statusCode}`))
    })
  })
  refused.catch(() => undefined)
  const ended = new Promise<readonly [number, string]>(done => {
    socket.once('close', (code, reason) => done([code, `${reason}`]))
  })
  const next = () =>
    heard.length > 0
      ? Promise.resolve(heard.shift())
      : new Promise<Message>(done => {
          waiting.push(done)
        })
  const handshake = await Promise.race([next(), refused])
  const client: LiveClient = {
    socket,
    next,
    say: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    ask(message) {
      client.say(message)
      return next()
    },
    closed: () => ended,
  }
  return { ...client, handshake }
}
