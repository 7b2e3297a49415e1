import { isDeepStrictEqual } from 'node:util'
import type { JsonPatchOperation } from '../admission-verdict.ts'
import { baseUrls, environment } from './environment.ts'
import { type InjectionNeeds, type InjectionPlan, planFor } from './injection-plan.ts'
import { objections } from './objections.ts'
import {
  type Container,
  capabilitiesOf,
  ownContainers,
  ownVolumes,
  type Pod,
  podMarks,
  specOf,
} from './pod.ts'
import { isSameContainer, isSameVolume } from './same-parts.ts'
import { withWarnings } from './warnings.ts'

/** What becomes of a pod that asks for a sidecar. */
export type Injection =
  | { readonly kind: 'refused'; readonly objections: readonly string[] }
  | {
      readonly kind: 'injected'
      /** Empty for a pod that has everything already. */
      readonly patch: readonly JsonPatchOperation[]
      readonly warnings: readonly string[]
    }

/**
 * Adds the sidecar, its volumes, the environment of the other containers, and the mark. Pure and idempotent: what it
 * made is left as it is, and what somebody changed in it afterwards is put right.
 */
export function injectSidecar(pod: Pod, needs: InjectionNeeds): Injection {
  const plan = planFor(pod, needs)
  const against = [...objections(pod, needs.settings), ...namesTaken(pod, plan)]
  if (against.length > 0) return { kind: 'refused', objections: against }
  const patch = difference(pod, injected(pod, plan, needs))
  return { kind: 'injected', patch, warnings: withWarnings(pod, needs.settings) }
}

/** Parts of its own that bear names of Writ; a marked pod has them from here. */
function* namesTaken(pod: Pod, plan: InjectionPlan): Iterable<string> {
  if (pod.metadata?.annotations?.[podMarks.injected] !== undefined) return
  const { initContainers = [], volumes = [] } = specOf(pod)
  for (const [i, container] of initContainers.entries()) {
    const isOurs = plan.containers.some(meant => isSameContainer(container, meant))
    if (ownContainers.has(container.name) && !isOurs) {
      yield `spec.initContainers[${i}].name: ${container.name} ${choose}`
    }
  }
  for (const [i, volume] of volumes.entries()) {
    const isOurs = plan.volumes.some(meant => isSameVolume(volume, meant))
    if (ownVolumes.has(volume.name) && !isOurs) {
      yield `spec.volumes[${i}].name: ${volume.name} ${choose}`
    }
  }
}

const choose = 'is a name that Writ uses, choose another one'

function injected(pod: Pod, plan: InjectionPlan, { settings, version }: InjectionNeeds): Pod {
  const spec = specOf(pod)
  const urls = baseUrls(settings.port)
  const around = (container: Container) => withoutSniffing(environment(container, urls))
  const { annotations } = pod.metadata ?? {}
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...annotations, [podMarks.injected]: version },
    },
    spec: {
      ...spec,
      initContainers: [
        ...keptOr(plan.containers, spec.initContainers ?? [], isSameContainer),
        ...(spec.initContainers ?? []).filter(({ name }) => !ownContainers.has(name)).map(around),
      ],
      containers: spec.containers.map(around),
      volumes: [
        ...(spec.volumes ?? []).filter(({ name }) => !ownVolumes.has(name)),
        ...keptOr(plan.volumes, spec.volumes ?? [], isSameVolume),
      ],
    },
  }
}

/** Each part as it is there already, where it is the one that is meant. */
function keptOr<Part extends { readonly name: string }>(
  meant: readonly Part[],
  there: readonly Part[],
  isSame: (part: Part, meant: Part) => boolean,
): Part[] {
  return meant.map(part => there.find(found => isSame(found, part)) ?? part)
}

/** The network is the sidecar's as well, and runtimes let root read all of it unless it is said otherwise. */
function withoutSniffing(container: Container): Container {
  const { add, drop } = capabilitiesOf(container)
  if (drop.has('ALL') || drop.has('NET_RAW') || add.has('NET_RAW') || add.has('ALL'))
    return container
  const { securityContext = {} } = container
  if (securityContext.privileged === true) return container
  const { capabilities = {} } = securityContext
  const less = { ...capabilities, drop: [...(capabilities.drop ?? []), 'NET_RAW'] }
  return { ...container, securityContext: { ...securityContext, capabilities: less } }
}

/** The parts that injection changes. */
const paths: readonly (readonly [string, (pod: Pod) => unknown])[] = [
  ['/metadata/annotations', pod => pod.metadata?.annotations],
  ['/spec/initContainers', pod => pod.spec?.initContainers],
  ['/spec/containers', pod => pod.spec?.containers],
  ['/spec/volumes', pod => pod.spec?.volumes],
]

function difference(before: Pod, after: Pod): readonly JsonPatchOperation[] {
  return paths.flatMap(([path, part]) => {
    const value = part(after)
    return isDeepStrictEqual(part(before), value) ? [] : [{ op: 'add', path, value } as const]
  })
}
