import { egressLock } from './egress-lock.ts'
import type { InjectionSettings } from './injection-settings.ts'
import { type Container, ownNames, type Pod, podMarks, specOf } from './pod.ts'
import { type SidecarSettings, sidecarOf } from './sidecar.ts'
import { sidecarVolumes, type Volume } from './sidecar-volumes.ts'

/** What injection goes by: the installation's settings and who is asked for tables. */
export interface InjectionNeeds {
  readonly settings: InjectionSettings
  /** The controller's public key, as `--controller-key` of `writ proxy` has it. */
  readonly controllerKey: string
  /** The version of Writ. */
  readonly version: string
}

/** What a pod with a sidecar has besides its own. */
export interface InjectionPlan {
  /** The Agent that the sidecar speaks for when a request shows no key. */
  readonly agent: string
  readonly locked: boolean
  /** The first init containers, in this order. */
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
}

/** What the pod should get. A lock that cannot be had is no part of it; `objections` has found that. */
export function planFor(pod: Pod, { settings, controllerKey }: InjectionNeeds): InjectionPlan {
  const agent = agentOf(pod)
  const locked = isLocked(pod, settings)
  const sidecar: SidecarSettings = { ...settings, controllerKey }
  const { image } = settings.egress
  const lock = locked && image !== null ? [egressLock(image, settings.pullPolicy)] : []
  // The lock comes first, so that nothing at all runs in an open network.
  const containers = [...lock, sidecarOf(sidecar, agent)]
  return { agent, locked, containers, volumes: sidecarVolumes }
}

/** The Agent that a pod is: that of its label, else the one named like its service account. */
export function agentOf(pod: Pod): string {
  return pod.metadata?.labels?.[podMarks.agent] ?? (specOf(pod).serviceAccountName || 'default')
}

/** Whether nothing may leave the pod but through the sidecar. A pod can ask for that, and never out of it again. */
export function isLocked(pod: Pod, { egress }: InjectionSettings): boolean {
  const asks = pod.metadata?.annotations?.[podMarks.egress] !== undefined
  const { initContainers = [] } = specOf(pod)
  return egress.lockAll || asks || initContainers.some(({ name }) => name === ownNames.lock)
}
