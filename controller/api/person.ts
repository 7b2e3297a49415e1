import type { Directory } from '../../schemas/directory.ts'

/** A person, as the API knows one. */
export interface Person {
  /** What was verified, for the record; never a secret. */
  readonly identity: string
  /** Name of the User where it is written. */
  readonly name: string
  readonly email: string | null
  /** The User that this person is, by namespace. */
  readonly users: ReadonlyMap<string, string>
}

/** The people of the directories in force. */
export interface People {
  /** Who holds the key with this SHA-256 in hex, or null when nobody does or the key has expired. */
  byKey(sha256: string): Person | null
  /** Whom an account stands for: the Users that name it, and the one that the installation says. */
  byAccount(account: AccountName): Person
  /** Whom the admin token stands for, or null. */
  operator(): Person | null
}

/** An account, as policies name it. */
interface AccountName {
  readonly username: string
  /** At the identity provider, when it signs in there. */
  readonly subject?: string
  /** Name of the User whom it stands for besides. */
  readonly user?: string
}

interface PeopleNeeds {
  readonly directories: {
    all(): readonly Directory[]
    subscribe(listener: () => void): () => void
  }
  /** Name of the User whom the admin token stands for, wherever there is one. */
  readonly operator?: string | undefined
  readonly now: () => number
}

/** Knows people by the hashes of their keys, as the directories in force say. */
export function knownPeople({ directories, operator, now }: PeopleNeeds): People {
  let holders: ReadonlyMap<string, readonly Holder[]> | null = null
  directories.subscribe(() => {
    holders = null
  })
  return {
    byKey(sha256) {
      holders ??= Map.groupBy(directories.all().flatMap(holdersIn), held => held.sha256)
      const valid = (holders.get(sha256) ?? []).filter(({ until }) => now() < until)
      return personOf(valid)
    },
    byAccount(account) {
      const identity = `account ${account.username}`
      return personBehind(account, identity, directories.all())
    },
    operator() {
      if (operator === undefined) return null
      const known = directories.all().flatMap(({ namespace, users }) => {
        const user = users.find(({ name }) => name === operator)
        return user ? [{ namespace, email: user.spec.email ?? null }] : []
      })
      return {
        identity: 'admin token',
        name: operator,
        email: known[0]?.email ?? null,
        users: new Map(known.map(({ namespace }) => [namespace, operator])),
      }
    },
  }
}

/** An account that two Users of one namespace name tells nobody who is there. */
function personBehind(
  { username, subject, user }: AccountName,
  identity: string,
  directories: readonly Directory[],
): Person {
  const known = directories.flatMap(({ namespace, users }) => {
    const named = users.filter(
      ({ name, spec: { identities } }) =>
        name === user ||
        identities?.account?.toLowerCase() === username ||
        (subject !== undefined && identities?.oidc === subject),
    )
    const [one, other] = named
    return one !== undefined && other === undefined ? [{ namespace, ...one }] : []
  })
  const home = known.find(({ name }) => !name.includes('/')) ?? known[0]
  return {
    identity,
    name: home?.name ?? username,
    email: home?.spec.email ?? null,
    users: new Map(known.map(({ namespace, name }) => [namespace, name])),
  }
}

/** A key as one namespace knows it. */
interface Holder {
  readonly sha256: string
  readonly namespace: string
  readonly user: string
  readonly key: string
  readonly email: string | null
  readonly until: number
}

function holdersIn({ namespace, users }: Directory): readonly Holder[] {
  return users.flatMap(({ name: user, spec }) =>
    (spec.apiKeys ?? []).map(({ name: key, sha256, expires }) => ({
      ...{ sha256, namespace, user, key },
      email: spec.email ?? null,
      until: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
    })),
  )
}

/** A key that two Users of one namespace hold tells nobody who is there. */
function personOf(held: readonly Holder[]): Person | null {
  const byNamespace = Map.groupBy(held, ({ namespace }) => namespace)
  const clear = [...byNamespace.values()].flatMap(([one, other]) =>
    one !== undefined && other === undefined ? [one] : [],
  )
  const home = clear.find(({ user }) => !user.includes('/')) ?? clear[0]
  return home === undefined
    ? null
    : {
        identity: `key ${home.key} of ${home.namespace}/${home.user}`,
        name: home.user,
        email: home.email,
        users: new Map(clear.map(({ namespace, user }) => [namespace, user])),
      }
}
