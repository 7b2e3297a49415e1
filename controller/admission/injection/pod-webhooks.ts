import type { AdmissionRequest } from '../admission-request.ts'
import { type AdmissionVerdict, allowed } from '../admission-verdict.ts'
import type { Webhook } from '../webhook-server.ts'
import { checkChangedPod, checkNewPod } from './check-pod.ts'
import { injectSidecar } from './inject-sidecar.ts'
import type { InjectionNeeds } from './injection-plan.ts'
import { objectionText } from './objections.ts'
import { type Pod, wantsSidecar } from './pod.ts'

/** The webhooks for pods by their paths: one adds sidecars, the other holds what every pod has become against that. */
export function podWebhooks(needs: InjectionNeeds): ReadonlyMap<string, Webhook> {
  return new Map<string, Webhook>([
    ['/pods/inject', request => injectInto(request, needs)],
    ['/pods/check', request => check(request, needs)],
  ])
}

function injectInto(
  { operation, object }: AdmissionRequest,
  needs: InjectionNeeds,
): AdmissionVerdict {
  const pod = object as Pod | null
  if (operation !== 'CREATE' || pod === null || !wantsSidecar(pod)) return allowed
  const injection = injectSidecar(pod, needs)
  switch (injection.kind) {
    case 'refused':
      return refused(injection.objections)
    case 'injected': {
      const { patch, warnings } = injection
      return { kind: 'allowed', patch, warnings }
    }
  }
}

function check(
  { operation, object, oldObject }: AdmissionRequest,
  needs: InjectionNeeds,
): AdmissionVerdict {
  const against = objectionsTo(operation, object as Pod | null, oldObject as Pod | null, needs)
  return against.length === 0 ? allowed : refused(against)
}

function objectionsTo(
  operation: AdmissionRequest['operation'],
  pod: Pod | null,
  before: Pod | null,
  needs: InjectionNeeds,
): readonly string[] {
  if (pod === null) return []
  if (operation === 'CREATE') return wantsSidecar(pod) ? checkNewPod(pod, needs) : []
  return operation === 'UPDATE' && before !== null ? checkChangedPod(before, pod, needs) : []
}

function refused(objections: readonly string[]): AdmissionVerdict {
  return { kind: 'refused', message: objectionText(objections), warnings: [] }
}
