import { agentOf } from './injection-plan.ts'
import type { InjectionSettings } from './injection-settings.ts'
import { type Pod, podMarks, specOf } from './pod.ts'

const shared = {
  hostNetwork: 'agents of the whole node would speak through its sidecar',
  hostPID: 'processes of the node would see the proxy',
  shareProcessNamespace: 'its other containers would see the proxy and its token',
} as const

/** What a pod shares with its node, or its containers with each other, around the sidecar. */
export function* sharing(pod: Pod): Iterable<string> {
  const spec = specOf(pod)
  for (const field of ['hostNetwork', 'hostPID', 'shareProcessNamespace'] as const) {
    if (spec[field] === true) {
      yield `spec.${field}: a pod with a sidecar cannot have it, since ${shared[field]}`
    }
  }
  if (spec.os?.name === 'windows') yield 'spec.os.name: the sidecar runs on Linux'
}

/** Names that lead elsewhere: to the sidecar they are where the controller and the tool servers are. */
export function* resolving(pod: Pod): Iterable<string> {
  const { hostAliases = [], dnsPolicy, dnsConfig } = specOf(pod)
  const why = 'the sidecar would be led to other servers than its policies name'
  if (hostAliases.length > 0) yield `spec.hostAliases: remove them, for ${why}`
  if (dnsPolicy === 'None') yield `spec.dnsPolicy: None is not possible, for ${why}`
  for (const field of ['nameservers', 'searches'] as const) {
    if ((dnsConfig?.[field] ?? []).length > 0)
      yield `spec.dnsConfig.${field}: remove it, for ${why}`
  }
}

/** Labels and annotations that say what they cannot say. */
export function* marks(pod: Pod, { egress }: InjectionSettings): Iterable<string> {
  const agent = agentOf(pod)
  if (!agentName.test(agent) || agent.length > 253) {
    yield `metadata.labels["${podMarks.agent}"]: ${JSON.stringify(agent)} is no name of an Agent`
  }
  const asked = pod.metadata?.annotations?.[podMarks.egress]
  const at = `metadata.annotations["${podMarks.egress}"]`
  if (asked !== undefined && asked !== 'locked') yield `${at}: the only value is "locked"`
  if (egress.image === null && (asked !== undefined || egress.lockAll)) {
    yield `${at}: this installation has no image that locks pods`
  }
}

const agentName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
