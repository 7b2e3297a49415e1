import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { Test } from 'tap'
import { type ApiServer, type ApiServerOptions, apiServer } from './api-server.ts'
import { installCrds } from './install-crds.ts'

/** A cluster with the kinds, the permissions and the admission policy of the chart, and a namespace for a team. */
export interface ApprovalWorld {
  readonly api: ApiServer
  /** Kubeconfig of the service account of the controller. */
  readonly controller: string
  /** Kubeconfig of a person who may look at questions and write on their status, and has `approve` on these workflows. */
  person(name: string, ...workflows: readonly string[]): Promise<string>
}

const chart = join(import.meta.dirname, '../../charts/writ')

/** Starts the cluster; namespaces are `writ-system` and `team-a`. */
export async function approvalWorld(
  t: Test,
  options: ApiServerOptions = {},
): Promise<ApprovalWorld> {
  const api = await apiServer(t, options)
  await installCrds(api)
  for (const name of ['writ-system', 'team-a']) await api.namespace(name)
  const parts = ['service-account', 'controller-rbac', 'people-rbac', 'approval-admission']
  const shown = parts.flatMap(part => ['-s', `templates/${part}.yaml`])
  const helm = ['template', 'writ', chart, '--namespace', 'writ-system', ...shown]
  const rendered = await expectDone(api.helm(helm))
  await expectDone(api.kubectl(['apply', '-f', '-'], { input: rendered }))
  await untilHeld(api)
  const token = ['create', 'token', 'writ-controller', '-n', 'writ-system', '--duration=4h']
  const controller = api.bearer((await expectDone(api.kubectl(token))).trim())
  return {
    api,
    controller,
    async person(name, ...workflows) {
      await expectDone(api.kubectl(['apply', '-f', '-'], { input: permissions(name, workflows) }))
      return api.user(name)
    },
  }
}

/** What a program said, when it did its work; throws what it complained about otherwise. */
export async function expectDone(ended: ReturnType<ApiServer['kubectl']>): Promise<string> {
  const { code, stdout, stderr } = await ended
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** A policy takes the API server a moment to notice. */
async function untilHeld(api: ApiServer): Promise<void> {
  for (;;) {
    const name = { name: 'apr-0000000000000000', namespace: 'team-a' }
    const input = JSON.stringify({ ...question(name.name), metadata: name })
    const made = await api.kubectl(['create', '--dry-run=server', '-f', '-'], { input })
    if (made.stderr.includes('writ-approvals')) return
    await after(100)
  }
}

/** A question as the controller writes it down. */
export function question(name: string, workflows: readonly string[] = ['ask-me']) {
  return {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'ApprovalRequest',
    metadata: { name, namespace: 'team-a' },
    spec: {
      digest: `sha256:${'0'.repeat(64)}`,
      agent: 'fixer',
      apiKey: 'laptop',
      kind: 'tool',
      server: 'files',
      tool: 'create_directory',
      args: '{}',
      workflow: workflows.map(name => name || '(owners)').join(','),
      workflows: workflows.map(name => ({ namespace: 'team-a', name })),
      rule: {},
      requestedAt: '2026-11-21T10:00:00.000Z',
      expiresAt: '2026-11-21T10:05:00.000Z',
    },
  }
}

function permissions(name: string, workflows: readonly string[]): string {
  const metadata = {
    name: `answers-of-${name}`.replaceAll(/[^a-z0-9-]/g, '-'),
    namespace: 'team-a',
  }
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata,
    rules: [
      { apiGroups: ['writ.dev'], resources: ['approvalrequests'], verbs: ['*'] },
      { apiGroups: ['writ.dev'], resources: ['approvalrequests/status'], verbs: ['*'] },
      ...workflows.map(workflow => ({
        apiGroups: ['writ.dev'],
        resources: ['approvalworkflows'],
        verbs: ['approve'],
        ...(workflow !== '*' && { resourceNames: [workflow] }),
      })),
    ],
  }
  const [, namespace, account] = /^system:serviceaccount:(.+):(.+)$/.exec(name) ?? []
  const subject = account
    ? { kind: 'ServiceAccount', name: account, namespace }
    : { kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [subject],
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [role, binding] })
}
