import Type from 'typebox'
import { Account, accountRoles, permissions } from './account.ts'
import { closed, type Frozen, instant, oneOf, text } from './field.ts'

const username = text('Name of the account.', 64)
const password = text('Its password.', 1024)
const secret = text('What the link holds behind the `#`.', 128)

/** What somebody signs in with. */
export const Credentials = closed({ username, password }, 'Name and password.')

/** What a program signs in with from now on. Names are those of OAuth 2.0 (RFC 6749). */
export const ProgramTokens = closed(
  {
    access_token: text('Bearer token.', 128),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ minimum: 1, description: 'Seconds.' }),
    refresh_token: text('Gets the next tokens, once.', 128),
  },
  'Tokens of a program.',
)

/** How a program gets its next tokens. */
export const Refresh = closed({ refresh_token: text('The newest one.', 128) }, 'A refresh token.')

/** Who is signed in. */
export const SignedInAs = closed(
  {
    name: text('Name shown to people.', 256),
    account: Type.Optional(Account),
    permissions: Type.Array(oneOf(permissions, 'What the API opens.'), {
      description: 'What the caller may use.',
    }),
    users: Type.Array(
      closed({ namespace: text('Namespace.', 253), user: text('User.', 253) }, 'A User.'),
      { description: 'Whom the policies in force know the caller as.' },
    ),
    csrfToken: Type.Optional(
      text('For the header x-csrf-token of everything that a page of this browser changes.', 128),
    ),
  },
  'Who calls.',
)
export type SignedInAs = Frozen<Type.Static<typeof SignedInAs>>

/** A link, as it is looked at. */
export const LinkSecret = closed({ secret }, 'A link.')

/** What a link asks for. */
export const LinkView = closed(
  {
    for: oneOf(['first', 'invitation', 'password'], 'An account that is made, or a new password.'),
    role: oneOf(accountRoles, 'Role of the account.'),
    username: Type.Union([username, Type.Null()], { description: 'Whose password it sets.' }),
    expiresAt: instant('Until when it is good.'),
  },
  'What a link is for.',
)

/** A link that is used up. */
export const LinkFilled = closed(
  {
    secret,
    username: Type.Optional(text('Name to sign in with.', 64)),
    displayName: Type.Optional(text('Name shown to people.', 256)),
    password,
  },
  'A link and what it asks for.',
)

/** Whom to invite. */
export const Invitation = closed({ role: oneOf(accountRoles, 'What it may do.') }, 'An invitation.')

/** A link that was made. */
export const MadeLink = closed(
  {
    secret: text('For the address `/#/join/SECRET` of the console; shown this once.', 128),
    expiresAt: instant('Until when it is good.'),
  },
  'A link.',
)

/** What is changed about an account. */
export const AccountPatch = closed(
  {
    displayName: Type.Optional(text('Name shown to people.', 256)),
    role: Type.Optional(oneOf(accountRoles, 'What it may do.')),
    disabled: Type.Optional(Type.Boolean({ description: 'Whether it cannot sign in.' })),
  },
  'What changes; the rest stays.',
)

/** A new password of one's own. */
export const PasswordChange = closed(
  { password, newPassword: text('The new one.', 1024) },
  'The password and the next one.',
)

/** A session of one's own. */
export const AccountSession = closed(
  {
    id: text('Id.', 64),
    kind: oneOf(['browser', 'access', 'refresh'], 'A browser, or a program.'),
    createdAt: instant('Since when.'),
    seenAt: instant('When it was used last, to five minutes.'),
    address: Type.String({ description: 'From where it was opened.' }),
    userAgent: Type.String({ description: 'What was said to have opened it.' }),
    current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
  },
  'A session.',
)
