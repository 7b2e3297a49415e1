import t from 'tap'
import type { AdmissionRequest } from '../../../controller/admission/admission-request.ts'
import { injectSidecar } from '../../../controller/admission/injection/inject-sidecar.ts'
import type { InjectionNeeds } from '../../../controller/admission/injection/injection-plan.ts'
import type { Pod } from '../../../controller/admission/injection/pod.ts'
import { podWebhooks } from '../../../controller/admission/injection/pod-webhooks.ts'
import { confined, lockingNeeds, needs, patched, podWith } from './pods.ts'

/** A pod as it is after the sidecar was added. */
function guarded(pod = podWith(), some: InjectionNeeds = needs): Pod {
  const injection = injectSidecar(pod, some)
  return injection.kind === 'injected' ? patched(pod, injection.patch) : pod
}

/** What the webhook of the path says against a request; nothing when it is allowed. */
async function against(
  request: Partial<AdmissionRequest>,
  some: InjectionNeeds = needs,
  path = '/pods/check',
): Promise<readonly string[]> {
  const asked = { uid: 'u', subresource: '', namespace: 'team-a', object: null, oldObject: null }
  const verdict = await podWebhooks(some).get(path)?.({ ...asked, operation: 'CREATE', ...request })
  if (verdict?.kind === 'allowed') return []
  const [head, ...lines] = (verdict?.message ?? '').split('\n')
  t.equal(head, 'this pod cannot have the sidecar of Writ:')
  return lines.map(line => line.replace('  - ', ''))
}

const made = (pod: Pod, some?: InjectionNeeds) => against({ object: pod as never }, some)
const changed = (before: Pod, after: Pod, some?: InjectionNeeds) =>
  against({ operation: 'UPDATE', object: after as never, oldObject: before as never }, some)

function changing(pod: Pod, change: (spec: Required<Pod>['spec'], pod: Required<Pod>) => unknown) {
  const copy = structuredClone(pod) as Required<Pod>
  change(copy.spec, copy)
  return copy as Pod
}

const lost =
  'is not there as Writ adds it; create the pod again, and if it stays so, find what else changes it'

t.test('a new pod that has its sidecar is let in', async t => {
  t.strictSame(await made(guarded()), [])
  const containers = [{ name: 'agent', securityContext: confined }]
  t.strictSame(await made(guarded(podWith({ containers }), lockingNeeds), lockingNeeds), [])
})

t.test('a new pod that asks for none is no business of the webhook', async t => {
  t.strictSame(await made({ metadata: { labels: {} }, spec: { containers: [] } }), [])
  t.strictSame(await against({ object: null }), [])
})

t.test('a new pod without its sidecar, or with another one, is refused', async t => {
  t.strictSame(await made(podWith()), [
    `spec.initContainers[0]: writ-proxy ${lost}`,
    'spec.volumes: writ-token is not there as Writ adds it',
    'spec.volumes: writ-data is not there as Writ adds it',
  ])
  const pod = guarded(podWith({ initContainers: [{ name: 'early' }] }))
  const cases: [(spec: Required<Pod>['spec']) => unknown, readonly string[]][] = [
    [
      ({ initContainers }) => initContainers?.reverse(),
      [`spec.initContainers[0]: writ-proxy ${lost}`],
    ],
    [
      ({ initContainers }) => initContainers?.[0]?.env?.pop(),
      [`spec.initContainers[0]: writ-proxy ${lost}`],
    ],
    [
      ({ volumes }) => Object.assign(volumes?.[0] ?? {}, { projected: { sources: [] } }),
      ['spec.volumes: writ-token is not there as Writ adds it'],
    ],
    [
      ({ containers }) =>
        Object.assign(containers[0] ?? {}, { volumeMounts: [{ name: 'writ-token' }] }),
      ['spec.containers[0].volumeMounts[0]: writ-token belongs to the sidecar alone'],
    ],
  ]
  for (const [change, said] of cases) t.strictSame(await made(changing(pod, change)), said)
})

t.test('a new pod that was locked and is not any more is refused', async t => {
  const containers = [{ name: 'agent', securityContext: confined }]
  const pod = guarded(podWith({ containers }), lockingNeeds)
  const open = changing(pod, ({ initContainers }) => initContainers?.shift())
  t.strictSame(await made(open, lockingNeeds), [
    `spec.initContainers[0]: writ-egress-lock ${lost}`,
    `spec.initContainers[1]: writ-proxy ${lost}`,
  ])
})

