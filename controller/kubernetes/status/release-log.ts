import type { RuleTable } from '../../../schemas/rule-table.ts'
import type { TableRelease } from '../../../schemas/table-release.ts'
import { emptyTable } from '../../publish/empty-table.ts'
import type { Releases } from '../../publish/releases.ts'
import { generationIn } from '../reconcile/object-file.ts'

/** A release, and which versions of objects its table holds. */
export interface LoggedRelease {
  readonly sequence: number
  readonly digest: string
  /** Commits by path; null when the table is no longer kept, so that nobody knows. */
  readonly files: ReadonlyMap<string, string> | null
  /** Whether the table allows nothing at all, so that it is as tight as any. */
  readonly isEmpty: boolean
}

/** The last releases of every namespace, and what is in them. */
export interface ReleaseLog {
  /** Reads what is not known yet of releases; before that it is as if they were not there. */
  load(): Promise<void>
  /** The namespaces that have a release. */
  namespaces(): readonly string[]
  /** The release in force; null when there is none, or it was not loaded yet. */
  current(namespace: string): LoggedRelease | null
  /** The newest release of a table. */
  of(namespace: string, digest: string): LoggedRelease | null
  close(): void
}

export interface ReleaseLogNeeds {
  readonly releases: Pick<Releases, 'current' | 'history' | 'body' | 'subscribe'>
  /** Told of a namespace with a new release. */
  readonly onNews: (namespace: string) => void
}

/** Releases remembered of each namespace. */
const mostRemembered = 20

/** Releases that are looked at when the log is opened. */
const mostRead = 1000

/** Follows what is released from here on, and reads what was. */
export async function openReleaseLog({ releases, onNews }: ReleaseLogNeeds): Promise<ReleaseLog> {
  const byNamespace = new Map<string, readonly LoggedRelease[]>()
  const waiting = new Map<number, TableRelease>()
  const history = await releases.history(mostRead)
  const close = releases.subscribe(release => {
    waiting.set(release.sequence, release)
    onNews(release.namespace)
  })
  const past = [...history, ...releases.current()]
  for (const some of Map.groupBy(past, ({ namespace }) => namespace).values()) {
    for (const release of newest(some)) waiting.set(release.sequence, release)
  }

  const add = (namespace: string, release: LoggedRelease) => {
    const all = [...(byNamespace.get(namespace) ?? []), release]
    byNamespace.set(namespace, newest(all))
  }
  const isLoaded = (namespace: string) =>
    ![...waiting.values()].some(release => release.namespace === namespace)

  return {
    close,
    async load() {
      for (const [sequence, release] of waiting) {
        const { namespace, digest } = release
        const body = await releases.body(digest)
        const files = body === null ? null : filesOf(JSON.parse(body))
        const isEmpty = digest === emptyTable(namespace).digest
        add(namespace, { sequence, digest, files, isEmpty })
        waiting.delete(sequence)
      }
    },
    namespaces: () => [...byNamespace.keys()],
    current: namespace => (isLoaded(namespace) ? (byNamespace.get(namespace)?.[0] ?? null) : null),
    of: (namespace, digest) =>
      byNamespace.get(namespace)?.find(release => release.digest === digest) ?? null,
  }
}

/** The last ones, newest first, each once. */
function newest<R extends { readonly sequence: number }>(releases: readonly R[]): readonly R[] {
  const bySequence = new Map(releases.map(release => [release.sequence, release]))
  return [...bySequence.values()].sort((a, b) => b.sequence - a.sequence).slice(0, mostRemembered)
}

function filesOf({ files }: RuleTable): ReadonlyMap<string, string> {
  return new Map(files.map(({ path, commit = '' }) => [path, generationIn(commit)]))
}
