import type {
  V1Capabilities,
  V1Container,
  V1EphemeralContainer,
  V1Pod,
  V1PodSpec,
} from '@kubernetes/client-node'

export type Pod = V1Pod
export type Container = V1Container
export type EphemeralContainer = V1EphemeralContainer

/** What people write on a pod for Writ, and what Writ writes. */
export const podMarks = {
  /** Label; `true` asks for a sidecar. */
  inject: 'writ.dev/inject',
  /** Label; the Agent that the pod is, instead of the name of its service account. */
  agent: 'writ.dev/agent',
  /** Annotation; `locked` lets nothing out of the pod but the sidecar. */
  egress: 'writ.dev/egress',
  /** Annotation, written with the sidecar: the version of Writ that did it. */
  injected: 'writ.dev/injected',
} as const

/** Names that belong to Writ in a pod with a sidecar. */
export const ownNames = {
  proxy: 'writ-proxy',
  lock: 'writ-egress-lock',
  token: 'writ-token',
  data: 'writ-data',
} as const

export const ownContainers: ReadonlySet<string> = new Set([ownNames.proxy, ownNames.lock])
export const ownVolumes: ReadonlySet<string> = new Set([ownNames.token, ownNames.data])

/** The user that sidecars run as; nothing else in the pod may. */
export const sidecarUser = 64_999

/** Whether a pod asks for a sidecar. */
export function wantsSidecar({ metadata }: Pod): boolean {
  return metadata?.labels?.[podMarks.inject] === 'true'
}

/** A container with the path of its field. */
export interface PlacedContainer {
  readonly at: string
  readonly container: Container | EphemeralContainer
}

/** Every container of a pod, of all three sorts, in this order: init, main, ephemeral. */
export function containersOf(pod: Pod): readonly PlacedContainer[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = specOf(pod)
  return [
    ...placed('initContainers', initContainers),
    ...placed('containers', containers ?? []),
    ...placed('ephemeralContainers', ephemeralContainers),
  ]
}

function placed(field: string, containers: readonly (Container | EphemeralContainer)[]) {
  return containers.map((container, i) => ({ at: `spec.${field}[${i}]`, container }))
}

/** The spec of a pod; every pod that the API server shows has one. */
export function specOf({ spec }: Pod): V1PodSpec {
  if (spec === undefined) throw new TypeError('a pod without a spec')
  return spec
}

/** Capabilities that a container gets besides the usual ones, and those that it gives up, without `CAP_`. */
export function capabilitiesOf({ securityContext }: Container | EphemeralContainer) {
  const { add = [], drop = [] }: V1Capabilities = securityContext?.capabilities ?? {}
  return { add: new Set(add.map(plainName)), drop: new Set(drop.map(plainName)) }
}

function plainName(capability: string): string {
  return capability.toUpperCase().replace(/^CAP_/, '')
}