t.test('a pod with a sidecar keeps its labels, its sidecar and its lock', async t => {
  const containers = [{ name: 'agent', image: 'a', securityContext: confined }]
  const labels = { 'writ.dev/agent': 'clerk', app: 'shop' }
  const annotations = { 'writ.dev/egress': 'locked' }
  const pod = guarded(podWith({ containers }, { labels, annotations }))
  const label = (name: string) =>
    `metadata.labels["writ.dev/${name}"]: it cannot be changed on a pod with a sidecar`
  const cases: [Parameters<typeof changing>[1], readonly string[]][] = [
    [
      (_, { metadata }) => Object.assign(metadata, { labels: { app: 'shop' } }),
      [label('inject'), label('agent')],
    ],
    [
      (_, { metadata }) => Object.assign(metadata.labels ?? {}, { 'writ.dev/inject': 'True' }),
      [label('inject')],
    ],
    [(_, { metadata }) => Object.assign(metadata.labels ?? {}, { app: 'other' }), []],
    [({ containers }) => Object.assign(containers[0] ?? {}, { image: 'b' }), []],
    [(_, { metadata }) => Object.assign(metadata, { finalizers: [] }), []],
    [
      ({ initContainers }) => Object.assign(initContainers?.[0] ?? {}, { image: 'evil' }),
      ['spec.initContainers: writ-egress-lock cannot be changed; create the pod again to renew it'],
    ],
    [
      ({ initContainers }) => Object.assign(initContainers?.[1] ?? {}, { image: 'evil' }),
      ['spec.initContainers: writ-proxy cannot be changed; create the pod again to renew it'],
    ],
    [
      (spec, { metadata }) => {
        metadata.annotations = {}
        spec.ephemeralContainers = [
          { name: 'debug', securityContext: { ...confined, privileged: true } },
        ]
      },
      [
        'spec.ephemeralContainers[0].securityContext.privileged: a container of a locked pod cannot be privileged',
      ],
    ],
  ]
  for (const [change, said] of cases) t.strictSame(await changed(pod, changing(pod, change)), said)
})

t.test('what was there before does not keep a pod from being changed', async t => {
  const old = changing(guarded(), spec => Object.assign(spec, { hostNetwork: true }))
  const relabelled = changing(old, (_, { metadata }) =>
    Object.assign(metadata.labels ?? {}, { app: 'a' }),
  )
  t.strictSame(await changed(old, relabelled), [])
})

t.test('a pod of an earlier release of Writ can be changed', async t => {
  const { settings } = needs
  const later = { ...needs, settings: { ...settings, image: 'example.com/writ:2', port: 9 } }
  const pod = guarded()
  const relabelled = changing(pod, (_, { metadata }) =>
    Object.assign(metadata.labels ?? {}, { app: 'a' }),
  )
  t.strictSame(await changed(pod, relabelled, later), [])
})

t.test('a pod that runs gets no sidecar any more', async t => {
  const { 'writ.dev/inject': _, ...labels } = podWith().metadata?.labels ?? {}
  const plain = { ...podWith(), metadata: { name: 'agent', labels } }
  t.strictSame(await changed(plain, podWith()), [
    'metadata.labels["writ.dev/inject"]: a sidecar is added only to a pod that is new',
  ])
  t.strictSame(await changed(plain, { ...plain, metadata: { labels: { app: 'a' } } }), [])
})

t.test('so many objections are not all shown', async t => {
  const containers = Array.from({ length: 5 }, (_, i) => ({ name: `c${i}` }))
  const said = await made(podWith({ containers }), lockingNeeds)
  t.equal(said.length, 9)
  t.equal(said.at(-1), '  and 11 more')
})

t.test('a sidecar is added when a pod is made, and at no other time', async t => {
  const pod = podWith({ hostNetwork: true }) as never
  const inject = (request: Partial<AdmissionRequest>) => against(request, needs, '/pods/inject')
  t.equal((await inject({ object: pod })).length, 1)
  t.strictSame(await inject({ operation: 'UPDATE', object: pod, oldObject: pod }), [])
  t.strictSame(await inject({ operation: 'DELETE', oldObject: pod }), [])
})
