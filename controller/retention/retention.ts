/** For how long records are kept, ms. What has no time of its own is kept as all others are, and those for ever where nothing is said. */
export interface Retention {
  readonly others: number | null
  readonly namespaces: ReadonlyMap<string, number>
}

const dayMs = 86_400_000

/** Days for which the newest records are kept whatever is said: what was just done is never out of reach. */
const fewestDays = 1

/** The retention that words such as `90d` and `payments=30d` say; null where one is neither or says nothing new. */
export function retentionOf(words: readonly string[]): Retention | null {
  let others: number | null = null
  const namespaces = new Map<string, number>()
  for (const word of words) {
    const [, namespace, days] =
      /^(?:([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)=)?([1-9][0-9]{0,4})d$/.exec(word) ?? []
    const isTold = namespace === undefined ? others !== null : namespaces.has(namespace)
    if (days === undefined || isTold || Number(days) < fewestDays) return null
    if (namespace === undefined) others = Number(days) * dayMs
    else namespaces.set(namespace, Number(days) * dayMs)
  }
  return { others, namespaces }
}

/** Entries that may go: those of a namespace, or of all that have no time of their own, before an instant. */
export interface Expired {
  readonly namespace: string | null
  /** Namespaces that have a time of their own. */
  readonly told: readonly string[]
  /** Milliseconds since 1970, not included. */
  readonly before: number
}

/** What may go now. */
export function expiredBy({ others, namespaces }: Retention, now: number): readonly Expired[] {
  const told = [...namespaces.keys()]
  const own = [...namespaces].map(([namespace, ms]) => ({ namespace, told, before: now - ms }))
  return others === null ? own : [...own, { namespace: null, told, before: now - others }]
}

/** The instant before which everything may go, whoever's it is; null when something is kept for ever. */
export function allBefore({ others, namespaces }: Retention, now: number): number | null {
  return others === null ? null : now - Math.max(others, ...namespaces.values())
}
