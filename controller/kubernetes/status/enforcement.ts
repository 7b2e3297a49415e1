import type { LoggedRelease, ReleaseLog } from './release-log.ts'

/** A proxy that counts, as far as it matters to how many enforce something. */
export interface CountedProxy {
  /** The only namespace that it enforces; null when it enforces all of them. */
  readonly namespace: string | null
  /** Whether it was heard of within its lease. */
  readonly isHeard: boolean
  /** Digest of the table in force by namespace. */
  readonly enforced: Readonly<Record<string, string>>
}

/** A version of an object, and where it has to be in force. */
export interface EnforcedVersion {
  readonly path: string
  readonly commit: string
  /** Number of the release in which the version came into force; 0 when that is not known. */
  readonly since: number
  /** The namespace whose table holds it; null when those of all namespaces do. */
  readonly namespace: string | null
}

/** How many proxies enforce a version, of how many that should. */
export interface Enforcement {
  readonly enforcing: number
  readonly proxies: number
}

/** Counts the proxies that a version concerns. */
export function enforcementOf(
  version: EnforcedVersion,
  proxies: readonly CountedProxy[],
  log: Pick<ReleaseLog, 'of' | 'namespaces'>,
): Enforcement {
  const { namespace } = version
  const concerned = proxies.filter(
    proxy => namespace === null || proxy.namespace === null || proxy.namespace === namespace,
  )
  const enforcing = concerned.filter(proxy => proxy.isHeard && enforces(proxy, version, log))
  return { enforcing: enforcing.length, proxies: concerned.length }
}

/** A proxy without a table of a namespace that has one allows nothing there, and yet has not taken it. */
function enforces(
  { namespace: only, enforced }: CountedProxy,
  version: EnforcedVersion,
  log: Pick<ReleaseLog, 'of' | 'namespaces'>,
): boolean {
  const namespaces = version.namespace === null ? log.namespaces() : [version.namespace]
  return namespaces
    .filter(namespace => only === null || namespace === only)
    .every(namespace => {
      const release = log.of(namespace, enforced[namespace] ?? '')
      return release !== null && holds(release, version)
    })
}

/** Whether a table holds the version. What is written for all namespaces cannot be tighter than nothing. */
function holds(
  release: LoggedRelease,
  { path, commit, since, namespace }: EnforcedVersion,
): boolean {
  if (namespace === null && release.isEmpty) return true
  const isLater = namespace === null || release.sequence >= since
  return isLater && release.files?.get(path) === commit
}
