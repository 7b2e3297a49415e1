import type { HaltNotice, HaltProgress } from '../../schemas/halt.ts'
import type { Override } from '../../schemas/override.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import type { CheckpointProgress } from '../checkpoints/checkpoint-progress.ts'
import { progressOf } from '../halts/progress.ts'
import type { ChainCounts, LedgerCount } from '../ledger/ledger.ts'
import type { Gap } from '../ledger/numbers.ts'
import type { SeenProxy } from '../proxies.ts'
import type { PastRelease } from '../publish/publication.ts'
import type { PresentController } from '../store/presence.ts'
import type { SourceState } from './source-state.ts'

/** How Writ is, in one object: what is written, what is in force, and what is recorded. */
export interface Status {
  readonly version: string
  readonly store: 'embedded' | 'postgresql'
  /** The controllers on one store; omitted when it is not shared. */
  readonly controllers?: {
    /** Who publishes, of those that take turns; null where nobody has to. */
    readonly leader: string | null
    readonly names: readonly string[]
  }
  readonly source: SourceState
  readonly problems: {
    readonly errors: number
    readonly warnings: number
    readonly list: readonly Problem[]
  }
  readonly namespaces: readonly NamespaceStatus[]
  /** What stands in place of parts of the source for a while. */
  readonly overrides: readonly Override[]
  /** What people have stopped, and how many proxies refuse it. */
  readonly halts: readonly HaltStatus[]
  readonly proxies: readonly ProxyStatus[]
  readonly checkpoints: CheckpointProgress
  readonly ledger: {
    readonly records: number
    /** Entries that a proxy numbered and the ledger never got. */
    readonly missing: number
    readonly gaps: readonly Gap[]
    /** How often something did not fit in a chain, by code; omitted when everything does. */
    readonly flaws?: ChainCounts['flaws']
    /** Entries that are kept no longer; omitted when there are none. */
    readonly deleted?: number
  }
}

export type HaltStatus = HaltNotice & { readonly progress: HaltProgress }

export interface NamespaceStatus {
  readonly namespace: string
  /** Digest of the last good table. */
  readonly digest: string
  readonly sequence: number
  readonly publishedAt: string
  readonly commit?: string
  /** Proxies that enforce exactly this table, of those that are connected and have to. */
  readonly enforcedBy: number
  readonly connected: number
}

export interface ProxyStatus {
  readonly id: string
  /** The only namespace that it enforces; omitted when it enforces all of them. */
  readonly namespace?: string
  /** Name of the pod that it is in. */
  readonly pod?: string
  readonly version: string
  readonly seenAt: string
  /** Whether it was heard of in the last 20 seconds. */
  readonly connected: boolean
  /** Whether it enforces the last good table of every namespace that it has to. */
  readonly current: boolean
  readonly rejected: NonNullable<ProxyReport['rejected']>
  readonly upstreams: readonly {
    readonly namespace: string
    readonly name: string
    readonly state: ProxyReport['upstreams'][number]['state']
    readonly error?: string
  }[]
  readonly journal: ProxyReport['journal'] & {
    /** Entries that wait at the proxy. */
    readonly lag: number
    readonly missing: number
  }
}

export interface Facts {
  readonly version: string
  readonly store: Status['store']
  readonly leader: string | null
  readonly controllers: readonly PresentController[]
  readonly source: SourceState
  readonly problems: readonly Problem[]
  readonly releases: readonly PastRelease[]
  readonly overrides: readonly Override[]
  readonly halts: readonly HaltNotice[]
  readonly proxies: readonly SeenProxy[]
  readonly counts: readonly LedgerCount[]
  readonly gaps: readonly Gap[]
  readonly chains?: ChainCounts
  readonly checkpoints: CheckpointProgress
  /** Milliseconds since 1970. */
  readonly now: number
}

const silentAfterMs = 20_000

/** The one place where facts become the status that people read. */
export function statusOf(facts: Facts): Status {
  const { version, store, leader, controllers, source, problems, releases, counts, gaps } = facts
  const proxies = facts.proxies.map(seen => proxyStatus(seen, facts))
  const connected = facts.proxies.filter(seen => isConnected(seen, facts.now))
  const errors = problems.filter(({ severity }) => severity === 'error').length
  return {
    version,
    store,
    ...(controllers.length > 0 && {
      controllers: { leader, names: controllers.map(({ name }) => name) },
    }),
    source,
    problems: { errors, warnings: problems.length - errors, list: problems },
    overrides: facts.overrides.filter(({ state }) => state === 'in_force'),
    halts: facts.halts.map(halt => ({
      ...halt,
      progress: progressOf(facts.proxies, halt, true, facts.now),
    })),
    namespaces: releases.map(release => namespaceStatus(release, connected)),
    proxies,
    checkpoints: facts.checkpoints,
    ledger: {
      records: sum(counts.map(({ stored }) => stored)),
      missing: sum(counts.map(({ missing }) => missing)),
      gaps,
      ...chainsOf(facts.chains),
    },
  }
}

function chainsOf({ flaws, deleted }: ChainCounts = { flaws: [], deleted: 0 }) {
  return { ...(flaws.length > 0 && { flaws }), ...(deleted > 0 && { deleted }) }
}

function namespaceStatus(release: PastRelease, connected: readonly SeenProxy[]): NamespaceStatus {
  const { namespace, digest, sequence, publishedAt, commit } = release
  const concerned = connected.filter(seen => concerns(seen, namespace))
  return {
    namespace,
    digest,
    sequence,
    publishedAt,
    ...(commit !== undefined && { commit }),
    enforcedBy: concerned.filter(({ report }) => report.enforced[namespace] === digest).length,
    connected: concerned.length,
  }
}

function proxyStatus(seen: SeenProxy, { releases, counts, now }: Facts): ProxyStatus {
  const { report, seenAt, namespace, pod } = seen
  const own = releases.filter(release => concerns(seen, release.namespace))
  const { proxy, version, enforced, rejected = [], upstreams, journal } = report
  return {
    id: proxy,
    ...(namespace !== null && { namespace }),
    ...(pod && { pod: pod.name }),
    version,
    seenAt,
    connected: isConnected(seen, now),
    current: own.every(({ namespace, digest }) => enforced[namespace] === digest),
    rejected,
    upstreams: upstreams.map(({ tools: _, ...upstream }) => upstream),
    journal: {
      ...journal,
      lag: journal.seq - journal.shipped,
      missing: counts.find(count => count.proxy === proxy)?.missing ?? 0,
    },
  }
}

/** Whether a proxy has to enforce the table of a namespace. */
function concerns(seen: SeenProxy, namespace: string): boolean {
  return seen.namespace === null || seen.namespace === namespace
}

function isConnected({ seenAt }: SeenProxy, now: number): boolean {
  return now - Date.parse(seenAt) < silentAfterMs
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
