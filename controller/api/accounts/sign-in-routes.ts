import type { Response } from 'express'
import type Type from 'typebox'
import type { Account } from '../../../schemas/account.ts'
import { Credentials, ProgramTokens, Refresh, SignedInAs } from '../../../schemas/sign-in.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import {
  csrfTokenOf,
  type ProgramTokens as Issued,
  type Sessions,
} from '../../accounts/sessions.ts'
import { type AttemptLimit, remoteKey } from '../attempt-limit.ts'
import { declare } from '../declare.ts'
import { RequestFailure } from '../problem-answer.ts'
import { ProblemDetails } from '../problem-details.ts'
import type { Route } from '../route.ts'
import { clearCookie, setCookie } from './cookie.ts'
import { signedInAs } from './signed-in-as.ts'
import { tellAccountFailure } from './tell-account-failure.ts'

export interface SignInRoutesNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  /** Passwords that may be tried, by where somebody comes from and by name. */
  readonly limit: AttemptLimit
  /** Whether people come by HTTPS. */
  readonly secure: boolean
  /** Told of everybody who signs in or tries in vain. */
  readonly noted: (what: SignInNote) => void
}

/** Something that happened at the door. */
interface SignInNote {
  readonly event: 'signed_in' | 'sign_in_refused' | 'signed_out'
  readonly username: string
  readonly address: string
}

const Done = { description: 'Done.' }

/** Signing in and out. */
export function signInRoutes(needs: SignInRoutesNeeds): readonly Route[] {
  return [
    tokenRoute(needs),
    refreshRoute(needs),
    openRoute(needs),
    whoRoute(),
    closeRoute(needs),
    registerRoute(),
  ]
}

function tokenRoute(needs: SignInRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/token',
    roles: 'everyone',
    summary: 'Signs a program in with the name and the password of an account.',
    body: { schema: Credentials, mostBytes: 8192 },
    answers: { 200: { description: 'Tokens.', schema: ProgramTokens } },
    handle: async ({ body, remote, userAgent = '' }, response) => {
      const address = remoteKey(remote)
      const account = await admitted(needs, body, address)
      const from = { address, userAgent }
      response.json(tokensAnswer(await needs.sessions.openForProgram(account.id, from)))
    },
  })
}

function refreshRoute({ sessions }: SignInRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/refresh',
    roles: 'everyone',
    summary: 'The next tokens of a program; a refresh token that comes twice ends its session.',
    body: { schema: Refresh, mostBytes: 4096 },
    answers: { 200: { description: 'Tokens.', schema: ProgramTokens } },
    handle: async ({ body, remote, userAgent = '' }, response) => {
      const from = { address: remoteKey(remote), userAgent }
      const next = await sessions.refresh(body.refresh_token, from)
      if (next === null) {
        throw new RequestFailure(401, 'This refresh token is not good; sign in again.')
      }
      response.json(tokensAnswer(next))
    },
  })
}

function openRoute(needs: SignInRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/session',
    roles: 'everyone',
    summary: 'Signs a browser in with a cookie.',
    body: { schema: Credentials, mostBytes: 8192 },
    answers: { 204: { description: 'It is signed in; GET says as whom.' } },
    handle: async ({ body, remote, userAgent = '' }, response) => {
      const address = remoteKey(remote)
      const account = await admitted(needs, body, address)
      await signIn(needs, account, { address, userAgent }, response)
      response.status(204).end()
    },
  })
}

/** Signs a browser in as an account. */
export async function signIn(
  { sessions, secure }: Pick<SignInRoutesNeeds, 'sessions' | 'secure'>,
  account: Account,
  from: { readonly address: string; readonly userAgent: string },
  response: Response,
): Promise<void> {
  setCookie(response, await sessions.open(account.id, from), secure)
}

function whoRoute(): Route {
  return declare({
    method: 'get',
    path: '/api/v1/auth/session',
    roles: ['admin', 'person', 'account'],
    summary: 'Who calls, and what the API opens.',
    answers: { 200: { description: 'Who calls.', schema: SignedInAs } },
    handle: ({ caller, cookie }, response) => {
      const csrfToken = cookie === null ? {} : { csrfToken: csrfTokenOf(cookie) }
      response.json({ ...signedInAs(caller), ...csrfToken })
    },
  })
}

function closeRoute({ sessions, secure, noted }: SignInRoutesNeeds): Route {
  return declare({
    method: 'delete',
    path: '/api/v1/auth/session',
    roles: ['account'],
    summary: 'Signs out.',
    answers: { 204: Done },
    handle: async ({ caller, remote }, response) => {
      if (caller.role === 'account') {
        const { account, signedIn } = caller
        await sessions.end(account.id, signedIn.session)
        noted({ event: 'signed_out', username: account.username, address: remoteKey(remote) })
      }
      clearCookie(response, secure)
      response.status(204).end()
    },
  })
}

function registerRoute(): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/register',
    roles: 'everyone',
    summary: 'Nobody registers by themselves: accounts are made by invitation.',
    answers: {
      403: { description: 'Always.', schema: ProblemDetails, type: 'application/problem+json' },
    },
    handle: () => {
      throw new RequestFailure(
        403,
        'Accounts are made by invitation; ask somebody who is owner or admin.',
        'registration_off',
      )
    },
  })
}

async function admitted(
  { accounts, limit, noted }: SignInRoutesNeeds,
  { username, password }: Type.Static<typeof Credentials>,
  address: string,
): Promise<Account> {
  const wait = limit.take(`${address} ${username.toLowerCase()}`)
  if (wait > 0) {
    throw new RequestFailure(429, `Too many attempts; try again in ${wait} s.`, 'too_many', wait)
  }
  const account = await accounts.withPassword(username, password).catch(tellAccountFailure)
  noted({ event: account === null ? 'sign_in_refused' : 'signed_in', username, address })
  if (account !== null) return account
  throw new RequestFailure(401, 'Name and password do not fit.', 'not_signed_in')
}

function tokensAnswer({ accessToken, expiresIn, refreshToken }: Issued) {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshToken,
  }
}
