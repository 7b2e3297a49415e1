import Type from 'typebox'
import { Account } from '../../../schemas/account.ts'
import { closed } from '../../../schemas/field.ts'
import { AccountPatch, Invitation, MadeLink } from '../../../schemas/sign-in.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Links } from '../../accounts/links.ts'
import type { Sessions } from '../../accounts/sessions.ts'
import { type Caller, identityOf } from '../caller.ts'
import { declare } from '../declare.ts'
import { RequestFailure } from '../problem-answer.ts'
import type { Route } from '../route.ts'
import { madeLink } from './made-link.ts'
import { tellAccountFailure } from './tell-account-failure.ts'

export interface AccountRoutesNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly links: Links
}

const path = '/api/v1/accounts'
const may = { roles: ['admin'], permission: 'manage_accounts' } as const
const AccountId = closed(
  { id: Type.String({ pattern: '^acc-[0-9a-z]{16}$', description: 'Id of the account.' }) },
  'Path.',
)
const AllAccounts = closed(
  { accounts: Type.Array(Account, { description: 'By name.' }) },
  'Accounts.',
)

/** Accounts, as those see and change them who manage them. */
export function accountRoutes(needs: AccountRoutesNeeds): readonly Route[] {
  return [listRoute(needs), inviteRoute(needs), passwordLinkRoute(needs), changeRoute(needs)]
}

function listRoute({ accounts }: AccountRoutesNeeds): Route {
  return declare({
    ...may,
    method: 'get',
    path,
    summary: 'Everybody who can sign in, or could.',
    answers: { 200: { description: 'Accounts.', schema: AllAccounts } },
    handle: async (_asked, response) => {
      response.json({ accounts: await accounts.list() })
    },
  })
}

function inviteRoute({ links }: AccountRoutesNeeds): Route {
  return declare({
    ...may,
    method: 'post',
    path: `${path}/invitations`,
    summary:
      'Makes a link by which somebody makes an account of their own; only owners make owners.',
    body: { schema: Invitation, mostBytes: 4096 },
    answers: { 201: { description: 'The link.', schema: MadeLink } },
    handle: async ({ body: { role }, caller }, response) => {
      expectPower(caller, role)
      const by = identityOf(caller)
      response.status(201).json(await madeLink(links, { for: 'invitation', role }, by))
    },
  })
}

function passwordLinkRoute({ accounts, links }: AccountRoutesNeeds): Route {
  return declare({
    ...may,
    method: 'post',
    path: `${path}/:id/password-link`,
    summary: 'Makes a link by which somebody sets a new password; only owners make one.',
    params: AccountId,
    answers: { 201: { description: 'The link.', schema: MadeLink } },
    handle: async ({ params: { id }, caller }, response) => {
      // Whoever has the link can sign in as that person, and answer as that person.
      expectPower(caller, 'owner')
      if ((await accounts.get(id)) === null) throw unknownAccount()
      const by = identityOf(caller)
      response.status(201).json(await madeLink(links, { for: 'password', account: id }, by))
    },
  })
}

function changeRoute({ accounts, sessions }: AccountRoutesNeeds): Route {
  return declare({
    ...may,
    method: 'put',
    path: `${path}/:id`,
    summary: 'Changes an account; one that is disabled is signed out at once.',
    params: AccountId,
    body: { schema: AccountPatch, mostBytes: 4096 },
    answers: { 200: { description: 'The account.', schema: Account } },
    handle: async ({ params: { id }, body, caller }, response) => {
      const account = await accounts.get(id)
      if (account === null) throw unknownAccount()
      expectPower(caller, account.role)
      if (body.role !== undefined) expectPower(caller, body.role)
      const changed = await accounts.change(id, body).catch(tellAccountFailure)
      if (body.disabled === true) await sessions.endAll(id)
      response.json(changed)
    },
  })
}

/** Nobody makes, changes or becomes somebody who may do more. */
function expectPower(caller: Caller, role: Account['role']): void {
  if (role !== 'owner' || caller.role === 'admin') return
  if (caller.role === 'account' && caller.account.role === 'owner') return
  throw new RequestFailure(403, 'Only owners do that.', 'not_an_owner')
}

function unknownAccount(): RequestFailure {
  return new RequestFailure(404, 'There is no such account.', 'unknown_account')
}
