import Type from 'typebox'
import { closed } from '../../../schemas/field.ts'
import { AccountSession, PasswordChange } from '../../../schemas/sign-in.ts'
import { remoteKey } from '../attempt-limit.ts'
import type { Caller } from '../caller.ts'
import { declare } from '../declare.ts'
import { RequestFailure } from '../problem-answer.ts'
import type { Route } from '../route.ts'
import type { SignInRoutesNeeds } from './sign-in-routes.ts'
import { tellAccountFailure } from './tell-account-failure.ts'

const SessionId = closed(
  { id: Type.String({ pattern: '^ses-[0-9a-z]{16}$', description: 'Id of the session.' }) },
  'Path.',
)
const AllSessions = closed(
  { sessions: Type.Array(AccountSession, { description: 'Last used first.' }) },
  'Sessions.',
)

/** What everybody who is signed in does with an account and sessions of their own. */
export function ownRoutes(needs: SignInRoutesNeeds): readonly Route[] {
  return [passwordRoute(needs), sessionsRoute(needs), endRoute(needs)]
}

function passwordRoute({ accounts, sessions, limit }: SignInRoutesNeeds): Route {
  return declare({
    method: 'put',
    path: '/api/v1/auth/password',
    roles: ['account'],
    summary: 'Sets a new password, and signs out everywhere else.',
    body: { schema: PasswordChange, mostBytes: 8192 },
    answers: { 204: { description: 'It is set.' } },
    handle: async ({ body, caller, remote }, response) => {
      const { account, signedIn } = own(caller)
      const { username } = account
      const wait = limit.take(`${remoteKey(remote)} ${username}`)
      if (wait > 0) throw new RequestFailure(429, `Try again in ${wait} s.`, 'too_many', wait)
      const known = await accounts.withPassword(username, body.password).catch(tellAccountFailure)
      if (known === null) {
        throw new RequestFailure(403, 'That is not the password of now.', 'wrong_password')
      }
      const hash = await accounts.hashFor(username, body.newPassword).catch(tellAccountFailure)
      await accounts.setPassword(account.id, hash)
      await sessions.endAll(account.id, signedIn.session)
      response.status(204).end()
    },
  })
}

function sessionsRoute({ sessions }: SignInRoutesNeeds): Route {
  return declare({
    method: 'get',
    path: '/api/v1/auth/sessions',
    roles: ['account'],
    summary: 'Where one is signed in.',
    answers: { 200: { description: 'Sessions.', schema: AllSessions } },
    handle: async ({ caller }, response) => {
      const { account, signedIn } = own(caller)
      const all = await sessions.list(account.id)
      const current = signedIn.session
      response.json({ sessions: all.map(one => ({ ...one, current: one.id === current })) })
    },
  })
}

function endRoute({ sessions }: SignInRoutesNeeds): Route {
  return declare({
    method: 'delete',
    path: '/api/v1/auth/sessions/:id',
    roles: ['account'],
    summary: 'Signs out somewhere else.',
    params: SessionId,
    answers: { 204: { description: 'It has ended.' } },
    handle: async ({ params: { id }, caller }, response) => {
      await sessions.end(own(caller).account.id, id)
      response.status(204).end()
    },
  })
}

function own(caller: Caller) {
  if (caller.role === 'account') return caller
  throw new RequestFailure(403, 'Only who is signed in has one.')
}
