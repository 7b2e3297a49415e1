import { createHash } from 'node:crypto'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import type { PolicySourceSpec } from '../../../schemas/policy-source.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { GitProblem } from '../../git/git-problem.ts'
import type { GitRepository, PolicyCommit } from '../../git/repository.ts'
import type { AdmitCandidate } from '../../review/admit-candidate.ts'
import type { Kube } from '../kube.ts'
import { type AppliedObjects, type ApplyObjectsNeeds, applyObjects } from './apply-objects.ts'
import { type CheckSourceNeeds, checkSource } from './check-source.ts'
import { driftOf, mostNamed } from './drift.ts'
import type { SourceObject } from './source-objects.ts'
import type { SourceStanding } from './source-status.ts'

export interface SyncSourceNeeds extends ApplyObjectsNeeds {
  readonly reader: Pick<Kube, 'get'>
  readonly check: CheckSourceNeeds
  readonly repository: GitRepository
  readonly spec: PolicySourceSpec
  readonly systemNamespace: string
  /** Lets a commit in, or says why not. */
  readonly admit: AdmitCandidate
  /** Told of a commit that was let in, before it is applied. */
  readonly onCommit: (commit: PolicyCommit) => Promise<void>
}

/** A commit whose objects are in the cluster, or are being put there. */
interface GoodCommit {
  readonly facts: PolicyCommit
  readonly objects: readonly SourceObject[]
  readonly files: readonly SourceFile[]
}

/** Keeps the objects of one source as its repository says. */
export interface SourceSync {
  /** Looks into the repository. */
  fetch(signal: AbortSignal): Promise<void>
  /** Looks at the objects, and says how the source stands. */
  apply(signal: AbortSignal): Promise<SourceStanding & { readonly done: AppliedObjects | null }>
}

type Applied = Pick<GoodCommit, 'facts' | 'objects'>

type Failure = NonNullable<SourceStanding['failure']>

/** Nothing was looked at yet. */
export function syncSource(needs: SyncSourceNeeds): SourceSync {
  const { repository, spec, owner, reader, systemNamespace } = needs
  const { path = '', targetNamespace: namespace = owner.namespace } = spec
  let good: GoodCommit | null = null
  let failure: Failure | null = null
  let problems: readonly Failure[] = []

  const refuse = (found: readonly Failure[]) => {
    problems = found
    failure = found[0] ?? unknown
  }

  const take = async (commit: string, signal: AbortSignal): Promise<void> => {
    const read = await readCommit(needs, { commit, path, namespace }, signal)
    if ('problems' in read) return refuse(read.problems)
    const refusal = await needs.admit({ commit, files: read.files }, signal)
    if (refusal !== null) return refuse([said(refusal)])
    await needs.onCommit(read.facts)
    good = read
    failure = null
    problems = []
  }

  const report = async (done: AppliedObjects, { facts, objects }: Applied) => {
    const drifted = await driftOf(reader, done.edited)
    return {
      done,
      failure: failure ?? done.problems[0] ?? null,
      state: {
        ...factsOf({ facts, objects }),
        ...named([...problems, ...done.problems]),
        ...(drifted.length > 0 && { drifted, drifts: done.edited.length }),
      },
    }
  }

  return {
    async fetch(signal) {
      if (namespace !== owner.namespace && owner.namespace !== systemNamespace) {
        return refuse([foreignTarget(systemNamespace)])
      }
      const fetched = await repository.fetch(signal)
      if ('problem' in fetched) return refuse([said(fetched.problem)])
      if (fetched.commit !== good?.facts.id || failure !== null) await take(fetched.commit, signal)
    },
    async apply(signal) {
      if (good === null) return { state: named(problems), failure, done: null }
      const { facts, objects } = good
      const wanted = { commit: facts.id, objects, reverts: spec.drift === 'revert' }
      const done = await applyObjects(needs, wanted, signal)
      if (done.problems.length === 0) await repository.keep(facts.id)
      return report(done, good)
    },
  }
}

/** The objects of a commit, or what keeps them from being applied. */
async function readCommit(
  { repository, check, owner }: SyncSourceNeeds,
  {
    commit,
    path,
    namespace,
  }: { readonly commit: string; readonly path: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<GoodCommit | { readonly problems: readonly Failure[] }> {
  const { files, problems } = await repository.snapshotAt(commit, path, signal)
  const unread = problems.filter(({ severity }) => severity === 'error')
  if (unread.length > 0) return { problems: unread.map(placed) }
  const checked = await checkSource(check, { files, namespace, owner }, signal)
  if (checked.problems.length > 0) return { problems: checked.problems.map(placed) }
  return { facts: await repository.commit(commit, signal), objects: checked.objects, files }
}

const unknown: Failure = { code: 'repository_failed', message: 'The repository was not read.' }

function foreignTarget(systemNamespace: string): Failure {
  const message = `Only a PolicySource in ${systemNamespace} may name a targetNamespace besides its own.`
  return { code: 'foreign_namespace', message }
}

function said({ code, message, suggestion }: GitProblem | Problem): Failure {
  return { code, message: suggestion === undefined ? message : `${message} ${suggestion}` }
}

function placed({ code, message, file, line, column }: Problem): Failure {
  return { code, message: `${file}:${line}:${column}: ${message}` }
}

function named(problems: readonly Failure[]) {
  const shown = problems
    .slice(0, mostNamed)
    .map(({ code, message }) => ({ code, message: message.slice(0, 1000) }))
  return shown.length === 0 ? {} : { problems: shown }
}

function factsOf({ facts, objects }: Applied) {
  const { id, author, subject, time, signedBy } = facts
  const hash = createHash('sha256')
  for (const { path, digest } of objects) hash.update(`${path} ${digest}\n`)
  return {
    ...{ commit: id, author, subject, committedAt: time },
    ...(signedBy !== undefined && { signedBy }),
    ...{ objects: objects.length, digest: `sha256:${hash.digest('hex')}` },
  }
}
