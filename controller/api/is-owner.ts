import type { Directories } from '../publish/directories.ts'

/** Whether a User is an owner in a namespace, by what is in force. */
export type IsOwner = (namespace: string, user: string) => boolean

export function ownersIn(directories: Pick<Directories, 'of'>): IsOwner {
  return (namespace, name) =>
    (directories.of(namespace)?.users ?? []).some(
      user => user.name === name && user.spec.roles?.includes('owner'),
    )
}
