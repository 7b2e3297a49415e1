import type { Kysely } from 'kysely'
import { run, type Service } from '../../lifecycle/run.ts'
import type { ReviewPodToken } from '../api/pod-token.ts'
import type { Compiler } from '../compile/compiler.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { SourceMemory } from '../status/source-state.ts'
import type { Database } from '../store/database.ts'
import type { Fence } from '../store/fence.ts'
import { reviewedTokens } from './identity/reviewed-tokens.ts'
import { type Kube, openKube } from './kube.ts'
import { type Leadership, leadership } from './leadership.ts'
import { type Objects, openObjects } from './objects.ts'

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
}

export interface KubernetesNeeds {
  readonly options: KubernetesOptions
  readonly db: Kysely<Database>
  readonly releases: Releases
  readonly proxies: Proxies
  readonly compiler: Compiler
  readonly memory: SourceMemory
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

/** Everything that has to do with the API server, as one service. */
export interface Kubernetes extends Service {
  readonly kube: Kube
  readonly objects: Objects
  readonly leadership: Leadership
  /** Whose a token of a proxy is. */
  readonly podOf: ReviewPodToken
}

/** Puts the parts together; nothing is sent before it runs. Throws a KubeFailure when no API server is configured. */
export function runKubernetes(needs: KubernetesNeeds): Kubernetes {
  const { options, log, now } = needs
  const kube = openKube(options)
  const objects = openObjects({
    kube,
    onFailure: (error, plural) => log.warn({ err: error, plural }, 'objects not followed'),
  })

  /** What runs in every replica. */
  const everywhere: readonly Service[] = [objects]

  /** What runs in the leader alone. */
  const led = (_fence: Fence): readonly Service[] => []

  const leading = leadership({
    kube,
    namespace: options.podNamespace,
    identity: options.identity,
    services: led,
    onChange: fence => log.info({ fence }, fence === null ? 'not the leader' : 'leader'),
    onFailure: error => log.warn({ err: error }, 'lease not kept'),
    now,
  })
  return {
    name: 'kubernetes',
    kube,
    objects,
    leadership: leading,
    podOf: reviewedTokens({ review: kube.tokenReview, now, log }),
    run: signal => run([...everywhere, leading], signal),
  }
}
