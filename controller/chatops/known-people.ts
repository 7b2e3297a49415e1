import type { Directory } from '../../schemas/directory.ts'

/** Who an account is: the User of each namespace that knows it. */
export type KnownPeople = ReadonlyMap<string, string>

/**
 * Who is behind a GitHub account by what is in force: by its number alone, for a login can be given up and
 * taken by somebody else. Of two Users of a namespace with one number it is not clear who is meant.
 */
export function knownPeople(
  directories: readonly Directory[],
  accountId: number,
): KnownPeople | 'unknown_person' | 'ambiguous_person' {
  const people = new Map<string, string>()
  for (const { namespace, users } of directories) {
    const [first, second] = users.filter(({ spec }) => spec.identities?.github?.id === accountId)
    if (second !== undefined) return 'ambiguous_person'
    if (first !== undefined) people.set(namespace, first.name)
  }
  return people.size === 0 ? 'unknown_person' : people
}
