import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { kinds } from '../../schemas/kinds.ts'
import { type ApiServer, apiServer } from './api-server.ts'

const root = join(import.meta.dirname, '../..')
const chart = join(root, 'charts/writ')
const system = 'writ-system'
const controller = `system:serviceaccount:${system}:writ-controller`
const written = kinds.filter(kind => kind.served).map(kind => kind.plural)

interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
  }
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes out as it is
  readonly [field: string]: any
}

async function helm(t: Test, api: ApiServer, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await api.helm(args)
  if (code !== 0) t.fail(`helm ${args.join(' ')}: ${stderr}`)
  return stdout
}

async function kubectl(t: Test, api: ApiServer, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await api.kubectl(args)
  if (code !== 0) t.fail(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

function parsed(text: string): Rendered[] {
  return parseAllDocuments(text).flatMap(document => document.toJS() ?? [])
}

/** Rejected values, as Helm says it. */
async function refusal(api: ApiServer, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await api.helm(['template', 'writ', chart, '-n', system, ...args])
  return code === 0 ? 'not refused' : stderr.replaceAll(/^level=.*\n/gm, '')
}

const highlyAvailable = ['--set', 'replicas=2,database.existingSecret=writ-database']
const operators = [
  ...highlyAvailable,
  ...['--set', 'webhooks.certificate.from=cert-manager,serviceMonitor.enabled=true'],
  ...['--set', 'serviceMonitor.labels.release=prometheus,injection.egress.lockAll=true'],
  ...['--set', 'secrets.readable[0].namespace=office,secrets.readable[0].names={smtp,slack}'],
  ...['--set', 'networkPolicy.egress[0].ports[0].port=443,publicUrl=https://writ.example.com'],
]
const least = [
  ...['--set', 'injection.enabled=false,webhooks.validating.enabled=false,people.create=false'],
  ...['--set', 'approvals.admissionPolicy.enabled=false,networkPolicy.enabled=false'],
  ...['--set', 'runAsUser=null,keys.existingSecret=mine,database.embedded.existingClaim=claim'],
]

/** Kinds of operators that are not part of Kubernetes, with any fields. */
function stranger(group: string, kind: string, version: string): object {
  const plural = `${kind.toLowerCase()}s`
  const names = { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` }
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const versions = [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }]
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: { group, names, scope: 'Namespaced', versions },
  }
}

const dashboard = ['--set', 'dashboards.enabled=true']

const strangers = [
  stranger('cert-manager.io', 'Certificate', 'v1'),
  stranger('cert-manager.io', 'Issuer', 'v1'),
  stranger('monitoring.coreos.com', 'ServiceMonitor', 'v1'),
]

t.test('the chart', async t => {
  const api = await apiServer(t)
  await api.namespace(system)
  await api.namespace('office')
  const install = ['writ', chart, '-n', system]
  const secret = async (name: string): Promise<Readonly<Record<string, string>>> =>
    (await api.ask('GET', `/api/v1/namespaces/${system}/secrets/${name}`)).body.data ?? {}

  await t.test('passes the linter, also when it must be strict', async t => {
    for (const values of [[], highlyAvailable, operators, least, dashboard]) {
      t.match(await helm(t, api, 'lint', '--strict', chart, ...values), /1 chart\(s\) linted, 0 /)
    }
  })

  await t.test('is one archive with every kind in it', async t => {
    await helm(t, api, 'package', chart, '-d', api.folder)
    const archive = join(api.folder, 'writ-0.1.0.tgz')
    const names = parsed(await helm(t, api, 'show', 'crds', archive)).map(crd => crd.spec.names)
    const plurals = names.map(({ plural }) => plural).sort()
    t.strictSame(plurals, [...written, 'approvalrequests'].sort())
  })

  await t.test('is taken by the API server as it comes out, whatever the values', async t => {
    await kubectl(t, api, 'apply', '--server-side', '-f', join(root, 'crds'))
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: strangers })
    t.equal((await api.kubectl(['apply', '-f', '-'], { input })).code, 0)
    await kubectl(t, api, 'wait', '--for=condition=Established', 'crd', '--all')
    for (const values of [[], highlyAvailable, operators, least, dashboard]) {
      const text = await helm(t, api, 'template', ...install, ...values)
      const { code, stderr } = await api.kubectl(['apply', '--dry-run=server', '-f', '-'], {
        input: text,
      })
      t.strictSame([code, stderr], [0, ''], values.join(' '))
    }
  })

  await t.test('pods of the controller fit the strictest profile', async t => {
    await api.namespace('strict', { 'pod-security.kubernetes.io/enforce': 'restricted' })
    for (const values of [[], operators, least]) {
      const text = await helm(t, api, 'template', ...install, ...values)
      const { spec } = parsed(text).find(({ kind }) => kind === 'Deployment')!
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'controller', namespace: 'strict' },
        spec: { ...spec.template.spec, serviceAccountName: 'default' },
      }
      const answer = await api.ask('POST', '/api/v1/namespaces/strict/pods?dryRun=All', pod)
      t.equal(answer.status, 201, answer.body.message)
    }
  })

  await t.test('is installed, upgraded and rolled back without new keys', async t => {
    await helm(t, api, 'install', ...install)
    const made = await secret('writ-keys')
    t.match(Object.keys(made).sort(), [
      ...['admin-token', 'checkpoint-key.pem', 'proxy-token', 'signing-key.pem'],
    ])
    t.match(text(made['signing-key.pem']), /^-----BEGIN PRIVATE KEY-----\n/)
    t.match(text(made['admin-token']), /^[A-Za-z0-9]{48}$/)
    t.not(made['admin-token'], made['proxy-token'])
    // As the controller does when it has made them.
    const path = `/api/v1/namespaces/${system}/secrets/writ-webhook-certificates`
    const data = { 'tls.crt': Buffer.from('a certificate').toString('base64') }
    const body = { ...(await api.ask('GET', path)).body, data }
    t.equal((await api.ask('PUT', path, body)).status, 200)
    await helm(t, api, 'upgrade', ...install, '--set', 'podLabels.tier=security')
    await helm(t, api, 'rollback', 'writ', '1', '-n', system)
    t.strictSame(await secret('writ-keys'), made)
    t.strictSame(await secret('writ-webhook-certificates'), data)
    t.match(await helm(t, api, 'get', 'notes', 'writ', '-n', system), /kubectl get writ -A/)
  })

  await t.test('the controller may do this, and nothing else', async t => {
    const extra = async (namespace: string) => {
      const every = await rulesIn(api, await account(t, api, 'default'), namespace)
      const its = await rulesIn(api, await account(t, api, 'writ-controller'), namespace)
      return its.filter(rule => !every.includes(rule))
    }
    t.strictSame(await extra('shop'), everywhere)
    t.strictSame(await extra(system), [...everywhere, ...inItsNamespace].sort())
  })

  await t.test('what the controller may not do, in the words of kubectl', async t => {
    for (const question of forbidden) {
      const args = ['auth', 'can-i', ...question.split(' '), '--as', controller]
      const { code, stdout } = await api.kubectl(args)
      t.strictSame([code, stdout], [1, 'no\n'], question)
    }
  })

  await t.test('people may do what their role says', async t => {
    for (const [role, may, mayNot] of roles) {
      const as = api.user(`with-${role}`)
      const binding = ['create', 'rolebinding', role, `--clusterrole=${role}`]
      await kubectl(t, api, ...binding, `--user=with-${role}`, '-n', system)
      for (const question of [...may, ...mayNot]) {
        const args = ['auth', 'can-i', ...question.split(' '), '-n', system]
        const { stdout } = await api.kubectl(args, { as })
        t.equal(stdout, may.includes(question) ? 'yes\n' : 'no\n', `${role}: ${question}`)
      }
    }
  })

  await t.test('roles of Kubernetes contain them only as the values say', async t => {
    const aggregated = async (...values: readonly string[]) => {
      const objects = parsed(await helm(t, api, 'template', ...install, ...values))
      const labels = objects.flatMap(({ kind, metadata }) =>
        kind === 'ClusterRole'
          ? Object.keys(metadata.labels).map(label => [metadata.name, label])
          : [],
      )
      return labels
        .filter(([, label]) => label?.startsWith('rbac.authorization.k8s.io/'))
        .map(([name, label]) => `${name} ${label?.split('/')[1]}`)
    }
    t.strictSame(await aggregated(), ['writ-viewer aggregate-to-view'])
    const aggregate = 'people.aggregate'
    const all = `${aggregate}.viewerToView=false,${aggregate}.editorToEdit=true,${aggregate}.editorToAdmin=true`
    t.strictSame(await aggregated('--set', all), [
      'writ-editor aggregate-to-edit',
      'writ-editor aggregate-to-admin',
    ])
  })

  await t.test('is uninstalled, and what cannot be made again stays', async t => {
    const made = await secret('writ-keys')
    await helm(t, api, 'uninstall', 'writ', '-n', system)
    t.strictSame(await secret('writ-keys'), made)
    const left = await kubectl(t, api, 'get', 'pvc,deployment', '-n', system, '-o', 'name')
    t.equal(left, 'persistentvolumeclaim/writ-data\n')
    const served = await kubectl(t, api, 'api-resources', '--api-group=writ.dev', '-o', 'name')
    t.match(served, 'accesspolicies.writ.dev')
  })

  await t.test('refuses values that mean nothing, and says why', async t => {
    t.match(await refusal(api, '--set', 'replicas=2'), /set database\.existingSecret to a Secret/)
    for (const [values, why] of nonsense) {
      t.match(await refusal(api, '--set', values), why, values)
    }
  })
})

function text(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString()
}

interface Rule {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** Path of a kubeconfig of a service account of the system namespace. */
async function account(t: Test, api: ApiServer, name: string): Promise<string> {
  return api.bearer((await kubectl(t, api, 'create', 'token', name, '-n', system)).trim())
}

/** What somebody may do in a namespace, a line each. */
async function rulesIn(api: ApiServer, as: string, namespace: string): Promise<string[]> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace },
  }
  // To validate it, kubectl would read the kinds of the cluster, which is nothing that the controller may.
  const args = ['create', '--validate=false', '-o', 'json', '-f', '-']
  const { stdout } = await api.kubectl(args, { as, input: JSON.stringify(review) })
  const { status } = JSON.parse(stdout)
  const rules: readonly Rule[] = status.resourceRules
  return rules
    .flatMap(({ verbs, apiGroups, resources, resourceNames = [''] }) =>
      apiGroups.flatMap(group =>
        resources.flatMap(resource =>
          resourceNames.map(name =>
            [group, resource, name, [...verbs].sort().join(',')].filter(Boolean).join(' '),
          ),
        ),
      ),
    )
    .sort()
}

const everywhere = [
  ...written.map(plural => `writ.dev ${plural} get,list,watch`),
  ...written.map(plural => `writ.dev ${plural}/status patch`),
  'writ.dev approvalrequests create,delete,get,list,watch',
  'writ.dev approvalrequests/status update',
  'authentication.k8s.io tokenreviews create',
  'admissionregistration.k8s.io validatingadmissionpolicies writ-approvals get',
  'admissionregistration.k8s.io validatingadmissionpolicybindings writ-approvals get',
  'pods get',
  'namespaces get',
  ...written.map(plural => `apiextensions.k8s.io customresourcedefinitions ${plural}.writ.dev get`),
  'events.k8s.io events create,patch',
  'admissionregistration.k8s.io mutatingwebhookconfigurations writ-injection get,patch',
  'admissionregistration.k8s.io validatingwebhookconfigurations writ-injection get,patch',
  'admissionregistration.k8s.io validatingwebhookconfigurations writ-validation get,patch',
].sort()

const inItsNamespace = [
  'coordination.k8s.io leases create',
  'coordination.k8s.io leases writ-controller get,update',
  'secrets writ-webhook-certificates get,update',
]

const forbidden = [
  'list secrets -A',
  'get secrets -n shop',
  'get secret/writ-keys -n writ-system',
  'create secrets -n writ-system',
  'update secret/writ-webhook-certificates -n shop',
  'create pods -n shop',
  'list pods -n shop',
  'delete pods -n shop',
  'create pods/exec -n shop',
  'create deployments.apps -n writ-system',
  'create serviceaccounts/token -n shop',
  'impersonate users',
  'create accesspolicies.writ.dev -n shop',
  'update accesspolicies.writ.dev -n shop',
  'patch accesspolicies.writ.dev -n shop',
  'delete accesspolicies.writ.dev -n shop',
  'approve approvalworkflows.writ.dev -n shop',
  'patch approvalrequests.writ.dev -n shop',
  'create subjectaccessreviews.authorization.k8s.io',
  'create rolebindings.rbac.authorization.k8s.io -n shop',
  'escalate clusterroles.rbac.authorization.k8s.io',
  'bind clusterroles.rbac.authorization.k8s.io',
  'create validatingwebhookconfigurations.admissionregistration.k8s.io',
  'delete validatingwebhookconfigurations.admissionregistration.k8s.io/writ-validation',
  'patch validatingwebhookconfigurations.admissionregistration.k8s.io/others',
  'patch validatingadmissionpolicies.admissionregistration.k8s.io',
  'update leases.coordination.k8s.io/writ-controller -n kube-system',
  'patch customresourcedefinitions.apiextensions.k8s.io',
  'get nodes',
]

type Questions = readonly string[]

const roles: readonly (readonly [role: string, may: Questions, mayNot: Questions])[] = [
  [
    'writ-viewer',
    ['list accesspolicies.writ.dev', 'watch agents.writ.dev'],
    ['list approvalrequests.writ.dev', 'create accesspolicies.writ.dev', 'get secrets'],
  ],
  [
    'writ-editor',
    ['create accesspolicies.writ.dev', 'delete users.writ.dev', 'patch budgets.writ.dev'],
    [
      'approve approvalworkflows.writ.dev',
      'patch accesspolicies.writ.dev --subresource=status',
      'patch approvalrequests.writ.dev --subresource=status',
    ],
  ],
  [
    'writ-approver',
    [
      'approve approvalworkflows.writ.dev',
      'list approvalrequests.writ.dev',
      'patch approvalrequests.writ.dev --subresource=status',
    ],
    [
      'patch approvalrequests.writ.dev',
      'create approvalrequests.writ.dev',
      'delete approvalrequests.writ.dev',
      'patch approvalworkflows.writ.dev',
      'create users.writ.dev',
    ],
  ],
]

const nonsense: readonly (readonly [values: string, why: RegExp])[] = [
  ['replicas=0', /at '\/replicas': minimum: got 0, want 1/],
  ['replica=2', /additional properties 'replica' not allowed/],
  ['image.name=writ', /at '\/image': additional properties 'name' not allowed/],
  ['image.digest=latest', /at '\/image\/digest': 'latest' does not match pattern/],
  ['database.url=postgres://u:p@db/writ', /at '\/database': additional properties 'url'/],
  ['database.embedded.size=lots', /at '\/database\/embedded\/size'/],
  ['webhooks.validating.failurePolicy=Maybe', /value must be one of 'Ignore', 'Fail'/],
  ['webhooks.certificate.from=thin-air', /value must be one of 'self-signed', 'cert-manager'/],
  ['webhooks.port=443', /at '\/webhooks\/port': minimum: got 443, want 1,?024/],
  ['injection.resources.limit.cpu=1', /additional properties 'limit' not allowed/],
  ['runAsUser=0', /at '\/runAsUser': minimum/],
  ['systemNamespace=Not_A_Name', /at '\/systemNamespace'/],
  ['keys.existingSecret=a/b', /at '\/keys\/existingSecret'/],
  ['publicUrl=writ.example.com', /at '\/publicUrl'/],
]
