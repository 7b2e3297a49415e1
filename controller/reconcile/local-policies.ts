import type { Service } from '../../lifecycle/run.ts'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { Compiler, Question } from '../compile/compiler.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import { localSource } from '../sources/local-source.ts'
import { watchSource } from '../sources/watch-source.ts'
import type { SourceMemory } from '../status/source-state.ts'
import { keepReconciling } from './keep-reconciling.ts'
import { lastGood } from './last-good.ts'
import { reconcile } from './reconcile.ts'

/** Where policies come from, and what keeps the tables equal to them. */
export interface Policies {
  readonly services: readonly Service[]
  /** A proxy sees other tools than before. */
  toolsChanged(report: ProxyReport): void
  /** Why the controller cannot serve yet, or null. */
  notReady(): string | null
}

export interface LocalPoliciesNeeds {
  /** Folder or file with policies. */
  readonly source: string
  /** Files that belong to the installation: compiled with the source, not part of it. */
  readonly ownFiles?: readonly SourceFile[]
  readonly prices?: PriceCatalogue
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

/** Policies in a folder or file of this machine. */
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
  return {
    services: [reconciling, watchSource(source, () => reconciling.wake())],
    toolsChanged: () => reconciling.wake(),
    notReady: () =>
      memory.state.state === 'starting' ? 'The source has not been looked at yet.' : null,
  }
}

function reconcileParts(needs: LocalPoliciesNeeds): Parameters<typeof reconcile>[0] {
  const { source, ownFiles = [], prices, now, log, onNews } = needs
  const { releases, proxies, memory, compiler } = needs
  return {
    source: localSource(source, now),
    ownFiles,
    compile: (question, signal) =>
      compiler.compile(prices === undefined ? question : priced(question, prices), signal),
    catalog: () => proxies.offered(),
    releases,
    lastGood: lastGood(),
    report: found => {
      if (!memory.found(found)) return
      const { problems, commit, inForce } = found
      onNews(commit)
      if (inForce) log.info({ problems, commit }, 'source in force')
      else log.warn({ problems, commit }, 'source not in force, the last good tables stand')
    },
  }
}

function priced({ files, options }: Question, prices: PriceCatalogue): Question {
  return { files, options: { ...options, prices } }
}
