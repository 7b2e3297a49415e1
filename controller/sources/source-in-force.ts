import type { Directory } from '../../schemas/directory.ts'
import type { PolicySourceSpec } from '../../schemas/policy-source.ts'
import { placeOf } from '../git/remote-url.ts'
import { isOpenPgpKey, type Signer, sshKeyOf } from '../git/signers.ts'

/** A PolicySource that is in force. */
export interface SourceInForce {
  readonly namespace: string
  readonly name: string
  readonly spec: PolicySourceSpec
}

/** What identifies a source: where it is, and which branch. */
interface SourcePlace {
  readonly url: string
  readonly branch: string
}

/** Branch of a source that names none. */
export const presetBranch = 'main'

/**
 * The PolicySource in force that is about a repository and a branch, whatever way the address is written; the
 * first by namespace and name when several are, or null. What is only proposed is in no directory.
 */
export function sourceInForce(
  directories: readonly Directory[],
  { url, branch }: SourcePlace,
): SourceInForce | null {
  const place = placeOf(url)
  const all = directories.flatMap(({ namespace, sources = [] }) =>
    sources.map(({ name, spec }) => ({ namespace, name, spec })),
  )
  const found = all
    .filter(({ spec }) => (spec.branch ?? presetBranch) === branch && placeOf(spec.url) === place)
    .sort((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
  return place === null ? null : (found[0] ?? null)
}

/** Everybody whose signature counts: the signers of the source, and the people in force with their signingKeys; of one namespace, or of all. */
export function signersInForce(
  directories: readonly Directory[],
  source: SourceInForce | null,
  namespace?: string,
): readonly Signer[] {
  const people = directories
    .filter(directory => namespace === undefined || directory.namespace === namespace)
    .flatMap(directory =>
      directory.users.flatMap(({ name, spec }) =>
        (spec.identities?.signingKeys ?? []).map(key => ({
          name: `${directory.namespace}/${name}`,
          key,
        })),
      ),
    )
  const machines = (source?.spec.signatures?.signers ?? []).map((key, i) => ({
    name: `signer ${i + 1} of ${source?.name}`,
    key,
  }))
  return [...machines, ...people].filter(({ key }) => sshKeyOf(key) !== null || isOpenPgpKey(key))
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
