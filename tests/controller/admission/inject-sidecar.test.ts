import t from 'tap'
import { injectSidecar } from '../../../controller/admission/injection/inject-sidecar.ts'
import type { InjectionNeeds } from '../../../controller/admission/injection/injection-plan.ts'
import type { Container, Pod } from '../../../controller/admission/injection/pod.ts'
import { confined, lockingNeeds, needs, patched, podWith } from './pods.ts'

function inject(pod: Pod, some: InjectionNeeds = needs): Pod {
  const injection = injectSidecar(pod, some)
  if (injection.kind === 'refused') throw new Error(injection.objections.join('\n'))
  return patched(pod, injection.patch)
}

function refusal(pod: Pod, some: InjectionNeeds = needs): readonly string[] {
  const injection = injectSidecar(pod, some)
  return injection.kind === 'refused' ? injection.objections : []
}

function warnings(pod: Pod): readonly string[] {
  const injection = injectSidecar(pod, needs)
  return injection.kind === 'injected' ? injection.warnings : ['refused']
}

const urls = [
  { name: 'OPENAI_BASE_URL', value: 'http://127.0.0.1:7401/openai/v1' },
  { name: 'ANTHROPIC_BASE_URL', value: 'http://127.0.0.1:7401/anthropic' },
  { name: 'WRIT_MCP_URL', value: 'http://127.0.0.1:7401/mcp/v1' },
]
const quiet = { capabilities: { drop: ['NET_RAW'] } }

const sidecar = {
  name: 'writ-proxy',
  image: 'example.com/writ:1',
  imagePullPolicy: 'IfNotPresent',
  restartPolicy: 'Always',
  args: [
    'proxy',
    '--host=127.0.0.1',
    '--port=7401',
    '--probe-port=7402',
    '--controller=http://writ-controller.writ-system.svc:7400',
    '--token-file=/var/run/secrets/writ.dev/token',
    '--data=/var/lib/writ/proxy',
    '--durability=batched',
    '--small-heap',
    '--secrets=env',
    '--output=json',
  ],
  env: [
    { name: 'WRIT_AGENT', value: 'fixer' },
    { name: 'WRIT_CONTROLLER_KEY', value: 'the-key' },
    { name: 'NODE_OPTIONS', value: '--max-semi-space-size=1' },
    { name: 'MALLOC_ARENA_MAX', value: '1' },
  ],
  ports: [{ name: 'writ-probe', containerPort: 7402, protocol: 'TCP' }],
  startupProbe: {
    httpGet: { path: '/readyz', port: 7402, scheme: 'HTTP' },
    timeoutSeconds: 2,
    successThreshold: 1,
    periodSeconds: 1,
    failureThreshold: 120,
  },
  readinessProbe: {
    httpGet: { path: '/readyz', port: 7402, scheme: 'HTTP' },
    timeoutSeconds: 2,
    successThreshold: 1,
    periodSeconds: 5,
    failureThreshold: 2,
  },
  resources: { requests: { cpu: '50m' }, limits: { memory: '256Mi' } },
  securityContext: {
    runAsUser: 64_999,
    runAsGroup: 64_999,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    privileged: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  volumeMounts: [
    { name: 'writ-token', mountPath: '/var/run/secrets/writ.dev', readOnly: true },
    { name: 'writ-data', mountPath: '/var/lib/writ' },
  ],
}

const volumes = [
  {
    name: 'writ-token',
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { audience: 'writ', expirationSeconds: 3600, path: 'token' } },
      ],
    },
  },
  { name: 'writ-data', emptyDir: { sizeLimit: '1Gi' } },
]

t.test(
  'a pod gets the sidecar, its volumes, the addresses and the mark, and nothing else',
  async t => {
    t.strictSame(inject(podWith()), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'agent',
        labels: { 'writ.dev/inject': 'true' },
        annotations: { 'writ.dev/injected': '0.1.0' },
      },
      spec: {
        serviceAccountName: 'fixer',
        initContainers: [sidecar],
        containers: [
          { name: 'agent', image: 'example.com/agent', env: urls, securityContext: quiet },
        ],
        volumes,
      },
    })
  },
)

