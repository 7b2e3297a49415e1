import {
  type Container,
  containersOf,
  type EphemeralContainer,
  ownContainers,
  ownNames,
  ownVolumes,
  type PlacedContainer,
  type Pod,
  sidecarUser,
  specOf,
} from './pod.ts'
import { tokenAudience } from './sidecar.ts'
import type { Volume } from './sidecar-volumes.ts'

/** Containers and volumes that take what belongs to the sidecar: its names, its user, its token, its journal. */
export function* trespassing(pod: Pod): Iterable<string> {
  const { volumes = [], securityContext } = specOf(pod)
  if (securityContext?.runAsUser === sidecarUser) yield `spec.securityContext.${userTaken}`
  for (const placed of containersOf(pod)) {
    const { at, container } = placed
    if (!ownContainers.has(container.name)) yield* around(at, container)
    else if (!at.startsWith('spec.initContainers')) yield taken(placed)
  }
  for (const [i, volume] of volumes.entries()) {
    if (!ownVolumes.has(volume.name)) yield* tokensIn(`spec.volumes[${i}]`, volume)
  }
}

const userTaken = `runAsUser: ${sidecarUser} is the user of the sidecar, choose another one`

function taken({ at, container }: PlacedContainer): string {
  return `${at}.name: ${container.name} is the name of a container that Writ adds, choose another one`
}

function* around(at: string, container: Container | EphemeralContainer): Iterable<string> {
  if (container.securityContext?.runAsUser === sidecarUser)
    yield `${at}.securityContext.${userTaken}`
  for (const [i, { name }] of (container.volumeMounts ?? []).entries()) {
    if (ownVolumes.has(name)) {
      yield `${at}.volumeMounts[${i}]: ${name} belongs to the sidecar alone`
    }
  }
  if (
    'targetContainerName' in container &&
    ownContainers.has(container.targetContainerName ?? '')
  ) {
    yield `${at}.targetContainerName: the processes of ${ownNames.proxy} are not to be looked at`
  }
}

/** Whoever shows a token of this audience is taken for the sidecar. */
function* tokensIn(at: string, { projected }: Volume): Iterable<string> {
  for (const [i, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
    if (serviceAccountToken?.audience === tokenAudience) {
      yield `${at}.projected.sources[${i}]: tokens for the audience ${tokenAudience} are for the sidecar alone`
    }
  }
}
