import { existsSync, globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { type ApiServer, apiServer } from './api-server.ts'
import { releaseOf } from './assets/programs.ts'
import type { Pair } from './authority.ts'
import { installCrds } from './install-crds.ts'

const root = join(import.meta.dirname, '../..')
const kinds = globSync('crds/*.yaml', { cwd: root }).map(path =>
  parseAllDocuments(readFileSync(join(root, path), 'utf8'))[0]!.toJS(),
)

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'agent' },
  spec: { containers: [{ name: 'agent', image: 'example.com/agent' }] },
}

/** What a token says of whom it is for, by the server. */
async function review(api: ApiServer, token: string, audience: string) {
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  }
  return (await api.ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', body)).body.status
}

/** A webhook that gives everything one label. */
async function labelling(t: Test, { certFile, keyFile }: Pair): Promise<{ port: number }> {
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const patch = [{ op: 'add', path: '/metadata/labels', value: { labelled: 'yes' } }]
  const server = createServer(options, async (request, response) => {
    const { uid } = ((await json(request)) as { request: { uid: string } }).request
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
        },
      }),
    )
  })
  t.teardown(
    () =>
      new Promise(resolve => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port }
}

t.test('a server that a test started', async t => {
  const api = await apiServer(t)
  await installCrds(api)

  await t.test('is of the release that go.mod names', async t => {
    const { stdout } = await api.kubectl(['version', '-o', 'json'])
    const { clientVersion, serverVersion } = JSON.parse(stdout)
    const release = releaseOf('k8s.io/kubernetes')
    t.strictSame([clientVersion.gitVersion, serverVersion.gitVersion], [release, release])
    t.match((await api.helm(['version', '--short'])).stdout, releaseOf('helm.sh/helm/v4'))
  })

  await t.test('serves every kind of Writ, by all of its names', async t => {
    const { stdout } = await api.kubectl(['api-resources', '--api-group=writ.dev', '-o', 'name'])
    const names = kinds.map(({ metadata }) => metadata.name)
    t.strictSame(stdout.trim().split('\n').sort(), names.sort())
    for (const { spec } of kinds) {
      const explained = await api.kubectl(['explain', `${spec.names.plural}.spec`])
      t.match(explained.stdout, `KIND:       ${spec.names.kind}`)
    }
  })

  await t.test('explains what a policy may say', async t => {
    const { stdout } = await api.kubectl(['explain', 'accesspolicies.spec'])
    t.match(stdout, /^FIELDS:$[\s\S]*^ {2}mode\t<string>$\s^ {2}enum: enforce, observe$/m)
  })

  await t.test('takes a document of the quickstart and fills in what it leaves out', async t => {
    const file = join(root, 'examples/quickstart/everything.yaml')
    const applied = await api.kubectl(['apply', '--server-side', '-f', file])
    t.strictSame(applied, {
      code: 0,
      stdout: 'accesspolicy.writ.dev/everything serverside-applied\n',
      stderr: '',
    })
    const path = '/apis/writ.dev/v1alpha1/namespaces/default/accesspolicies/everything'
    t.match((await api.ask('GET', path)).body, {
      metadata: { generation: 1 },
      spec: { mode: 'enforce' },
    })
  })

  await t.test('refuses what a rule of the kind forbids, with its words', async t => {
    const broken = {
      apiVersion: 'writ.dev/v1alpha1',
      kind: 'ToolServer',
      metadata: { name: 'broken' },
      spec: { transport: 'stdio', url: 'http://example.com/mcp' },
    }
    const { code, stderr } = await api.kubectl(['apply', '--server-side', '-f', '-'], {
      input: JSON.stringify(broken),
    })
    t.equal(code, 1)
    t.match(stderr, 'transport stdio needs command and no url')
  })

  await t.test('forbids what nobody granted, and lets a role in', async t => {
    const as = api.user('ana', 'reviewers')
    const read = () => api.kubectl(['get', 'accesspolicies', '-o', 'name'], { as })
    t.match(await read(), { code: 1, stderr: /^Error from server \(Forbidden\): .*User "ana"/ })
    for (const granted of [
      ['create', 'role', 'reader', '--verb=get,list', '--resource=accesspolicies.writ.dev'],
      ['create', 'rolebinding', 'reader', '--role=reader', '--group=reviewers'],
    ]) {
      t.match(await api.kubectl(granted), { code: 0 })
    }
    t.match(await read(), { code: 0, stdout: 'accesspolicy.writ.dev/everything\n' })
    t.match(await api.kubectl(['get', 'nodes'], { as }), { code: 1 })
  })

  await t.test('knows a token by its audience and its pod, until the pod is gone', async t => {
    await api.namespace('team')
    const made = await api.ask('POST', '/api/v1/namespaces/team/pods', pod)
    t.match(made, { status: 201, body: { spec: { serviceAccountName: 'default' } } })
    const bound = ['--bound-object-kind=Pod', '--bound-object-name=agent']
    const create = ['create', 'token', 'default', '-n', 'team', '--audience=writ', ...bound]
    const token = (await api.kubectl(create)).stdout.trim()
    t.match(await review(api, token, 'writ'), {
      authenticated: true,
      audiences: ['writ'],
      user: {
        username: 'system:serviceaccount:team:default',
        extra: { 'authentication.kubernetes.io/pod-name': ['agent'] },
      },
    })
    t.not((await review(api, token, 'other')).authenticated, true)
    t.not((await review(api, `${token.slice(0, -4)}AAAA`, 'writ')).authenticated, true)
    const path = '/api/v1/namespaces/team/pods/agent?gracePeriodSeconds=0'
    t.match(await api.ask('DELETE', path), { status: 200 })
    // The server believes a token that it has just seen for ten seconds more.
    let last = await review(api, token, 'writ')
    while (last.authenticated) {
      await after(500)
      last = await review(api, token, 'writ')
    }
    t.match(last.error, /invalid bearer token/)
  })

  await t.test('enforces admission policies written in CEL', async t => {
    const meta = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      metadata: { name: 'no-observing' },
    }
    const rules = [
      {
        apiGroups: ['writ.dev'],
        apiVersions: ['*'],
        operations: ['CREATE'],
        resources: ['accesspolicies'],
      },
    ]
    const expression = `object.spec.mode != 'observe' || request.userInfo.username != 'admin'`
    const documents = [
      {
        ...meta,
        kind: 'ValidatingAdmissionPolicy',
        spec: {
          matchConstraints: { resourceRules: rules },
          validations: [{ expression, message: 'admin does not only observe' }],
        },
      },
      {
        ...meta,
        kind: 'ValidatingAdmissionPolicyBinding',
        spec: { policyName: 'no-observing', validationActions: ['Deny'] },
      },
    ]
    const input = documents.map(document => JSON.stringify(document)).join('\n---\n')
    t.match(await api.kubectl(['apply', '-f', '-'], { input }), { code: 0 })
    const policies = '/apis/writ.dev/v1alpha1/namespaces/default/accesspolicies?dryRun=All'
    const observing = {
      apiVersion: 'writ.dev/v1alpha1',
      kind: 'AccessPolicy',
      metadata: { name: 'observing' },
      spec: { mode: 'observe' },
    }
    let answer = await api.ask('POST', policies, observing)
    while (answer.status === 201) {
      await after(100)
      answer = await api.ask('POST', policies, observing)
    }
    t.match(answer, { status: 422, body: { message: /admin does not only observe/ } })
  })

  await t.test('calls a webhook on this machine by the name of a service', async t => {
    const hook = await labelling(t, api.certificate('DNS:hook.default.svc'))
    const service = { name: 'hook', namespace: 'default', port: hook.port, path: '/label' }
    const meta = (kind: string) => ({ kind, metadata: { name: 'hook' } })
    const documents = [
      {
        apiVersion: 'v1',
        ...meta('Service'),
        spec: { type: 'ExternalName', externalName: 'localhost' },
      },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        ...meta('MutatingWebhookConfiguration'),
        webhooks: [
          {
            name: 'hook.writ.dev',
            clientConfig: { service, caBundle: Buffer.from(api.ca).toString('base64') },
            rules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
            ],
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
          },
        ],
      },
    ]
    const input = documents.map(document => JSON.stringify(document)).join('\n---\n')
    t.match(await api.kubectl(['apply', '-f', '-'], { input }), { code: 0 })
    const path = '/api/v1/namespaces/default/pods?dryRun=All'
    const make = async () => (await api.ask('POST', path, pod)).body.metadata.labels
    let labels = await make()
    while (labels === undefined) {
      await after(100)
      labels = await make()
    }
    t.strictSame(labels, { labelled: 'yes' })
    t.match(await api.kubectl(['delete', 'mutatingwebhookconfiguration', 'hook']), { code: 0 })
  })

  await t.test('keeps what it was told when it is restarted', async t => {
    await api.restart(async () => {
      await t.rejects(api.ask('GET', '/readyz'), { code: 'ECONNREFUSED' })
    })
    const { stdout } = await api.kubectl(['get', 'accesspolicies', '-o', 'name'])
    t.equal(stdout, 'accesspolicy.writ.dev/everything\n')
  })

  await t.test('answers nothing while it is paused', async t => {
    api.pause()
    const asked = api.ask('GET', '/readyz')
    const first = await Promise.race([asked, after(1000, 'silence')])
    api.resume()
    t.equal(first, 'silence')
    t.match(await asked, { status: 200 })
  })
})

t.test('a server with controllers ends namespaces and what is owned', async t => {
  const api = await apiServer(t, { controllers: true })
  const { stdout } = await api.kubectl(['create', 'namespace', 'team'])
  t.equal(stdout, 'namespace/team created\n')
  const accounts = ['-n', 'team', '--for=create', '--timeout=60s', 'serviceaccount/default']
  t.match(await api.kubectl(['wait', ...accounts]), { code: 0 })
  t.match(await api.ask('POST', '/api/v1/namespaces/team/pods', pod), { status: 201 })
  const ended = await api.kubectl(['delete', 'namespace', 'team', '--timeout=60s'])
  t.match(ended, { code: 0, stdout: 'namespace "team" deleted\n' })
  t.equal((await api.ask('GET', '/api/v1/namespaces/team/pods/agent')).status, 404)
})

t.test('nothing of a server is left when its test has ended', async t => {
  const folders: string[] = []
  await t.test('a test', async t => {
    folders.push((await apiServer(t)).folder)
  })
  t.strictSame(folders.map(existsSync), [false])
})
