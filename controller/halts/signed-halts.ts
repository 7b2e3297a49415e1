import type { HaltList } from '../../schemas/halt.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { StoredHalts } from './stored-halts.ts'

export interface SignedHaltsNeeds {
  readonly halts: Pick<StoredHalts, 'standing'>
  readonly key: SigningKey
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** How old a list may be that is told again, ms: proxies are told apart by their namespaces, and there may be many. */
const freshMs = 1000

/** What is halted in a namespace, or in all of them (null), signed as releases are; many proxies get the same text. */
export function signedHalts({
  halts,
  key,
  now,
}: SignedHaltsNeeds): (namespace: string | null) => HaltList {
  const lists = new Map<string | null, { readonly list: HaltList; readonly at: number }>()
  return namespace => {
    const { sequence, halts: standing } = halts.standing()
    const at = now()
    const known = lists.get(namespace)
    const isFresh = known !== undefined && at - known.at < freshMs && at >= known.at
    if (isFresh && known.list.sequence === sequence) return known.list
    const own = standing.filter(
      halt => namespace === null || halt.namespace === undefined || halt.namespace === namespace,
    )
    const list = key.signed({
      format: 'writ.dev/halts/v1' as const,
      ...(namespace !== null && { namespace }),
      sequence,
      publishedAt: new Date(at).toISOString(),
      halts: own,
    })
    lists.set(namespace, { list, at })
    return list
  }
}
