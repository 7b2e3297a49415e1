import type { Directory } from '../../schemas/directory.ts'
import { homeOf } from '../channels/channel.ts'
import { originOf } from '../github/watched.ts'
import { forgePlaces } from './forge-places.ts'

/** Who an account is: the User of each namespace that knows it. */
export type KnownPeople = ReadonlyMap<string, string>

/** An account at a forge. */
export interface AccountAt {
  readonly id: number
  /** Address of the API of the forge. */
  readonly origin: string
}

/**
 * Who is behind an account by what is in force: by its number alone, for a login can be given up and taken by
 * somebody else. Of two Users with one number it is not clear who is meant, in that namespace. A forge vouches for
 * the Users of namespaces that name it themselves, GitHub for those that name none: who may write a channel
 * elsewhere could otherwise name a forge that says whatever is wanted.
 */
export function knownPeople(
  directories: readonly Directory[],
  account: AccountAt,
): KnownPeople | 'unknown_person' | 'ambiguous_person' {
  const vouches = vouching(directories, account.origin)
  const people = new Map<string, string>()
  let ambiguous = false
  for (const { namespace, users } of directories) {
    const [first, second] = users.filter(({ spec }) => spec.identities?.github?.id === account.id)
    if (first === undefined || !vouches(homeOf(namespace, first.name).namespace)) continue
    if (second === undefined) people.set(namespace, first.name)
    else ambiguous = true
  }
  if (people.size > 0) return people
  return ambiguous ? 'ambiguous_person' : 'unknown_person'
}

/** Whether a forge says who people of a namespace are. */
function vouching(directories: readonly Directory[], origin: string) {
  const named = Map.groupBy(forgePlaces(directories), ({ namespace }) => namespace)
  return (namespace: string) =>
    (named.get(namespace) ?? [{ origin: originOf({}) }]).some(place => place.origin === origin)
}
