import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { AdmittedObject } from '../../controller/admission/admission-request.ts'
import type { Container, Pod } from '../../controller/admission/injection/pod.ts'
import { confined } from '../controller/admission/pods.ts'
import { served } from '../controller/admission/served.ts'
import type { ApiServer } from './api-server.ts'
import { expectDone } from './approval-world.ts'
import { freePort } from './free-port.ts'
import { hookedWorld } from './hooked-world.ts'
import { call, modelPolicy, scripted, until } from './policy-world.ts'
import { dataFolder, started, type WritProcess } from './writ-process.ts'

const containers = [{ name: 'agent', image: 'example.com/agent:1' }]

/** Makes a pod of `team-a` that asks for a sidecar; what else it is comes on top. */
async function create(
  { ask }: ApiServer,
  name: string,
  { spec = {}, labels = {}, annotations = {}, namespace = 'team-a' }: Partial<Asked> = {},
): ReturnType<ApiServer['ask']> {
  return ask('POST', `/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'writ.dev/inject': 'true', ...labels }, annotations },
    spec: { containers, ...spec },
  })
}

interface Asked {
  readonly spec: object
  readonly labels: object
  readonly annotations: object
  readonly namespace: string
}

/** What the API server says against it; `done` when nothing. */
async function said(answer: ReturnType<ApiServer['ask']>): Promise<string> {
  const { status, body } = await answer
  return status < 300 ? 'done' : body.message.replace(/^.*denied the request: /s, '')
}

const no = (objection: string) => `this pod cannot have the sidecar of Writ:\n  - ${objection}`

const names = (parts: readonly { readonly name: string }[] = []) => parts.map(({ name }) => name)

t.test('a pod', async t => {
  const { api, serve } = await hookedWorld(t, ['team-a'])
  const controller = await serve(t)
  const patch = (name: string, operations: readonly object[], more = '') =>
    api.ask(
      'PATCH',
      `/api/v1/namespaces/team-a/pods/${name}${more}`,
      operations,
      'application/json-patch+json',
    )

  await t.test('that asks for a sidecar comes back with it, first of all', async t => {
    const early = { name: 'early', image: 'example.com/early:1' }
    const { status, body } = await create(api, 'agent', { spec: { initContainers: [early] } })
    t.equal(status, 201)
    const { spec, metadata } = body as Required<Pod>
    t.strictSame(names(spec.initContainers), ['writ-proxy', 'early'])
    t.match(spec.initContainers?.[0], { image: 'example.com/writ:1', restartPolicy: 'Always' })
    t.strictSame(Object.keys(metadata.annotations ?? {}), ['writ.dev/injected'])
    t.strictSame(names(spec.volumes).slice(1), ['writ-token', 'writ-data'])
    for (const { env } of [...(spec.initContainers ?? []).slice(1), ...spec.containers]) {
      t.strictSame(names(env), ['OPENAI_BASE_URL', 'ANTHROPIC_BASE_URL', 'WRIT_MCP_URL'])
    }
  })

  await t.test(
    'that does not ask is left alone, as is one of the controller’s namespace',
    async t => {
      const { body } = await create(api, 'plain', { labels: { 'writ.dev/inject': 'no' } })
      t.strictSame([names(body.spec.initContainers), names(body.spec.containers[0].env)], [[], []])
      const own = await create(api, 'own', { namespace: 'writ-system' })
      t.strictSame([own.status, names(own.body.spec.initContainers)], [201, []])
    },
  )

  await t.test('that wants out is refused', async t => {
    const user = 'runAsUser: 64999 is the user of the sidecar, choose another one'
    t.equal(
      await said(create(api, 'x', { spec: { securityContext: { runAsUser: 64_999 } } })),
      no(`spec.securityContext.${user}`),
    )
    t.match(
      await said(create(api, 'x', { spec: { hostNetwork: true } })),
      no('spec.hostNetwork: a pod with a sidecar cannot have it'),
    )
    t.match(
      await said(
        create(api, 'x', { spec: { hostAliases: [{ ip: '10.9.9.9', hostnames: ['a'] }] } }),
      ),
      no('spec.hostAliases: remove them'),
    )
    t.match(
      await said(create(api, 'x', { spec: { volumes: [{ name: 'writ-token', emptyDir: {} }] } })),
      no('spec.volumes[0].name: writ-token is a name that Writ uses'),
    )
  })

  await t.test('that has its sidecar keeps it', async t => {
    const inject =
      'metadata.labels["writ.dev/inject"]: it cannot be changed on a pod with a sidecar'
    const path = '/metadata/labels/writ.dev~1inject'
    t.equal(await said(patch('agent', [{ op: 'remove', path }])), no(inject))
    t.equal(await said(patch('agent', [{ op: 'replace', path, value: 'no' }])), no(inject))
    t.equal(
      await said(
        patch('agent', [{ op: 'add', path: '/metadata/labels/writ.dev~1agent', value: 'boss' }]),
      ),
      no('metadata.labels["writ.dev/agent"]: it cannot be changed on a pod with a sidecar'),
    )
    const image = { op: 'replace', path: '/spec/initContainers/0/image', value: 'example.com/evil' }
    t.equal(
      await said(patch('agent', [image])),
      no('spec.initContainers: writ-proxy cannot be changed; create the pod again to renew it'),
    )
    const other = { ...image, path: '/spec/containers/0/image' }
    t.equal(await said(patch('agent', [other])), 'done', 'the rest of it is its own')
    t.equal(
      await said(patch('plain', [{ op: 'replace', path, value: 'true' }])),
      no('metadata.labels["writ.dev/inject"]: a sidecar is added only to a pod that is new'),
    )
  })

  await t.test('lets nobody in who looks at the sidecar', async t => {
    const debug = (container: object) => {
      const value = [{ name: 'debug', image: 'example.com/debug', ...container }]
      return said(
        patch(
          'agent',
          [{ op: 'add', path: '/spec/ephemeralContainers', value }],
          '/ephemeralcontainers',
        ),
      )
    }
    const at = 'spec.ephemeralContainers[0]'
    t.equal(
      await debug({ targetContainerName: 'writ-proxy' }),
      no(`${at}.targetContainerName: the processes of writ-proxy are not to be looked at`),
    )
    t.equal(
      await debug({ volumeMounts: [{ name: 'writ-token', mountPath: '/t' }] }),
      no(`${at}.volumeMounts[0]: writ-token belongs to the sidecar alone`),
    )
    t.match(await debug({ securityContext: { runAsUser: 64_999 } }), /is the user of the sidecar/)
    t.equal(await debug({ targetContainerName: 'agent' }), 'done')
  })

  await t.test('can be locked, and then holds nothing that opens it', async t => {
    const annotations = { 'writ.dev/egress': 'locked' }
    t.match(await said(create(api, 'x', { annotations })), /runAsUser: a locked pod says/)
    const spec = { containers: [{ ...containers[0], securityContext: confined }] }
    const { body } = await create(api, 'locked', { annotations, spec })
    t.strictSame(names(body.spec.initContainers), ['writ-egress-lock', 'writ-proxy'])
    const open = { op: 'remove', path: '/metadata/annotations/writ.dev~1egress' }
    t.equal(await said(patch('locked', [open])), 'done')
    const debug = { name: 'debug', image: 'example.com/debug' }
    const add = { op: 'add', path: '/spec/ephemeralContainers', value: [debug] }
    t.match(await said(patch('locked', [add], '/ephemeralcontainers')), /a locked pod needs it/)
  })

  await t.test('has the sidecar as it is meant, whatever other webhooks do to it', async t => {
    const injector = await otherInjector(t, api)
    const [proxy] = (await create(api, 'twice')).body.spec.initContainers as Container[]
    const given = ['WRIT_AGENT', 'WRIT_CONTROLLER_KEY', 'NODE_OPTIONS', 'MALLOC_ARENA_MAX']
    t.strictSame(names(proxy?.env), given)
    t.equal(injector.asked(), 1, 'it was there')
    await injector.insist()
    await until(async () => (await said(create(api, 'thrice'))) !== 'done')
    t.match(
      await said(create(api, 'thrice')),
      no('spec.initContainers[0]: writ-proxy is not there as Writ adds it'),
    )
  })

  await t.test('is not let in without its sidecar while no controller runs', async t => {
    await controller.stop()
    t.match(await create(api, 'alone'), {
      status: 500,
      body: { message: /failed calling webhook/ },
    })
    t.match(await create(api, 'free', { labels: { 'writ.dev/inject': 'no' } }), { status: 201 })
    const note = { op: 'add', path: '/metadata/annotations/note', value: 'seen' }
    t.equal(await said(patch('agent', [note])), 'done')
    t.match(
      await said(patch('agent', [{ op: 'remove', path: '/metadata/labels' }])),
      /failed calling/,
    )
    t.match(await api.ask('DELETE', '/api/v1/namespaces/team-a/pods/agent'), { status: 200 })
  })
})

/** A webhook of somebody else that puts a variable into every sidecar, once or each time it may. */
async function otherInjector(t: Test, api: ApiServer) {
  let asked = 0
  const value = { name: 'EVIL', value: '1' }
  const { url, authority } = await served(t, {
    '/evil': ({ object }) => {
      asked++
      const spec = object?.spec as AdmittedObject & {
        readonly initContainers: readonly Container[]
      }
      const [proxy] = spec.initContainers
      const isThere = proxy?.env?.some(({ name }) => name === value.name)
      const patch = isThere
        ? []
        : [{ op: 'add', path: '/spec/initContainers/0/env/-', value } as const]
      return { kind: 'allowed', warnings: [], patch }
    },
  })
  const apply = (reinvocationPolicy: string) => {
    const clientConfig = {
      url: new URL('/evil', url).href,
      caBundle: Buffer.from(authority.cert).toString('base64'),
    }
    const webhook = {
      ...{ name: 'evil.example.com', clientConfig, reinvocationPolicy, sideEffects: 'None' },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] },
      ],
      objectSelector: { matchLabels: { 'writ.dev/inject': 'true' } },
      admissionReviewVersions: ['v1'],
    }
    const kind = 'MutatingWebhookConfiguration'
    const object = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: 'zz' } }
    const input = JSON.stringify({ ...object, webhooks: [webhook] })
    return expectDone(api.kubectl(['apply', '-f', '-'], { input }))
  }
  await apply('Never')
  // It takes the API server a moment to see a new webhook.
  await until(async () => {
    await create(api, 'probe')
    await api.ask('DELETE', '/api/v1/namespaces/team-a/pods/probe?gracePeriodSeconds=0')
    return asked > 0
  })
  asked = 0
  return { asked: () => asked, insist: () => apply('IfNeeded') }
}

t.test('a sidecar holds its agent to the table of its namespace', async t => {
  const world = await hookedWorld(t, ['team-a', 'team-b'])
  const { api, put, serve, ports } = world
  const port = await freePort()
  const controller = `http://127.0.0.1:${port}`
  await serve(t, { controller, args: ['--port', `${port}`] })
  for (const [namespace, model] of [
    ['team-a', 'parrot'],
    ['team-b', 'owl'],
  ] as const) {
    await put('Agent', namespace, 'clerk', {})
    await put('ModelProvider', namespace, 'trial', scripted)
    await put('AccessPolicy', namespace, 'guard', modelPolicy({ action: 'allow' }, model))
    await create(api, 'agent', { namespace, labels: { 'writ.dev/agent': 'clerk' } })
  }

  for (const [namespace, answers] of [
    ['team-a', [200, 'policy_denied']],
    ['team-b', ['policy_denied', 200]],
  ] as const) {
    await t.test(`in ${namespace}`, async t => {
      const proxy = await sidecarOf(t, api, namespace, 'agent')
      t.equal(proxy.url.port, `${ports.port}`)
      const ready = async () => (await fetch(`http://127.0.0.1:${ports.probePort}/readyz`)).status
      await until(async () => (await ready()) === 200)
      await until(async () => [200, 'policy_denied'].includes(await asks(proxy, 'parrot')))
      t.strictSame([await asks(proxy, 'parrot'), await asks(proxy, 'owl')], answers)
      t.equal(await call(proxy, 'parrot', 'a-key-that-nobody-has'), 401)
      await proxy.stop()
    })
  }
})

