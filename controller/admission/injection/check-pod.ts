import { type InjectionNeeds, planFor } from './injection-plan.ts'
import { objections } from './objections.ts'
import { ownContainers, ownNames, type Pod, podMarks, specOf } from './pod.ts'
import { isSameContainer, isSameVolume } from './same-parts.ts'

/** What speaks against a new pod as it is after everybody has changed it: its sidecar has to be there, first and whole. */
export function checkNewPod(pod: Pod, needs: InjectionNeeds): readonly string[] {
  return [...objections(pod, needs.settings), ...missing(pod, needs)]
}

function* missing(pod: Pod, needs: InjectionNeeds): Iterable<string> {
  const plan = planFor(pod, needs)
  const { initContainers = [], volumes = [] } = specOf(pod)
  for (const [i, meant] of plan.containers.entries()) {
    const found = initContainers[i]
    if (found === undefined || !isSameContainer(found, meant)) {
      yield `spec.initContainers[${i}]: ${meant.name} is not there as Writ adds it; create the pod again, and if it stays so, find what else changes it`
    }
  }
  for (const meant of plan.volumes) {
    const found = volumes.find(({ name }) => name === meant.name)
    if (found === undefined || !isSameVolume(found, meant)) {
      yield `spec.volumes: ${meant.name} is not there as Writ adds it`
    }
  }
}

/** What speaks against a change of a pod: what a sidecar has been is what it stays, and so is whom it speaks for. */
export function checkChangedPod(before: Pod, after: Pod, needs: InjectionNeeds): readonly string[] {
  if (!hasSidecar(before)) {
    const asks = labelOf(after, podMarks.inject) !== labelOf(before, podMarks.inject)
    return asks ? [`${labelAt(podMarks.inject)}: a sidecar is added only to a pod that is new`] : []
  }
  const labels = [podMarks.inject, podMarks.agent]
    .filter(label => labelOf(before, label) !== labelOf(after, label))
    .map(label => `${labelAt(label)}: it cannot be changed on a pod with a sidecar`)
  return [...labels, ...changedParts(before, after), ...entering(before, after, needs)]
}

function hasSidecar(pod: Pod): boolean {
  return (specOf(pod).initContainers ?? []).some(({ name }) => name === ownNames.proxy)
}

function labelAt(label: string): string {
  return `metadata.labels["${label}"]`
}

function labelOf({ metadata }: Pod, label: string): string | undefined {
  return metadata?.labels?.[label]
}

/** An image can be changed in a pod that runs. */
function* changedParts(before: Pod, after: Pod): Iterable<string> {
  const now = specOf(after).initContainers ?? []
  for (const container of specOf(before).initContainers ?? []) {
    const found = now.find(({ name }) => name === container.name)
    const isSame = found !== undefined && isSameContainer(found, container)
    if (ownContainers.has(container.name) && !isSame) {
      yield `spec.initContainers: ${container.name} cannot be changed; create the pod again to renew it`
    }
  }
}

/** Objections that the pod did not meet before, as when somebody adds an ephemeral container. */
function entering(before: Pod, after: Pod, { settings }: InjectionNeeds): readonly string[] {
  const old = new Set(objections(before, settings))
  return objections(after, settings).filter(objection => !old.has(objection))
}
