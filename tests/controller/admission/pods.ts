import type { JsonPatchOperation } from '../../../controller/admission/admission-verdict.ts'
import type { InjectionNeeds } from '../../../controller/admission/injection/injection-plan.ts'
import type { Pod } from '../../../controller/admission/injection/pod.ts'

export const needs: InjectionNeeds = {
  settings: {
    image: 'example.com/writ:1',
    pullPolicy: 'IfNotPresent',
    controller: 'http://writ-controller.writ-system.svc:7400',
    resources: { requests: { cpu: '50m' }, limits: { memory: '256Mi' } },
    secrets: 'env',
    port: 7401,
    probePort: 7402,
    egress: { lockAll: false, image: 'example.com/writ-egress-lock:1' },
  },
  controllerKey: 'the-key',
  version: '0.1.0',
}

/** As `needs`, where every pod is locked. */
export const lockingNeeds: InjectionNeeds = {
  ...needs,
  settings: { ...needs.settings, egress: { ...needs.settings.egress, lockAll: true } },
}

type Spec = Partial<NonNullable<Pod['spec']>>
type Metadata = NonNullable<Pod['metadata']>

/** A pod with one container that asks for a sidecar. */
export function podWith(spec: Spec = {}, metadata: Metadata = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...{
      metadata: {
        name: 'agent',
        ...metadata,
        labels: { 'writ.dev/inject': 'true', ...metadata.labels },
      },
    },
    spec: {
      serviceAccountName: 'fixer',
      containers: [{ name: 'agent', image: 'example.com/agent' }],
      ...spec,
    },
  }
}

/** What a locked pod lets its containers do. */
export const confined = {
  runAsUser: 1000,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
}

/** The pod after a patch whose operations all add a member of an object. */
export function patched(pod: Pod, patch: readonly JsonPatchOperation[]): Pod {
  const copy = structuredClone(pod)
  for (const { op, path, value } of patch) {
    if (op !== 'add') throw new Error(`${op} is not expected`)
    const [last = '', ...above] = path.split('/').slice(1).reverse()
    // biome-ignore lint/suspicious/noExplicitAny: a path leads through any members
    const parent = above.reverse().reduce((at: any, step) => at[step], copy)
    parent[last] = structuredClone(value)
  }
  return copy
}
