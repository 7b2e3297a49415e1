import type { Service } from '../../lifecycle/run.ts'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { Answer, Compiler, Question } from '../compile/compiler.ts'
import type { Overriding } from '../overrides/overlay.ts'
import type { StoredOverrides } from '../overrides/stored-overrides.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { ClusterSources } from '../sources/cluster-sources.ts'
import type { GitSource } from '../sources/git-source.ts'
import { localSource } from '../sources/local-source.ts'
import { watchSource } from '../sources/watch-source.ts'
import type { SourceMemory } from '../status/source-state.ts'
import { keepReconciling } from './keep-reconciling.ts'
import { lastGood } from './last-good.ts'
import { type Admission, checkOverrides, compiledAsInForce, reconcile } from './reconcile.ts'

/** Where policies come from, and what keeps the tables equal to them. */
export interface Policies {
  readonly services: readonly Service[]
  /** A proxy sees other tools than before. */
  toolsChanged(report: ProxyReport): void
  /** What is wrong with overrides on what is in force; null when that cannot be compiled anew now. */
  check(overrides: readonly Overriding[], signal: AbortSignal): Promise<readonly Problem[] | null>
  /** Why the controller cannot serve yet, or null. */
  notReady(): string | null
  /** The repository that they come from; omitted when it is none. */
  readonly git?: GitSource
  /** The sources in a cluster that they come from; omitted when it is none. */
  readonly sources?: ClusterSources
  /** Compiles files of the source as they would be compiled if they were in force; omitted where there are no files. */
  readonly compileWith?: (
    compiler: Pick<Compiler, 'compile'>,
    files: readonly SourceFile[],
    signal: AbortSignal,
  ) => Promise<Answer>
}

export interface LocalPoliciesNeeds {
  /** Folder or file with policies. */
  readonly source: string
  /** Repository that policies come from instead. */
  readonly git?: GitSource
  /** Has a say in which commits come into force. */
  readonly admission?: Admission
  /** Files that belong to the installation: compiled with the source, not part of it. */
  readonly ownFiles?: readonly SourceFile[]
  readonly prices?: PriceCatalogue
  readonly overrides: Pick<StoredOverrides, 'standing' | 'subscribe'>
  readonly releases: Releases
  readonly proxies: Proxies
  readonly memory: SourceMemory
  readonly compiler: Compiler
  /** Told of the commit when the source is in another state, or has other problems. */
  readonly onNews: (commit: string | null) => void
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

/** Policies in a folder or file of this machine, or in a repository. */
export function localPolicies(needs: LocalPoliciesNeeds): Policies {
  const { source, memory, log, onNews } = needs
  const parts = reconcileParts(needs)
  const reconciling = keepReconciling({
    reconcile: signal => reconcile(parts, signal),
    onFailure: error => {
      if (!memory.failed(error)) return
      onNews(null)
      log.warn({ err: error }, 'source not reconciled')
    },
  })
  needs.overrides.subscribe(() => reconciling.wake())
  needs.git?.subscribe(() => reconciling.wake())
  const wakes = needs.git?.service ?? watchSource(source, () => reconciling.wake())
  return {
    check: (overrides, signal) => checkOverrides({ ...parts, overrides: () => overrides }, signal),
    services: [reconciling, wakes],
    toolsChanged: () => reconciling.wake(),
    notReady: () =>
      memory.state.state === 'starting' ? 'The source has not been looked at yet.' : null,
    compileWith: (compiler, files, signal) =>
      compiledAsInForce({ ...parts, compile: compiling(needs, compiler) }, files, signal),
    ...(needs.git && { git: needs.git }),
  }
}

function reconcileParts(needs: LocalPoliciesNeeds): Parameters<typeof reconcile>[0] {
  const { source, ownFiles = [], now, log, onNews } = needs
  const { releases, proxies, memory, compiler } = needs
  return {
    source: needs.git ?? localSource(source, now),
    admission: admissionTo(needs),
    ownFiles,
    compile: compiling(needs, compiler),
    catalog: () => proxies.offered(),
    releases,
    lastGood: lastGood(),
    overrides: () => needs.overrides.standing(),
    report: found => {
      if (!memory.found(found)) return
      const { problems, commit, inForce } = found
      onNews(commit)
      if (inForce) log.info({ problems, commit }, 'source in force')
      else log.warn({ problems, commit }, 'source not in force, the last good tables stand')
    },
  }
}

/** What is in force is remembered where it came from: what comes after must follow it. */
function admissionTo({ git, admission }: LocalPoliciesNeeds): Admission {
  return {
    refusal: async arrival => (await admission?.refusal(arrival)) ?? null,
    async admitted(arrival) {
      await admission?.admitted(arrival)
      await git?.keep(arrival.commit)
    },
  }
}

function compiling({ prices }: LocalPoliciesNeeds, compiler: Pick<Compiler, 'compile'>) {
  return (question: Question, signal: AbortSignal) =>
    compiler.compile(prices === undefined ? question : priced(question, prices), signal)
}

function priced({ files, options }: Question, prices: PriceCatalogue): Question {
  return { files, options: { ...options, prices } }
}
