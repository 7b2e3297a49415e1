import { ProxyFailure } from '../../failure.ts'
import type { ServerSentEvent } from '../event-stream.ts'
import type { Channel, ChannelEvents } from './channel-link.ts'
import { httpExchange } from './http-exchange.ts'
import type { HttpTarget } from './http-target.ts'

/**
 * Opens the two-way transport of protocol version 2024-11-05: an event stream whose first event
 * names the address to post to. Rejects with a ProxyFailure when the server offers none in time.
 */
export function openSse(
  target: HttpTarget,
  url: string,
  timeoutMs: number,
  events: ChannelEvents,
): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const close = async () => {
      clearTimeout(timer)
      stop()
    }
    const fail = (failure: ProxyFailure) => {
      clearTimeout(timer)
      reject(failure)
      events.onClose(failure)
    }
    const onEvent = ({ event, data }: ServerSentEvent) => {
      if (event === 'message') return events.onText(data)
      if (event !== 'endpoint') return
      const endpoint = endpointOf(url, data)
      if (endpoint === null) {
        fail(new ProxyFailure('upstream_garbage', 'the server names an address elsewhere'))
        void close()
        return
      }
      clearTimeout(timer)
      resolve({ send: text => post(target, endpoint, text, fail), close })
    }
    const stop = httpExchange(
      target.pool,
      {
        method: 'GET',
        path: target.path,
        headers: { ...target.headers, accept: 'text/event-stream' },
      },
      {
        onEvent,
        onBody: (_text, status) =>
          fail(new ProxyFailure('upstream_refused', `the server answered ${status}`)),
        onEnd: () => fail(new ProxyFailure('upstream_lost', 'the server closed the stream')),
        onFailure: fail,
      },
    )
    const timer = setTimeout(() => {
      stop()
      fail(new ProxyFailure('upstream_timeout', `no endpoint within ${timeoutMs} ms`))
    }, timeoutMs)
  })
}

/** The credentials must not follow the server to another origin. */
function endpointOf(url: string, data: string): string | null {
  if (!URL.canParse(data, url)) return null
  const endpoint = new URL(data, url)
  return endpoint.origin === new URL(url).origin ? endpoint.pathname + endpoint.search : null
}

function post(
  target: HttpTarget,
  path: string,
  body: string,
  fail: (failure: ProxyFailure) => void,
): void {
  const headers = { ...target.headers, 'content-type': 'application/json' }
  httpExchange(
    target.pool,
    { method: 'POST', path, headers, body },
    {
      onEvent: () => undefined,
      onBody: (_text, status) => {
        if (status < 400) return
        fail(new ProxyFailure('upstream_lost', `the server answered ${status} to a message`))
      },
      onEnd: () => undefined,
      onFailure: fail,
    },
  )
}
