import t from 'tap'
import { admissionGuard } from '../../../../controller/kubernetes/approvals/admission-guard.ts'
import { KubeFailure } from '../../../../controller/kubernetes/failure.ts'
import type { KubeObject } from '../../../../controller/kubernetes/kube-object.ts'

const metadata = { name: 'writ-approvals', uid: '1', resourceVersion: '1' }
const policy = { metadata, spec: { failurePolicy: 'Fail', validations: [{ expression: 'false' }] } }
const binding = {
  metadata,
  spec: { policyName: 'writ-approvals', validationActions: ['Deny'] },
}

/** A guard of an API server that has these two objects. */
function guarded(found: { policy: KubeObject | null; binding: KubeObject | null }) {
  const changes: boolean[] = []
  const clock = { now: 0 }
  let asked = 0
  const guard = admissionGuard({
    kube: {
      get: async ({ plural }) => {
        asked += 1
        return plural === 'validatingadmissionpolicies' ? found.policy : found.binding
      },
    },
    now: () => clock.now,
    onChange: holds => changes.push(holds),
  })
  return { guard, changes, clock, found, asked: () => asked }
}

t.test('a policy that refuses and is bound holds', async t => {
  const { guard, changes } = guarded({ policy, binding })
  t.equal(await guard.holds(), true)
  t.strictSame(changes, [true])
})

t.test('nothing less does', async t => {
  const going = { ...metadata, deletionTimestamp: '2026-11-21T10:00:00Z' }
  const spec = binding.spec
  for (const [what, found] of Object.entries({
    'no policy': { policy: null, binding },
    'no binding': { policy, binding: null },
    'a policy that goes': { policy: { ...policy, metadata: going }, binding },
    'a binding that goes': { policy, binding: { ...binding, metadata: going } },
    'a policy that fails open': {
      policy: { metadata, spec: { ...policy.spec, failurePolicy: 'Ignore' } },
      binding,
    },
    'a policy without rules': { policy: { metadata, spec: { failurePolicy: 'Fail' } }, binding },
    'a binding that only warns': {
      policy,
      binding: { metadata, spec: { ...spec, validationActions: ['Warn', 'Audit'] } },
    },
    'a binding of some objects': {
      policy,
      binding: { metadata, spec: { ...spec, matchResources: { namespaceSelector: {} } } },
    },
    'a binding of another policy': {
      policy,
      binding: { metadata, spec: { ...spec, policyName: 'another' } },
    },
  })) {
    t.equal(await guarded(found).guard.holds(), false, what)
  }
})

t.test('it is asked for every five seconds at most, and told only when it changes', async t => {
  const { guard, changes, clock, found, asked } = guarded({ policy, binding })
  await guard.holds()
  await guard.holds()
  t.equal(asked(), 2)
  found.binding = null as never
  clock.now = 4999
  t.equal(await guard.holds(), true)
  clock.now = 5000
  t.equal(await guard.holds(), false)
  clock.now = 10_000
  t.equal(await guard.holds(), false)
  t.strictSame(changes, [true, false])
})

t.test('an API server that does not answer is no reason to believe anything', async t => {
  const failure = new KubeFailure('unreachable', 'the API server cannot be reached')
  const kube = { get: () => Promise.reject(failure) }
  const guard = admissionGuard({ kube, now: () => 0, onChange: () => t.fail('nothing is known') })
  await t.rejects(guard.holds(), failure)
})
