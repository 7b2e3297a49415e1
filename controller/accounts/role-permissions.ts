import { type AccountRole, type Permission, permissions } from '../../schemas/account.ts'

const viewer: readonly Permission[] = ['view_status', 'view_policies', 'view_approvals']
const analyst: readonly Permission[] = [...viewer, 'view_sessions', 'view_cost', 'view_audit']
const executor: readonly Permission[] = [...viewer, 'view_sessions', 'decide_approvals']
const editor: readonly Permission[] = [...executor, 'view_cost', 'propose_policies']
const admin: readonly Permission[] = permissions.filter(name => name !== 'apply_overrides')

/**
 * What each role opens. Whether somebody may decide a question, end an override or lift a halt is for the policies in force
 * to say: a role opens the door to asking.
 */
export const rolePermissions: { readonly [Role in AccountRole]: ReadonlySet<Permission> } = {
  owner: new Set(permissions),
  admin: new Set(admin),
  editor: new Set(editor),
  executor: new Set(executor),
  analyst: new Set(analyst),
  viewer: new Set(viewer),
}
