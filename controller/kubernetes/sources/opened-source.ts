import { join } from 'node:path'
import type { PolicySourceSpec } from '../../../schemas/policy-source.ts'
import { openRepository } from '../../git/open-repository.ts'
import { type RemoteUrl, remoteUrl } from '../../git/remote-url.ts'
import type { GitRepository } from '../../git/repository.ts'
import { keepCommit } from '../../publish/kept-commits.ts'
import { admitCandidate } from '../../review/admit-candidate.ts'
import { seenBy } from '../../review/source-reviews.ts'
import { presetBranch, type SourceInForce, signersInForce } from '../../sources/source-in-force.ts'
import { KubeFailure } from '../failure.ts'
import type { WritObject } from '../objects.ts'
import { type CandidateSource, candidate } from './candidate.ts'
import { differences } from './difference.ts'
import { namespaceSecrets } from './namespace-secrets.ts'
import type { PolicySourcesNeeds } from './policy-sources.ts'
import { type SourceSync, syncSource } from './sync-source.ts'

/** A source whose repository is open. */
export interface OpenedSource extends CandidateSource {
  readonly uid: string
  readonly spec: PolicySourceSpec
  readonly repository: GitRepository
}

/** Opens the copy of a repository. Throws a KubeFailure when the source may not read such an address. */
export async function openSource(
  needs: PolicySourcesNeeds,
  { metadata, spec: written }: WritObject,
): Promise<OpenedSource> {
  const { kube, systemNamespace, directories, folder } = needs
  const { namespace, name, uid } = metadata
  const spec = written as PolicySourceSpec
  const url = remoteUrl(spec.url)
  expectAllowed(url, namespace, systemNamespace)
  const secrets = namespaceSecrets(kube)
  const { secretRef, knownHosts = [], signatures } = spec
  const repository = await openRepository({
    folder: join(folder, uid),
    url,
    branch: spec.branch ?? presetBranch,
    credentials: async () => ({
      secret: secretRef === undefined ? null : await secrets(namespace, secretRef),
      knownHosts,
    }),
    signatures: () => ({
      required: signatures?.required === true,
      signers: signersInForce(directories.all(), { namespace, name, spec }, namespace),
    }),
  })
  return {
    ...{ uid, spec, repository, owner: { namespace, name }, differences: differences() },
    namespace: spec.targetNamespace ?? namespace,
    reverts: spec.drift === 'revert',
  }
}

/** What keeps the objects of an opened source as its repository says. */
export function syncOf(needs: PolicySourcesNeeds, source: OpenedSource): SourceSync {
  const { kube, writer, objects, systemNamespace, provenance, db } = needs
  const { spec, repository, owner, namespace, uid } = source
  const id = idOf(source)
  return syncSource({
    ...{ repository, spec, owner, systemNamespace, objects },
    ...{ kube: writer, reader: kube, check: needs, differences: source.differences },
    admit: admission(needs, source),
    async onCommit(commit) {
      await keepCommit(db, commit)
      await provenance.takes({ namespace, source: id, uid, commit_id: commit.id })
    },
    onWritten: ({ metadata: { uid, generation = 0 } }, commit) =>
      provenance.wrote({ uid, generation, source: id, commit_id: commit }),
  })
}

/** A source that takes only what was approved says so, as it is written or as it is in force. */
function admission(needs: PolicySourcesNeeds, source: OpenedSource) {
  const { db, systemNamespace, now } = needs
  const { spec, uid, owner, namespace } = source
  const { url, branch = presetBranch, path = '' } = spec
  return admitCandidate({
    ...{ db, now, sourceId: idOf(source) },
    place: [uid, remoteUrl(url).place, branch, path, namespace].join('\n'),
    requireApproved: () =>
      [spec, inForceOf(needs, source)?.spec].some(said => said?.review?.requireApproved === true),
    isSeen: seenBy({ namespace: owner.namespace, spec }, systemNamespace),
    candidate: (files, signal, inForce) => candidate(needs, source, { files, inForce }, signal),
  })
}

/** The source as it is in force, while that is about the same repository, folder and namespace as what is written; else null. */
export function inForceOf(
  { directories }: Pick<PolicySourcesNeeds, 'directories'>,
  { owner, spec }: Pick<OpenedSource, 'owner' | 'spec'>,
): SourceInForce | null {
  const { namespace, name } = owner
  const { sources = [] } = directories.all().find(one => one.namespace === namespace) ?? {}
  const found = sources.find(source => source.name === name)
  if (found === undefined || placeOf(found.spec, namespace) !== placeOf(spec, namespace))
    return null
  return { namespace, name, spec: found.spec }
}

function placeOf(
  { url, branch = presetBranch, path = '', targetNamespace }: PolicySourceSpec,
  namespace: string,
): string {
  return [url, branch, path, targetNamespace ?? namespace].join('\n')
}

/** namespace/name of a source. */
export function idOf({ owner: { namespace, name } }: Pick<OpenedSource, 'owner'>): string {
  return `${namespace}/${name}`
}

/** Folders and servers of the controller's own machine are not everybody's to read. */
function expectAllowed(url: RemoteUrl, namespace: string, systemNamespace: string): void {
  if (namespace === systemNamespace || url.scheme === 'https' || url.scheme === 'ssh') return
  const message = `Only a PolicySource in ${systemNamespace} may read ${url.scheme}: addresses.`
  throw new KubeFailure('refused', message)
}
