import type { Directory } from '../../schemas/directory.ts'
import { personOf } from '../approvals/person.ts'

/** Who wants to lift, or to halt: the User that he is in each namespace, and whether by token or role he runs this. */
export interface Asker {
  readonly userIn: (namespace: string) => string
  readonly isAdmin: boolean
}

/** Whether the one who asks may lift, as whom, and whether somebody else has to confirm. */
export type Right =
  | {
      readonly may: true
      readonly user: string
      readonly person: string
      readonly needsOther: boolean
      readonly mayStill: (person: string) => boolean
    }
  | { readonly may: false; readonly why: 'not_an_owner' | 'nobody' | 'no_common_owner' }

/**
 * Who may lift a halt of a namespace, or of all of them (null): owners of every namespace concerned that has owners.
 * Where nobody is an owner, the admin token may; where one person is the only one who may, alone.
 */
export function rightToLift(
  directories: readonly Directory[],
  namespace: string | null,
  { userIn, isAdmin }: Asker,
): Right {
  const concerned = concernedBy(directories, namespace)
  const everybody = commonOwners(concerned)
  if (everybody === null) return isAdmin ? admin : { may: false, why: 'not_an_owner' }
  if (everybody.size === 0) return { may: false, why: 'no_common_owner' }
  const users = concerned.map(({ namespace }) => userIn(namespace))
  const [user = ''] = users
  if (user === '' && isAdmin) return { may: false, why: 'nobody' }
  if (!concerned.every(directory => isOwner(directory, userIn(directory.namespace)))) {
    return { may: false, why: 'not_an_owner' }
  }
  const person = personOf(user)
  const others = [...everybody].filter(name => name !== person)
  return {
    ...{ may: true, user, person, needsOther: others.length > 0 },
    mayStill: name => everybody.has(name),
  }
}

/** Whether the one who asks may halt alone: stopping is cheap, so the admin token may always. */
export function mayHalt(
  directories: readonly Directory[],
  namespace: string | null,
  { userIn, isAdmin }: Asker,
): boolean {
  const concerned = concernedBy(directories, namespace)
  const owns = concerned.every(directory => isOwner(directory, userIn(directory.namespace)))
  return isAdmin || (concerned.length > 0 && owns)
}

const admin: Right = {
  ...{ may: true, user: '', person: '', needsOther: false },
  mayStill: () => true,
}

/** Of the namespaces that a halt is of, those that have owners. */
function concernedBy(
  directories: readonly Directory[],
  namespace: string | null,
): readonly Directory[] {
  return directories.filter(
    directory =>
      (namespace === null || directory.namespace === namespace) && ownersOf(directory).length > 0,
  )
}

/** The people who are owners in each of them; null when there is none to be an owner of. */
function commonOwners(concerned: readonly Directory[]): ReadonlySet<string> | null {
  const [first, ...others] = concerned.map(directory => new Set(ownersOf(directory).map(personOf)))
  if (first === undefined) return null
  return new Set([...first].filter(person => others.every(people => people.has(person))))
}

function ownersOf({ users }: Directory): readonly string[] {
  return users.filter(({ spec }) => spec.roles?.includes('owner')).map(({ name }) => name)
}

function isOwner(directory: Directory, user: string): boolean {
  return user !== '' && ownersOf(directory).includes(user)
}
