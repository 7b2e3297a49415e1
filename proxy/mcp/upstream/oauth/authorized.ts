import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { ProxyFailure } from '../../../failure.ts'
import type { Sockets } from '../http-target.ts'
import { type Challenge, challengeOf } from './challenge.ts'
import type { TokenKeeper } from './token-keeper.ts'

/** After so many new tokens that are turned down as well, a request fails. */
const mostRenewals = 2

/**
 * Sockets whose requests carry the keeper's token. A request that is turned down for its token was not
 * carried out; it is sent again with another one, a bounded number of times.
 */
export function authorized(sockets: Sockets, keeper: TokenKeeper, server: URL): Sockets {
  return {
    dispatch(options, handler) {
      new AuthorizedRequest({ sockets, keeper, server }, options, handler).start()
      return true
    },
    close: () => sockets.close(),
    destroy: () => sockets.destroy(),
  }
}

interface Needs {
  readonly sockets: Sockets
  readonly keeper: TokenKeeper
  readonly server: URL
}

class AuthorizedRequest implements Dispatcher.DispatchHandler {
  readonly #needs: Needs
  readonly #options: Dispatcher.DispatchOptions
  readonly #handler: Dispatcher.DispatchHandler
  #token = ''
  #renewals = 0
  /** What the server said when it turned the request down; the rest of that answer concerns nobody. */
  #challenge: Challenge | null = null

  constructor(
    needs: Needs,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    this.#needs = needs
    this.#options = options
    this.#handler = handler
  }

  start(): void {
    const token = this.#needs.keeper.token()
    if (typeof token === 'string') this.#send(token)
    else this.#sendWith(token)
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const said = String(headers['www-authenticate'] ?? '')
    if (status === 401 || (status === 403 && said.includes('insufficient_scope'))) {
      this.#challenge = challengeOf(status, said, this.#needs.server)
      controller.abort(new ProxyFailure('unauthorized', 'the token was turned down'))
    } else {
      this.#handler.onResponseStart?.(controller, status, headers)
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#challenge === null) this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#challenge === null) this.#handler.onResponseEnd?.(controller, trailers)
    else this.#again(this.#challenge)
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#challenge === null) this.#handler.onResponseError?.(controller, error)
    else this.#again(this.#challenge)
  }

  #again(challenge: Challenge): void {
    const { keeper } = this.#needs
    this.#challenge = null
    this.#renewals++
    if (this.#renewals > mostRenewals) this.#fail(keeper.giveUp(challenge))
    else this.#sendWith(keeper.renew({ token: this.#token, challenge }))
  }

  #sendWith(token: Promise<string>): void {
    token.then(
      text => this.#send(text),
      error => this.#fail(error),
    )
  }

  #send(token: string): void {
    this.#token = token
    const headers = { ...this.#options.headers, authorization: `Bearer ${token}` }
    this.#needs.sockets.dispatch({ ...this.#options, headers }, this)
  }

  #fail(error: unknown): void {
    const failure =
      error instanceof Error ? error : new ProxyFailure('unauthorized', 'there is no token')
    this.#handler.onResponseError?.(noRequest, failure)
  }
}

/** Stands for the request that is not made. */
const noRequest: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  rawHeaders: null,
  rawTrailers: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
}
