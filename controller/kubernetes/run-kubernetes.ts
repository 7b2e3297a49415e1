import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { within } from '../../lifecycle/within.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { ProxyReport } from '../../schemas/proxy-report.ts'
import {
  type Admission,
  type AdmissionOptions,
  serveAdmission,
} from '../admission/serve-admission.ts'
import type { ReviewPodToken } from '../api/pod-token.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { Compiler } from '../compile/compiler.ts'
import { keepOverrides } from '../overrides/keep-overrides.ts'
import type { StoredOverrides } from '../overrides/stored-overrides.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import type { SourceMemory } from '../status/source-state.ts'
import type { Database } from '../store/database.ts'
import type { Fence } from '../store/fence.ts'
import { mirrorApprovals } from './approvals/mirror-approvals.ts'
import { reviewedTokens } from './identity/reviewed-tokens.ts'
import { inTurn } from './in-turn.ts'
import { type Kube, kubeOf, openKube } from './kube.ts'
import { readKubeConfig } from './kube-config.ts'
import { LastGoodObjects } from './last-good-objects.ts'
import { leadership } from './leadership.ts'
import { type Objects, openObjects } from './objects.ts'
import { type CheckObject, objectCheck } from './reconcile/check-object.ts'
import { checkOverrides } from './reconcile/check-overrides.ts'
import { type NamespaceCompiler, namespaceCompiler } from './reconcile/compile-namespace.ts'
import { reconciler } from './reconcile/reconciler.ts'
import { staying } from './reconcile/staying.ts'
import { Verdicts } from './reconcile/verdicts.ts'
import { fieldManager } from './sources/drift.ts'
import { type JoinedSources, joinedSources } from './sources/joined-sources.ts'
import { type PolicySourcesNeeds, policySources } from './sources/policy-sources.ts'
import { openProvenance } from './sources/provenance.ts'
import { openEvents } from './status/events.ts'
import { statusWriter } from './status/status-writer.ts'

/** Where the API server is, and who this controller is there. */
export interface KubernetesOptions {
  /** File of the configuration; that of the pod or of the user when omitted. */
  readonly kubeconfig?: string
  /** The namespace whose policies narrow every other. */
  readonly systemNamespace: string
  /** The namespace that the controller itself is in: of its Lease and its Secrets. */
  readonly podNamespace: string
  /** Names this process in the Lease; no two that run at once have the same. */
  readonly identity: string
  /** How webhooks are served; none are when omitted. */
  readonly webhooks?: AdmissionOptions
}