t.test('the sidecar tells a collector what the settings say', async t => {
  const telemetry = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }
  const some = { ...needs, settings: { ...needs.settings, telemetry } }
  const [proxy] = inject(podWith(), some).spec?.initContainers ?? []
  t.strictSame(proxy, {
    ...sidecar,
    env: [...sidecar.env, { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://c:4318' }],
  })
})

t.test('the sidecar is first of the init containers, which get the addresses as well', async t => {
  const { spec } = inject(
    podWith({
      initContainers: [{ name: 'early', env: [{ name: 'A', value: 'b' }] }],
      volumes: [{ name: 'work', emptyDir: {} }],
    }),
  )
  t.strictSame(spec?.initContainers, [
    sidecar,
    { name: 'early', env: [{ name: 'A', value: 'b' }, ...urls], securityContext: quiet },
  ])
  t.strictSame(spec?.volumes, [{ name: 'work', emptyDir: {} }, ...volumes])
})

t.test('an injected pod is left as it is', async t => {
  const once = inject(podWith({ initContainers: [{ name: 'early' }] }))
  t.strictSame(injectSidecar(once, needs), { kind: 'injected', patch: [], warnings: [] })
  const locked = inject(
    podWith({
      securityContext: { runAsUser: 1 },
      containers: [{ name: 'a', securityContext: confined }],
    }),
    lockingNeeds,
  )
  t.strictSame(injectSidecar(locked, lockingNeeds), { kind: 'injected', patch: [], warnings: [] })
})

t.test('an injected pod as the API server has completed it is left as it is', async t => {
  const pod = inject(podWith())
  const [proxy] = pod.spec?.initContainers ?? []
  Object.assign(proxy ?? {}, { resources: { requests: { cpu: '1' } }, imagePullPolicy: 'Always' })
  proxy?.volumeMounts?.push({
    name: 'kube-api-access-x',
    mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
    readOnly: true,
  })
  t.strictSame(injectSidecar(pod, needs), { kind: 'injected', patch: [], warnings: [] })
})

t.test('what somebody did to the sidecar afterwards is put right', async t => {
  const good = inject(podWith({ initContainers: [{ name: 'early' }] }))
  const changes: ((spec: NonNullable<Pod['spec']>, proxy: Container) => void)[] = [
    (_spec, proxy) => proxy.env?.push({ name: 'NODE_OPTIONS', value: '--import /evil.js' }),
    (_spec, proxy) => proxy.volumeMounts?.push({ name: 'evil', mountPath: '/opt' }),
    (_spec, proxy) => Object.assign(proxy, { image: 'example.com/evil' }),
    (_spec, proxy) => Object.assign(proxy, { command: ['sleep'] }),
    (_spec, proxy) => Object.assign(proxy, { envFrom: [{ configMapRef: { name: 'evil' } }] }),
    (_spec, proxy) => Object.assign(proxy, { lifecycle: { postStart: { exec: {} } } }),
    (spec, proxy) =>
      Object.assign(spec, {
        initContainers: [
          { name: 'first' },
          proxy,
          { name: 'early', env: urls, securityContext: quiet },
        ],
      }),
    spec => Object.assign(spec, { volumes: [{ name: 'writ-token', secret: {} }, volumes[1]] }),
  ]
  for (const [i, change] of changes.entries()) {
    const bad = structuredClone(good)
    change(bad.spec!, bad.spec!.initContainers![0]!)
    t.notSame(bad, good)
    const { spec } = inject(bad)
    t.strictSame(spec?.initContainers?.[0], sidecar, `change ${i}`)
    t.strictSame(spec?.volumes, volumes, `change ${i}`)
  }
})

t.test(
  'the agent is that of the label, else the service account, else that which every pod has',
  async t => {
    const agentIn = (pod: Pod) => inject(pod).spec?.initContainers?.[0]?.env?.[0]
    t.match(agentIn(podWith({}, { labels: { 'writ.dev/agent': 'reviewer' } })), {
      value: 'reviewer',
    })
    t.match(agentIn(podWith()), { value: 'fixer' })
    t.match(agentIn(podWith({ serviceAccountName: '' })), { value: 'default' })
    t.strictSame(refusal(podWith({}, { labels: { 'writ.dev/agent': 'No_Agent' } })), [
      'metadata.labels["writ.dev/agent"]: "No_Agent" is no name of an Agent',
    ])
  },
)

t.test('an address that a container sets itself stays, and is told of', async t => {
  const env = [
    { name: 'OPENAI_BASE_URL', value: 'https://api.openai.com/v1' },
    { name: 'ANTHROPIC_BASE_URL', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } },
    { name: 'WRIT_MCP_URL', value: 'http://127.0.0.1:7401/mcp/v1' },
  ]
  const pod = podWith({ containers: [{ name: 'agent', env }] })
  t.strictSame(inject(pod).spec?.containers[0]?.env, env)
  t.strictSame(warnings(pod), [
    'spec.containers[0].env: OPENAI_BASE_URL leads elsewhere than to the sidecar of Writ and was left so',
    'spec.containers[0].env: ANTHROPIC_BASE_URL leads elsewhere than to the sidecar of Writ and was left so',
  ])
})

