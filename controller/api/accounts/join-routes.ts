import { Account } from '../../../schemas/account.ts'
import { LinkFilled, LinkSecret, LinkView, MadeLink } from '../../../schemas/sign-in.ts'
import type { Links } from '../../accounts/links.ts'
import { remoteKey } from '../attempt-limit.ts'
import { identityOf } from '../caller.ts'
import { declare } from '../declare.ts'
import { RequestFailure } from '../problem-answer.ts'
import type { Route } from '../route.ts'
import { madeLink } from './made-link.ts'
import { type SignInRoutesNeeds, signIn } from './sign-in-routes.ts'
import { tellAccountFailure } from './tell-account-failure.ts'

export interface JoinRoutesNeeds extends SignInRoutesNeeds {
  readonly links: Links
  /** The User whom the first account stands for. */
  readonly operator?: string | undefined
}

/** Links by which accounts begin: made for the first one, looked at, used up. */
export function joinRoutes(needs: JoinRoutesNeeds): readonly Route[] {
  return [firstRoute(needs), lookRoute(needs), useRoute(needs)]
}

function firstRoute({ accounts, links, operator }: JoinRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/links/first',
    roles: ['admin'],
    permission: 'manage_accounts',
    summary: 'Makes the link by which the first account is made, an owner; 409 when there is one.',
    answers: { 201: { description: 'The link.', schema: MadeLink } },
    handle: async ({ caller }, response) => {
      if (!(await accounts.areNone())) {
        throw new RequestFailure(409, 'There is an account already.', 'not_the_first')
      }
      const purpose = { for: 'first', user: operator ?? null } as const
      response.status(201).json(await madeLink(links, purpose, identityOf(caller)))
    },
  })
}

function lookRoute({ links }: JoinRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/links/look',
    roles: 'everyone',
    summary: 'What a link is for; looking does not use it up.',
    body: { schema: LinkSecret, mostBytes: 4096 },
    answers: { 200: { description: 'What it is for.', schema: LinkView } },
    handle: async ({ body }, response) => {
      const view = await links.look(body.secret)
      if (view === null) {
        throw new RequestFailure(410, 'This link is good for nothing any more.', 'link_unusable')
      }
      response.json(view)
    },
  })
}

function useRoute(needs: JoinRoutesNeeds): Route {
  return declare({
    method: 'post',
    path: '/api/v1/auth/links/use',
    roles: 'everyone',
    summary: 'Makes the account or sets the password that a link is for, and signs the browser in.',
    body: { schema: LinkFilled, mostBytes: 8192 },
    answers: { 201: { description: 'The account.', schema: Account } },
    handle: async ({ body, remote, userAgent = '' }, response) => {
      const { secret, username = '', displayName = username, password } = body
      const filled = { username, displayName, password }
      const account = await needs.links.use(secret, filled).catch(tellAccountFailure)
      await needs.sessions.endAll(account.id)
      await signIn(needs, account, { address: remoteKey(remote), userAgent }, response)
      response.status(201).json(account)
    },
  })
}
