import type { Response } from 'express'

/** A stream of server-sent events to one reader. */
export interface EventStream {
  /** Sends an event whose data is the value as JSON. */
  send(event: string, data: unknown, id?: number): void
  /** Cuts the reader off; it comes back and is told how things stand then. */
  end(): void
  /** Calls it once the reader is gone. */
  whenClosed(stop: () => void): void
}

/** A reader that takes no more than this is cut off. */
const mostWaitingBytes = 1024 * 1024

/** Opens the stream with a greeting and keeps it alive with the beats given. */
export function eventStream(
  response: Response,
  onBeat: (beat: () => void) => () => void,
): EventStream {
  const write = (text: string) => {
    if (response.writableLength > mostWaitingBytes) response.destroy()
    else response.write(text)
  }
  const whenClosed = (stop: () => void) => void response.once('close', stop)
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  })
  whenClosed(onBeat(() => write(': beat\n\n')))
  write(': hello\n\n')
  return {
    send(event, data, id) {
      const name = id === undefined ? '' : `id: ${id}\n`
      write(`event: ${event}\n${name}data: ${JSON.stringify(data)}\n\n`)
    },
    end: () => void response.destroy(),
    whenClosed,
  }
}
