import type { Directory } from '../../../schemas/directory.ts'

/** Who a person is whom the API server knows by this name: a User of the namespace, or empty when it is nobody or not clear. */
export function userOf(directory: Directory | null, username: string): string {
  if (isProgram(username)) return ''
  const named = (directory?.users ?? []).filter(({ spec }) =>
    spec.identities?.kubernetes?.includes(username),
  )
  const [first, second] = named
  return first !== undefined && second === undefined ? first.name : ''
}

/** Names of service accounts, nodes and parts of Kubernetes itself. */
function isProgram(username: string): boolean {
  return username.startsWith('system:') && username !== 'system:admin'
}
