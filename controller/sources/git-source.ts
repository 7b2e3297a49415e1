import type { Service } from '../../lifecycle/run.ts'
import { milliseconds } from '../../policy/compile/milliseconds.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Credentials } from '../git/access.ts'
import { openRepository, type Signatures } from '../git/open-repository.ts'
import type { RemoteUrl } from '../git/remote-url.ts'
import type { GitRepository, PolicyCommit } from '../git/repository.ts'
import type { Signer } from '../git/signers.ts'
import { GitPolling } from './git-polling.ts'
import type { Source } from './source.ts'
import { type SourceInForce, signersInForce, sourceInForce } from './source-in-force.ts'

/** What the operator says of a repository; the rest says the PolicySource in force that is about it. */
export interface GitSourceOptions {
  readonly url: RemoteUrl
  readonly branch: string
  /** Folder in the repository; empty for all of it. */
  readonly path: string
  /** How often it is looked at; as the PolicySource says, else a minute, when omitted. */
  readonly intervalMs?: number
  /** Where its credentials are kept, with the namespace. */
  readonly secret?: { readonly namespace: string; readonly name: string; readonly key: string }
  /** Lines as in known_hosts. */
  readonly knownHosts?: readonly string[]
  /** Those who may sign, when commits must be signed whatever the PolicySource says. */
  readonly signers?: readonly Signer[]
}

export interface GitSourceNeeds {
  /** Folder of its own for the copy. */
  readonly folder: string
  readonly directories: { all(): readonly Directory[] }
  readonly secrets: Secrets
  /** Told of every commit before it comes into force. */
  readonly onCommit: (commit: PolicyCommit) => Promise<void>
}

/** A repository that policies come from. */
export interface GitSource extends Source {
  readonly repository: GitRepository
  readonly url: RemoteUrl
  readonly branch: string
  /** Folder in the repository; empty for all of it. */
  readonly path: string
  /** Fetches while it runs. */
  readonly service: Service
  /** The PolicySource in force that is about it, or null. */
  inForce(): SourceInForce | null
  /** Calls the listener when there is something else than before; returns how to stop. */
  subscribe(listener: () => void): () => void
  /** Looks into the repository now instead of when the interval is over. */
  look(): void
  /** Remembers that a commit is in force. */
  keep(commit: string): Promise<void>
}

const presetIntervalMs = 60_000

/** Reading what was in force takes no longer. */
const restoreMs = 30_000

/**
 * Opens a source in a repository. It is fetched beside whoever reads it: a server that hangs holds nothing up,
 * and what was in force last is there from the start.
 */
export async function openGitSource(
  options: GitSourceOptions,
  needs: GitSourceNeeds,
): Promise<GitSource> {
  const { url, branch, path } = options
  const inForce = () => sourceInForce(needs.directories.all(), { url: url.href, branch })
  const repository = await openRepository({
    folder: needs.folder,
    url,
    branch,
    credentials: () => credentialsOf(options, inForce(), needs.secrets),
    signatures: () => signaturesOf(options, inForce(), needs.directories.all()),
  })
  const listeners = new Set<() => void>()
  const polling = new GitPolling({
    ...{ repository, path, address: url.href },
    intervalMs: () => intervalOf(options, inForce()),
    onCommit: needs.onCommit,
    onChange: () => {
      for (const listener of listeners) listener()
    },
  })
  await polling.restore(AbortSignal.timeout(restoreMs))
  return {
    ...{ repository, url, branch, path, inForce },
    service: polling,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    look: () => polling.look(),
    fetch: signal => polling.snapshot(signal),
    keep: commit => repository.keep(commit),
  }
}

function intervalOf({ intervalMs }: GitSourceOptions, source: SourceInForce | null): number {
  const { interval } = source?.spec ?? {}
  return intervalMs ?? (interval === undefined ? presetIntervalMs : milliseconds(interval))
}

async function credentialsOf(
  { secret, knownHosts }: GitSourceOptions,
  source: SourceInForce | null,
  secrets: Secrets,
): Promise<Credentials> {
  const { secretRef } = source?.spec ?? {}
  const ref = secret ?? (secretRef && { ...secretRef, namespace: source?.namespace ?? 'default' })
  return {
    secret:
      ref === undefined ? null : await secrets(ref.namespace, { name: ref.name, key: ref.key }),
    knownHosts: knownHosts ?? source?.spec.knownHosts ?? [],
  }
}

function signaturesOf(
  { signers }: GitSourceOptions,
  source: SourceInForce | null,
  directories: readonly Directory[],
): Signatures {
  return {
    required: signers !== undefined || source?.spec.signatures?.required === true,
    signers: [...(signers ?? []), ...signersInForce(directories, source)],
  }
}
