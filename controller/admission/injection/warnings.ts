import { baseUrls } from './environment.ts'
import { isLocked } from './injection-plan.ts'
import type { InjectionSettings } from './injection-settings.ts'
import {
  type Container,
  capabilitiesOf,
  containersOf,
  type EphemeralContainer,
  ownContainers,
  type Pod,
} from './pod.ts'

/** What is not refused and yet goes around the sidecar. */
export function withWarnings(pod: Pod, settings: InjectionSettings): readonly string[] {
  const others = containersOf(pod).filter(({ container }) => !ownContainers.has(container.name))
  return others.flatMap(({ at, container }) => [
    ...ownUrls(at, container, settings),
    ...(isLocked(pod, settings) ? [] : sniffing(at, container)),
  ])
}

function* ownUrls(
  at: string,
  { env = [] }: Container | EphemeralContainer,
  { port }: InjectionSettings,
): Iterable<string> {
  const urls = baseUrls(port)
  for (const { name, value } of env) {
    if (urls.has(name) && value !== urls.get(name)) {
      yield `${at}.env: ${name} leads elsewhere than to the sidecar of Writ and was left so`
    }
  }
}

const sniffers = ['NET_RAW', 'NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE', 'ALL']

function* sniffing(at: string, container: Container | EphemeralContainer): Iterable<string> {
  const { add } = capabilitiesOf(container)
  if (container.securityContext?.privileged === true) {
    yield `${at}.securityContext: a privileged container can go around the sidecar of Writ`
  }
  for (const capability of sniffers.filter(name => add.has(name))) {
    yield `${at}.securityContext: with ${capability} a container can go around the sidecar of Writ`
  }
}