t.test('an address that comes from envFrom gives way', async t => {
  const envFrom = [{ configMapRef: { name: 'addresses' } }]
  const { spec } = inject(podWith({ containers: [{ name: 'agent', envFrom }] }))
  t.strictSame(spec?.containers[0], { name: 'agent', envFrom, env: urls, securityContext: quiet })
})

t.test('no other container reads the network, unless it says that it must', async t => {
  const contextOf = (securityContext: object) =>
    inject(podWith({ containers: [{ name: 'agent', securityContext }] })).spec?.containers[0]
      ?.securityContext
  const dropped = { capabilities: { drop: ['ALL'] } }
  t.strictSame(contextOf(dropped), dropped)
  t.strictSame(contextOf({ capabilities: { drop: ['CAP_NET_RAW'] } }), {
    capabilities: { drop: ['CAP_NET_RAW'] },
  })
  t.strictSame(contextOf({ runAsUser: 1, capabilities: { drop: ['CHOWN'], add: ['KILL'] } }), {
    runAsUser: 1,
    capabilities: { drop: ['CHOWN', 'NET_RAW'], add: ['KILL'] },
  })
  t.strictSame(contextOf({ capabilities: { add: ['NET_RAW'] } }), {
    capabilities: { add: ['NET_RAW'] },
  })
  t.strictSame(contextOf({ privileged: true }), { privileged: true })
  const at = 'spec.containers[0].securityContext:'
  const warned = (securityContext: object) =>
    warnings(podWith({ containers: [{ name: 'agent', securityContext }] }))
  t.strictSame(warned({ privileged: true }), [
    `${at} a privileged container can go around the sidecar of Writ`,
  ])
  t.strictSame(warned({ capabilities: { add: ['net_raw', 'CAP_SYS_ADMIN', 'KILL'] } }), [
    `${at} with NET_RAW a container can go around the sidecar of Writ`,
    `${at} with SYS_ADMIN a container can go around the sidecar of Writ`,
  ])
})

t.test('a pod that shares more than its network is refused', async t => {
  const none = 'a pod with a sidecar cannot have it, since'
  const cases: [object, string][] = [
    [
      { hostNetwork: true },
      `spec.hostNetwork: ${none} agents of the whole node would speak through its sidecar`,
    ],
    [{ hostPID: true }, `spec.hostPID: ${none} processes of the node would see the proxy`],
    [
      { shareProcessNamespace: true },
      `spec.shareProcessNamespace: ${none} its other containers would see the proxy and its token`,
    ],
    [{ os: { name: 'windows' } }, 'spec.os.name: the sidecar runs on Linux'],
  ]
  for (const [spec, said] of cases) t.strictSame(refusal(podWith(spec)), [said])
  t.strictSame(refusal(podWith({ hostNetwork: false, shareProcessNamespace: false })), [])
})

t.test('a pod that leads names elsewhere is refused, for the sidecar goes by them', async t => {
  const why = 'the sidecar would be led to other servers than its policies name'
  const cases: [object, string][] = [
    [
      { hostAliases: [{ ip: '10.0.0.9', hostnames: ['writ-controller.writ-system.svc'] }] },
      `spec.hostAliases: remove them, for ${why}`,
    ],
    [{ dnsPolicy: 'None' }, `spec.dnsPolicy: None is not possible, for ${why}`],
    [
      { dnsConfig: { nameservers: ['10.0.0.9'] } },
      `spec.dnsConfig.nameservers: remove it, for ${why}`,
    ],
    [
      { dnsConfig: { searches: ['evil.example'] } },
      `spec.dnsConfig.searches: remove it, for ${why}`,
    ],
  ]
  for (const [spec, said] of cases) t.strictSame(refusal(podWith(spec)), [said])
  const options = [{ name: 'ndots', value: '2' }]
  t.strictSame(refusal(podWith({ dnsPolicy: 'ClusterFirst', dnsConfig: { options } })), [])
})

