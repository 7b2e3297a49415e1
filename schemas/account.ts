import Type from 'typebox'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'

/** What an account may be, the most powerful first. */
export const accountRoles = ['owner', 'admin', 'editor', 'executor', 'analyst', 'viewer'] as const
export type AccountRole = (typeof accountRoles)[number]

/** What the API lets somebody do; every route that needs a caller names one. */
export const permissions = [
  'view_status',
  'view_policies',
  'view_approvals',
  'view_sessions',
  'view_cost',
  'view_audit',
  'decide_approvals',
  'propose_policies',
  'manage_tokens',
  'apply_overrides',
  'halt_calls',
  'manage_accounts',
] as const
export type Permission = (typeof permissions)[number]

/** Somebody who signs in. The password is nowhere but as a hash in the store. */
export const Account = closed(
  {
    id: text('Id.', 64),
    username: text('Name to sign in with, lower case.', 64),
    displayName: text('Name shown to people.', 256),
    role: oneOf(accountRoles, 'What it may do in the console and the API.'),
    user: Type.Optional(
      text(
        'The User whom it stands for besides those that name it: who runs this installation.',
        253,
      ),
    ),
    signsInBy: oneOf(['password', 'oidc'], 'How it signs in.'),
    createdAt: instant('When it was made.'),
    disabledAt: Type.Optional(instant('Since when it cannot sign in.')),
  },
  'An account.',
)
export type Account = Frozen<Type.Static<typeof Account>>
