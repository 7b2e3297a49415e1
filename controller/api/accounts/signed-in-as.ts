import { permissions } from '../../../schemas/account.ts'
import type { SignedInAs } from '../../../schemas/sign-in.ts'
import { rolePermissions } from '../../accounts/role-permissions.ts'
import type { Caller } from '../caller.ts'

/** Who calls, as a page shows it. */
export function signedInAs(caller: Caller): SignedInAs {
  const person = 'person' in caller ? caller.person : null
  const users = [...(person?.users ?? [])].map(([namespace, user]) => ({ namespace, user }))
  switch (caller.role) {
    case 'account': {
      const { account } = caller
      const allowed = [...rolePermissions[account.role]]
      return { name: account.displayName, account, permissions: allowed, users }
    }
    case 'admin':
      return { name: person?.name ?? 'admin token', permissions: [...permissions], users }
    default:
      return {
        name: person?.name ?? '',
        permissions: ['view_approvals', 'decide_approvals'],
        users,
      }
  }
}