t.test('a pod with parts of its own under names of Writ is refused', async t => {
  const choose = 'is a name that Writ uses, choose another one'
  t.strictSame(refusal(podWith({ initContainers: [{ name: 'writ-proxy', image: 'evil' }] })), [
    `spec.initContainers[0].name: writ-proxy ${choose}`,
  ])
  t.strictSame(refusal(podWith({ initContainers: [{ name: 'writ-egress-lock' }] })).slice(-1), [
    `spec.initContainers[0].name: writ-egress-lock ${choose}`,
  ])
  t.strictSame(refusal(podWith({ containers: [{ name: 'writ-proxy' }] })), [
    'spec.containers[0].name: writ-proxy is the name of a container that Writ adds, choose another one',
  ])
  t.strictSame(refusal(podWith({ volumes: [{ name: 'writ-token', emptyDir: {} }] })), [
    `spec.volumes[0].name: writ-token ${choose}`,
  ])
  t.strictSame(refusal(podWith({ volumes: [{ name: 'writ-data', hostPath: { path: '/' } }] })), [
    `spec.volumes[0].name: writ-data ${choose}`,
  ])
})

t.test('a mark of its own does not keep a pod from what it asks for', async t => {
  const marked = podWith(
    {
      initContainers: [{ name: 'writ-proxy', image: 'evil' }],
      volumes: [{ name: 'writ-token', emptyDir: {} }],
    },
    { annotations: { 'writ.dev/injected': '9.9.9' } },
  )
  const pod = inject(marked)
  t.strictSame(pod.spec?.initContainers, [sidecar])
  t.strictSame(pod.spec?.volumes, volumes)
})

t.test('a container that reaches for what is the sidecar’s is refused', async t => {
  const container = (more: object) => ({ containers: [{ name: 'agent', ...more }] })
  const user = 'runAsUser: 64999 is the user of the sidecar, choose another one'
  const source = { serviceAccountToken: { audience: 'writ', path: 't' } }
  const mount = { name: 'writ-token', mountPath: '/t' }
  const cases: [object, string][] = [
    [
      container({ volumeMounts: [mount] }),
      'spec.containers[0].volumeMounts[0]: writ-token belongs to the sidecar alone',
    ],
    [
      { initContainers: [{ name: 'i', volumeMounts: [{ name: 'writ-data', mountPath: '/d' }] }] },
      'spec.initContainers[0].volumeMounts[0]: writ-data belongs to the sidecar alone',
    ],
    [
      container({ securityContext: { runAsUser: 64_999 } }),
      `spec.containers[0].securityContext.${user}`,
    ],
    [{ securityContext: { runAsUser: 64_999 } }, `spec.securityContext.${user}`],
    [
      { volumes: [{ name: 'mine', projected: { sources: [source] } }] },
      'spec.volumes[0].projected.sources[0]: tokens for the audience writ are for the sidecar alone',
    ],
    [
      { ephemeralContainers: [{ name: 'debug', volumeMounts: [mount] }] },
      'spec.ephemeralContainers[0].volumeMounts[0]: writ-token belongs to the sidecar alone',
    ],
    [
      { ephemeralContainers: [{ name: 'debug', targetContainerName: 'writ-proxy' }] },
      'spec.ephemeralContainers[0].targetContainerName: the processes of writ-proxy are not to be looked at',
    ],
    [
      { ephemeralContainers: [{ name: 'writ-proxy' }] },
      'spec.ephemeralContainers[0].name: writ-proxy is the name of a container that Writ adds, choose another one',
    ],
  ]
  for (const [spec, said] of cases) t.strictSame(refusal(podWith(spec)), [said])
  const harmless = { serviceAccountToken: { audience: 'vault', path: 't' } }
  t.strictSame(
    refusal(podWith({ volumes: [{ name: 'mine', projected: { sources: [harmless] } }] })),
    [],
  )
})

