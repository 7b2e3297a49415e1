import { computeScopeUnion, isStrictScopeSuperset } from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import type { Challenge } from './challenge.ts'
import type { Login, Logins } from './login.ts'
import { isFor, loginCommand, needsPerson, type OAuthServer } from './oauth-server.ts'
import { clientToken, refresh } from './request-token.ts'

/** A token that the server turned down, and what the server said to it. */
export interface Refused {
  readonly token: string
  readonly challenge: Challenge
}

export interface TokenKeeperNeeds {
  readonly server: OAuthServer
  readonly logins: Logins
  /** Asks the server what it wants of somebody without a token. */
  readonly probe: () => Promise<Challenge | null>
  readonly now: () => number
  /** Told when no token is left and why. */
  readonly onLost: (why: string) => void
}

/** A token that ends sooner than this is not sent any more. */
const marginMs = 5000

/** An authorization server that failed is left alone for so long. */
const pauseMs = 5000

/** Scopes that a server may make Writ ask for, in characters. */
const mostWanted = 4096

/** The token for one server: read from the logins, refreshed when it runs out, by one caller at a time. */
export class TokenKeeper {
  readonly #needs: TokenKeeperNeeds
  #login: Login | null = null
  #last: Promise<unknown> = Promise.resolve()
  #failure: { readonly until: number; readonly error: unknown } | null = null

  constructor(needs: TokenKeeperNeeds) {
    this.#needs = needs
  }

  /** The token to send; rejects with a ProxyFailure when there is none. */
  token(): string | Promise<string> {
    const login = this.#login
    return login !== null && this.#lasts(login) ? login.accessToken : this.#inTurn(null)
  }

  /** A token in place of one that was turned down; rejects with a ProxyFailure when there is none. */
  renew(refused: Refused): Promise<string> {
    return this.#inTurn(refused)
  }

  /** The failure to report when new tokens are turned down as well. */
  giveUp({ status }: Challenge): ProxyFailure {
    const { server } = this.#needs
    if (status === 403) return unauthorized('the server wants more rights than it was given')
    const remedy = needsPerson(server) ? `: run \`${loginCommand(server)}\`` : ''
    return this.#lost(`the server does not take the token that was given for it${remedy}`)
  }

  #inTurn(refused: Refused | null): Promise<string> {
    const turn = this.#last.then(() => this.#next(refused))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #next(refused: Refused | null): Promise<string> {
    const login = await this.#kept()
    if (login !== null && login.accessToken !== refused?.token && this.#lasts(login)) {
      return this.#take(login)
    }
    if (login !== null && refused?.challenge.status === 403) {
      return this.#stepUp(login, refused.challenge)
    }
    return this.#take(await this.#sparingly(() => this.#renewed(login)))
  }

  async #renewed(login: Login | null): Promise<Login> {
    const { server, now } = this.#needs
    if (!needsPerson(server))
      return this.#keep(await clientToken(this.#needs, login, undefined), login)
    const command = `run \`${loginCommand(server)}\``
    if (login === null) throw this.#lost(`nobody has logged in: ${command}`)
    if (login.refreshToken === undefined) throw this.#lost(`the login has run out: ${command}`)
    const refreshed = await refresh(server, login, login.refreshToken, now)
    switch (refreshed.kind) {
      case 'renewed':
        return this.#keep(refreshed.login, login)
      case 'moved':
        throw this.#lost(`the server has another authorization server now: ${command}`)
      case 'ended':
        return this.#newerThan(login, () => this.#forget(`the login has ended: ${command}`))
    }
  }

  /** More rights: a client asks for them by itself, a person has to grant them. */
  async #stepUp(login: Login, { scope }: Challenge): Promise<string> {
    const { server, logins } = this.#needs
    if (scope === undefined) throw unauthorized('the server wants more rights than were granted')
    if (server.auth.scopes !== undefined)
      throw unauthorized(`the server wants more rights (${scope}) than auth.scopes names`)
    if (needsPerson(server)) {
      const wanted = computeScopeUnion(login.wanted, scope) ?? scope
      if (wanted !== login.wanted && wanted.length <= mostWanted) {
        await logins.write(server.namespace, server.name, { ...login, wanted })
      }
      const command = loginCommand(server)
      throw unauthorized(`the server wants more rights (${scope}): run \`${command}\``)
    }
    const union = computeScopeUnion(login.scope, scope) ?? scope
    if (!isStrictScopeSuperset(union, login.scope) || union.length > mostWanted) {
      throw unauthorized(`the server wants rights (${scope}) that it was asked for already`)
    }
    const stronger = await this.#sparingly(() => clientToken(this.#needs, login, scope))
    return this.#take(await this.#keep(stronger, login))
  }

  async #kept(): Promise<Login | null> {
    const { server, logins } = this.#needs
    const login = await logins.read(server.namespace, server.name)
    return login !== null && isFor(login, server) ? login : null
  }

  /** A login that a person made in the meantime stands. */
  async #keep(login: Login, before: Login | null): Promise<Login> {
    return this.#newerThan(before, async () => {
      const { server, logins } = this.#needs
      await logins.write(server.namespace, server.name, login)
      return login
    })
  }

  async #newerThan(before: Login | null, otherwise: () => Promise<Login>): Promise<Login> {
    const current = await this.#kept()
    const isNew = current !== null && current.accessToken !== before?.accessToken
    return isNew ? current : otherwise()
  }

  async #forget(why: string): Promise<never> {
    const { server, logins } = this.#needs
    await logins.remove(server.namespace, server.name)
    throw this.#lost(why)
  }

  /** An authorization server that failed a moment ago would fail again. */
  async #sparingly<T>(ask: () => Promise<T>): Promise<T> {
    const { now } = this.#needs
    if (this.#failure !== null && now() < this.#failure.until) throw this.#failure.error
    try {
      const answer = await ask()
      this.#failure = null
      return answer
    } catch (error) {
      this.#failure = { until: now() + pauseMs, error }
      throw error
    }
  }

  #take(login: Login): string {
    this.#login = login
    return login.accessToken
  }

  #lost(why: string): ProxyFailure {
    this.#login = null
    this.#needs.onLost(why)
    return unauthorized(why)
  }

  #lasts({ expiresAt }: Login): boolean {
    return expiresAt === undefined || this.#needs.now() < expiresAt - marginMs
  }
}

function unauthorized(why: string): ProxyFailure {
  return new ProxyFailure('unauthorized', why)
}