/** What a request without a key gets, as the other containers of the pod send it: the status, or why it is refused. */
async function asks(proxy: WritProcess, model: string): Promise<number | string> {
  const answer = await fetch(new URL('/openai/v1/chat/completions', proxy.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] }),
  })
  const { error } = Object(await answer.json())
  return error === undefined ? answer.status : String(error.code ?? error.type)
}

/** Runs the sidecar of a pod as the kubelet would: its arguments, its environment, its volumes as folders here. */
async function sidecarOf(t: Test, api: ApiServer, namespace: string, name: string) {
  const { spec } = (await api.ask('GET', `/api/v1/namespaces/${namespace}/pods/${name}`)).body
  const proxy: Container = spec.initContainers.find(
    (found: Container) => found.name === 'writ-proxy',
  )
  const folder = dataFolder(t)
  const { serviceAccountToken } = spec.volumes.find(
    (volume: { name: string }) => volume.name === 'writ-token',
  ).projected.sources[0]
  const token = await expectDone(
    api.kubectl([
      ...['create', 'token', spec.serviceAccountName, '-n', namespace],
      ...['--audience', serviceAccountToken.audience, '--bound-object-kind', 'Pod'],
      ...['--bound-object-name', name, '--duration', `${serviceAccountToken.expirationSeconds}s`],
    ]),
  )
  const mounts = proxy.volumeMounts ?? []
  for (const { mountPath } of mounts) mkdirSync(join(folder, mountPath), { recursive: true })
  const tokenFolder = mounts.find(mount => mount.name === 'writ-token')?.mountPath ?? ''
  writeFileSync(join(folder, tokenFolder, serviceAccountToken.path), token.trim())
  const here = (argument: string) =>
    mounts.reduce(
      (text, { mountPath }) => text.replace(mountPath, join(folder, mountPath)),
      argument,
    )
  const env = Object.fromEntries((proxy.env ?? []).map(({ name, value = '' }) => [name, value]))
  return started(t, (proxy.args ?? []).map(here), env, 'proxy')
}
