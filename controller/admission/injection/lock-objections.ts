import { isLocked } from './injection-plan.ts'
import type { InjectionSettings } from './injection-settings.ts'
import {
  type Container,
  capabilitiesOf,
  containersOf,
  type EphemeralContainer,
  ownContainers,
  type Pod,
  specOf,
} from './pod.ts'

/**
 * What could undo a lock that goes by the user who sends: a container that can become the sidecar's user, change
 * the rules, or leave the pod.
 */
export function* unlocking(pod: Pod, settings: InjectionSettings): Iterable<string> {
  if (!isLocked(pod, settings)) return
  const { volumes = [], securityContext } = specOf(pod)
  for (const { at, container } of containersOf(pod)) {
    if (!ownContainers.has(container.name)) {
      yield* openIn(`${at}.securityContext`, container, securityContext?.runAsUser)
    }
  }
  for (const [i, { hostPath }] of volumes.entries()) {
    if (hostPath) yield `spec.volumes[${i}].hostPath: a locked pod cannot have files of its node`
  }
}

/** A binary may be owned by any user and an image may name any, so both have to be ruled out by what is written. */
function* openIn(
  at: string,
  container: Container | EphemeralContainer,
  podUser: number | undefined,
): Iterable<string> {
  const { securityContext = {} } = container
  const { add, drop } = capabilitiesOf(container)
  if ((securityContext.runAsUser ?? podUser) === undefined) {
    yield `${at}.runAsUser: a locked pod says as which user each container runs`
  }
  if (securityContext.privileged === true) {
    yield `${at}.privileged: a container of a locked pod cannot be privileged`
  }
  if (securityContext.allowPrivilegeEscalation !== false) {
    yield `${at}.allowPrivilegeEscalation: write false, as a locked pod needs it`
  }
  if (!drop.has('ALL')) yield `${at}.capabilities.drop: write [ALL], as a locked pod needs it`
  for (const capability of add) {
    if (capability !== 'NET_BIND_SERVICE') {
      yield `${at}.capabilities.add: a container of a locked pod cannot have ${capability}`
    }
  }
  if (securityContext.procMount !== undefined && securityContext.procMount !== 'Default') {
    yield `${at}.procMount: a container of a locked pod cannot have ${securityContext.procMount}`
  }
}