export interface KubernetesNeeds {
  readonly options: KubernetesOptions
  /** Folder of the controller. */
  readonly dataFolder: string
  /** Address to listen on. */
  readonly host: string
  readonly version: string
  readonly key: Pick<SigningKey, 'publicKey'>
  readonly db: Kysely<Database>
  readonly releases: Releases
  readonly overrides: StoredOverrides
  readonly proxies: Proxies
  readonly compiler: Pick<Compiler, 'compile'>
  /** Prices of models whose provider states none; those that come with Writ when omitted. */
  readonly prices?: PriceCatalogue | undefined
  readonly memory: SourceMemory
  readonly approvals: Approvals
  /** Told when people should look at the source again. */
  readonly onFound: () => void
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

/** Policies that come from an API server. */
interface KubernetesPolicies extends Policies {
  /** Whose a token of a proxy is. */
  readonly podOf: ReviewPodToken
}

/** Puts the parts together; nothing is sent before it runs. Throws a KubeFailure when no API server is configured. */
export function runKubernetes(needs: KubernetesNeeds): KubernetesPolicies {
  const { options, log, now } = needs
  const kube = openKube(options)
  const objects = openObjects({
    kube,
    onFailure: (error, plural) => log.warn({ err: error, plural }, 'objects not followed'),
  })
  const tools = newTools()
  const compile = compilation(needs, needs.compiler)
  const joined = joinedSources(options.systemNamespace, () => leading.fence !== null)
  const shared: Shared = { needs, kube, objects, tools, compile, joined }
  const catalog = () => needs.proxies.offered()
  const lastGood = new LastGoodObjects(needs)
  const check = objectCheck({ ...options, objects, compile, catalog })
  const admission = webhooks(shared, check)

  /** What runs in every replica. */
  const everywhere: readonly Service[] = [objects, ...admission.serving]

  /** What runs in the leader alone. */
  const led = (fence: Fence): readonly Service[] => [
    ...reconciling(shared, fence),
    mirrorApprovals({ ...needs, kube, directories: needs.releases.directories }),
    ...admission.trusting,
  ]

  const leading = leadership({
    kube,
    namespace: options.podNamespace,
    identity: options.identity,
    services: led,
    expectAble: () => storeAnswers(needs.db),
    onChange: fence => log.info({ fence }, fence === null ? 'no longer the leader' : 'leader'),
    onFailure: error => log.warn({ err: error }, 'lease not kept'),
    now,
  })
  return {
    sources: joined.sources,
    podOf: reviewedTokens({ review: kube.tokenReview, now, log }),
    toolsChanged: tools.tell,
    check: (overrides, signal) =>
      checkOverrides({ ...shared, ...options, catalog, lastGood }, overrides, signal),
    notReady: () => (objects.isSynced ? null : 'The objects have not been listed yet.'),
    services: [...everywhere, leading],
  }
}

/** Where connections are cut without a word, no query ends by itself. */
function storeAnswers(db: Kysely<Database>): Promise<unknown> {
  return within(sql`select 1`.execute(db), 5000, 'the database does not answer')
}

interface Shared {
  readonly needs: KubernetesNeeds
  readonly kube: Kube
  readonly objects: Objects
  readonly tools: ReturnType<typeof newTools>
  readonly compile: NamespaceCompiler
  readonly joined: JoinedSources
}

/** What serves webhooks in every replica, and what the leader does for them. */
function webhooks({ needs, kube, objects }: Shared, check: CheckObject): Admission {
  const { host, version, key, now, log } = needs
  const { podNamespace, webhooks } = needs.options
  if (webhooks === undefined) return { serving: [], trusting: [] }
  return serveAdmission({
    options: { ...webhooks, host, podNamespace },
    ...{ kube, now, log },
    origin: { version, controllerKey: key.publicKey },
    async check(object, operation, signal) {
      // What is not there yet would be said to be missing.
      if (!objects.isSynced) throw new Error('the objects have not been listed yet')
      return check(object, operation, signal)
    },
  })
}

/** The thread takes one question at a time. */
function compilation(
  { prices, options }: KubernetesNeeds,
  compiler: Pick<Compiler, 'compile'>,
): NamespaceCompiler {
  const turn = inTurn()
  const priced = prices === undefined ? {} : { prices }
  return namespaceCompiler({
    systemNamespace: options.systemNamespace,
    compile: (question, signal) =>
      turn(() =>
        compiler.compile({ ...question, options: { ...question.options, ...priced } }, signal),
      ),
  })
}

/** Who wants to know that tools look different. */
function newTools() {
  const listeners = new Set<(namespaces: readonly string[]) => void>()
  return {
    tell({ upstreams }: ProxyReport) {
      const namespaces = [...new Set(upstreams.map(({ namespace }) => namespace))]
      for (const listener of listeners) listener(namespaces)
    },
    subscribe(listener: (namespaces: readonly string[]) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Objects to tables, and what became of them back into the objects. */
function reconciling(shared: Shared, fence: Fence) {
  const { needs, kube, objects, tools, compile } = shared
  const { options, db, releases, overrides, proxies, memory, log, now } = needs
  const { systemNamespace, identity } = options
  const verdicts = new Verdicts()
  const provenance = openProvenance({ db, objects, fence, now })
  const reconcile = reconciler(
    {
      systemNamespace,
      objects,
      catalog: () => proxies.offered(),
      onToolsChanged: tools.subscribe,
      compile,
      lastGood: new LastGoodObjects({ db, now }),
      verdicts,
      provenance,
      overrides,
      releases,
      isStaying: staying(kube),
      onReconciled: isLast => isLast && found(needs, objects, verdicts),
      onFailure(err, namespace) {
        memory.failed(err)
        log.warn({ err, namespace }, 'namespace not reconciled')
      },
      now,
    },
    fence,
  )
  const events = openEvents({
    kube,
    identity,
    now,
    onFailure: error => log.warn({ err: error }, 'event not told'),
  })
  const status = statusWriter({
    ...{ systemNamespace, kube, objects, verdicts, releases, proxies, events, now },
    onFailure: error => log.warn({ err: error }, 'status not written'),
  })
  const keeper = keepOverrides({
    overrides,
    advance: standing => releases.advance(standing, fence),
    onFailure: error => log.warn({ err: error }, 'overrides not looked after'),
  })
  const sources = sourcesOf(shared, { events, provenance })
  return [reconcile, status, keeper, sources]
}

/** Repositories to objects, and reviews of their changes. */
function sourcesOf(
  { needs, kube, objects, compile, joined }: Shared,
  parts: Pick<PolicySourcesNeeds, 'events' | 'provenance'>,
) {
  const { options, db, releases, overrides, proxies, log, now } = needs
  const { systemNamespace } = options
  return policySources({
    ...{ systemNamespace, kube, objects, compile, db, now, directories: releases.directories },
    ...parts,
    folder: join(needs.dataFolder, 'git'),
    writer: kubeOf(readKubeConfig(options.kubeconfig), fieldManager),
    catalog: () => proxies.offered(),
    lastGood: new LastGoodObjects({ db, now }),
    overrides: () => overrides.standing(),
    compilation: compiler => compilation(needs, compiler),
    reviewing: joined.reviewing,
    onForgeEvent: joined.subscribe,
    onFailure: (error, source) => log.warn({ err: error, source }, 'source not applied'),
  })
}

function found({ memory, log, onFound }: KubernetesNeeds, objects: Objects, verdicts: Verdicts) {
  const files = objects.namespaces().flatMap(namespace => objects.in(namespace)).length
  const inForce = verdicts.allAccepted
  const problems = verdicts.problems()
  if (!memory.found({ commit: null, files, problems, inForce })) return
  onFound()
  if (inForce) log.info({ problems }, 'source in force')
  else log.warn({ problems }, 'objects refused, their last good versions stand')
}