t.test('a locked pod begins with the lock', async t => {
  const pod = podWith(
    { containers: [{ name: 'agent', securityContext: confined }] },
    { annotations: { 'writ.dev/egress': 'locked' } },
  )
  const { spec } = inject(pod)
  t.strictSame(
    spec?.initContainers?.map(({ name }) => name),
    ['writ-egress-lock', 'writ-proxy'],
  )
  t.strictSame(spec?.initContainers?.[1], sidecar)
  const [lock] = spec?.initContainers ?? []
  t.match(lock, {
    image: 'example.com/writ-egress-lock:1',
    command: ['nft'],
    securityContext: {
      runAsUser: 0,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
    },
  })
  t.match(
    lock?.args?.join(),
    /policy drop .* oifname "lo" accept .* meta skuid 64999 accept .* reject/,
  )
  t.strictSame(inject(podWith({ containers: pod.spec!.containers }), lockingNeeds).spec, spec)
})

t.test('a locked pod cannot have what would undo the lock', async t => {
  const locked = (securityContext: object | undefined, spec: object = {}) =>
    refusal(
      podWith({
        containers: [{ name: 'agent', ...(securityContext && { securityContext }) }],
        ...spec,
      }),
      lockingNeeds,
    )
  const at = 'spec.containers[0].securityContext'
  const user = `${at}.runAsUser: a locked pod says as which user each container runs`
  const rise = `${at}.allowPrivilegeEscalation: write false, as a locked pod needs it`
  const drop = `${at}.capabilities.drop: write [ALL], as a locked pod needs it`
  t.strictSame(locked(confined), [])
  t.strictSame(locked(undefined), [user, rise, drop])
  t.strictSame(locked({ ...confined, runAsUser: undefined }), [user])
  t.strictSame(
    locked({ ...confined, runAsUser: undefined }, { securityContext: { runAsUser: 0 } }),
    [],
  )
  t.strictSame(locked({ ...confined, allowPrivilegeEscalation: true }), [rise])
  t.strictSame(locked({ ...confined, capabilities: { drop: ['SETUID'] } }), [drop])
  t.strictSame(
    locked({ ...confined, capabilities: { drop: ['all'], add: ['NET_BIND_SERVICE'] } }),
    [],
  )
  for (const capability of ['NET_ADMIN', 'SETUID', 'SYS_ADMIN', 'ALL']) {
    t.strictSame(
      locked({ ...confined, capabilities: { drop: ['ALL'], add: [`CAP_${capability}`] } }),
      [`${at}.capabilities.add: a container of a locked pod cannot have ${capability}`],
    )
  }
  t.strictSame(locked({ ...confined, privileged: true }), [
    `${at}.privileged: a container of a locked pod cannot be privileged`,
  ])
  t.strictSame(locked({ ...confined, procMount: 'Unmasked' }), [
    `${at}.procMount: a container of a locked pod cannot have Unmasked`,
  ])
  t.strictSame(locked(confined, { volumes: [{ name: 'node', hostPath: { path: '/' } }] }), [
    'spec.volumes[0].hostPath: a locked pod cannot have files of its node',
  ])
  t.strictSame(locked(confined, { initContainers: [{ name: 'early' }] }).length, 3)
  t.strictSame(locked(confined, { ephemeralContainers: [{ name: 'debug' }] }).length, 3)
})

t.test('a pod can ask to be locked, and not to be open', async t => {
  const at = 'metadata.annotations["writ.dev/egress"]:'
  const containers = [{ name: 'agent', securityContext: confined }]
  const asking = (egress: string) =>
    podWith({ containers }, { annotations: { 'writ.dev/egress': egress } })
  t.strictSame(refusal(asking('open'), lockingNeeds), [`${at} the only value is "locked"`])
  t.strictSame(refusal(asking('open')), [`${at} the only value is "locked"`])
  const { settings } = needs
  const without = { ...needs, settings: { ...settings, egress: { lockAll: false, image: null } } }
  t.strictSame(refusal(asking('locked'), without), [
    `${at} this installation has no image that locks pods`,
  ])
  t.strictSame(refusal(podWith(), without), [])
})
