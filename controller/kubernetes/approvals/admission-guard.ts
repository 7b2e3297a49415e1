import type { Kube } from '../kube.ts'
import type { KubeObject, KubeResource } from '../kube-object.ts'

/** Whether the API server holds people to their own names; nothing that they write is believed otherwise. */
export interface AdmissionGuard {
  /** True while the admission policy `writ-approvals` is bound; asked anew every five seconds at most. Rejects with a KubeFailure. */
  holds(): Promise<boolean>
}

export interface AdmissionGuardNeeds {
  readonly kube: Pick<Kube, 'get'>
  readonly now: () => number
  /** Told when it begins to hold, and when it stops. */
  readonly onChange: (holds: boolean) => void
}

const goodForMs = 5000

const policies = resource('validatingadmissionpolicies')
const bindings = resource('validatingadmissionpolicybindings')

function resource(plural: string): KubeResource {
  return { group: 'admissionregistration.k8s.io', version: 'v1', plural }
}

/** Looks at the policy and its binding at the API server. */
export function admissionGuard({ kube, now, onChange }: AdmissionGuardNeeds): AdmissionGuard {
  const address = { name: 'writ-approvals' }
  let known: { readonly at: number; readonly holds: boolean } | null = null
  return {
    async holds() {
      if (known !== null && now() - known.at < goodForMs) return known.holds
      const [policy, binding] = await Promise.all([
        kube.get(policies, address),
        kube.get(bindings, address),
      ])
      const holds = refuses(policy) && applies(binding)
      if (known?.holds !== holds) onChange(holds)
      known = { at: now(), holds }
      return holds
    },
  }
}

/** A policy that fails open, or is being deleted, holds nobody. */
function refuses(policy: KubeObject | null): boolean {
  if (policy === null || policy.metadata.deletionTimestamp !== undefined) return false
  const { failurePolicy = 'Fail', validations = [] } = Object(policy.spec)
  return failurePolicy === 'Fail' && validations.length > 0
}

/** A binding that only warns, or leaves some objects out, holds nobody. */
function applies(binding: KubeObject | null): boolean {
  if (binding === null || binding.metadata.deletionTimestamp !== undefined) return false
  const { policyName, validationActions = [], matchResources } = Object(binding.spec)
  return (
    policyName === 'writ-approvals' &&
    validationActions.includes('Deny') &&
    matchResources === undefined
  )
}
