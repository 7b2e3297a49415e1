import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Test } from 'tap'
import { smallServer, tool } from '../proxy/mcp/small-server.ts'
import { approvalWorld, expectDone } from './approval-world.ts'
import { agentSpec, key } from './policy-world.ts'
import {
  dataFolder,
  startController,
  startProxy,
  tokens,
  type WritProcess,
} from './writ-process.ts'

const object = (kind: string, name: string, spec: object) => ({
  apiVersion: 'writ.dev/v1alpha1',
  kind,
  metadata: { name, namespace: 'team-a' },
  spec,
})

const person = (name: string) =>
  object('User', name, { identities: { kubernetes: [`${name}@example.com`] } })

/** Like the quickstart: new folders need a person. */
function policies(url: string): object {
  const items = [
    ...['ana', 'ben', 'cleo'].map(person),
    object('Agent', 'fixer', { ...agentSpec, owner: 'ben' }),
    object('ToolServer', 'files', { url }),
    object('ApprovalWorkflow', 'ask-me', {
      approvers: { users: ['ana', 'ben'] },
      timeout: '10m',
      inlineWait: '4m',
    }),
    object('ApprovalWorkflow', 'two-people', {
      approvers: { users: ['ana', 'cleo'] },
      approvalsRequired: 2,
      timeout: '10m',
      inlineWait: '4m',
    }),
    object('AccessPolicy', 'files', {
      tools: [
        {
          name: 'remove_directory',
          approvalWorkflow: 'two-people',
          rules: [{ name: 'removing-needs-two', action: 'require_approval' }],
        },
        {
          name: 'create_directory',
          approvalWorkflow: 'ask-me',
          rules: [
            {
              name: 'folders-need-a-person',
              action: 'require_approval',
              message: 'A person looks at new folders first.',
            },
          ],
        },
      ],
    }),
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

async function connect(t: Test, { url }: WritProcess): Promise<Client> {
  const client = new Client({ name: 'fixer', version: '1.0.0' })
  const headers = { authorization: `Bearer ${key}` }
  const address = new URL('/mcp/v1', url)
  await client.connect(
    new StreamableHTTPClientTransport(address, { requestInit: { headers } }) as never,
  )
  t.teardown(() => client.close())
  return client
}

/** What is looked for, as soon as it is there. */
export async function eventually<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + 90_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error('it never came')
    await after(50)
  }
}

/** Everything that takes part: cluster, controller, proxy, agent, tool server. */
export async function office(t: Test) {
  const world = await approvalWorld(t)
  const { api } = world
  const server = await smallServer(t, tool('create_directory'), tool('remove_directory'))
  const data = dataFolder(t)
  const input = JSON.stringify(policies(server.url))
  await expectDone(api.kubectl(['apply', '-f', '-'], { input }))
  let controller = await startController(t, world.controller, { data })
  const proxy = await startProxy(t, controller.url)
  const client = await eventually(() => connect(t, proxy).catch(() => null))
  await eventually(async () => (await client.listTools()).tools.some(named('create_directory')))
  const bin = join(api.folder, 'bin')
  mkdirSync(bin)
  const plugin = join(bin, 'kubectl-writ')
  const main = join(import.meta.dirname, '../../cli/kube/main.ts')
  writeFileSync(plugin, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(plugin, 0o755)
  const path = '/apis/writ.dev/v1alpha1/namespaces/team-a/approvalrequests'
  return {
    ...world,
    server,
    /** How often the tool server got the call. */
    made: (text: string) =>
      server.heard.filter(({ params }) => Object(params.arguments).text === text).length,
    /** Makes a call that is held; the answer comes once somebody has answered. */
    call: (text: string, name = 'create_directory') =>
      client.callTool({ name, arguments: { text } }, undefined, {
        timeout: 240_000,
      }),
    /** The name of the question about that call. */
    asked: (text: string) =>
      eventually(async () => {
        const { items } = (await api.ask('GET', path)).body
        const found = items.find(
          ({ spec, status }: { spec: { args: string }; status: { conditions?: unknown } }) =>
            JSON.parse(spec.args).text === text && status.conditions,
        )
        return found?.metadata.name as string | undefined
      }),
    status: async (name: string) => (await api.ask('GET', `${path}/${name}`)).body.status,
    patch: (as: string, name: string, value: object) => {
      const body = JSON.stringify([{ op: 'add', path: '/status/decisions/-', value }])
      const target = ['approvalrequest', name, '-n', 'team-a', '--subresource=status']
      return api.kubectl(['patch', ...target, '--type=json', '-p', body], { as })
    },
    /** `kubectl writ`, found by kubectl in the PATH. */
    writ: (as: string, ...args: readonly string[]) => {
      const PATH = [bin, process.env.PATH].join(delimiter)
      return api.kubectl(['writ', ...args], { as, env: { PATH, NO_COLOR: '1' } })
    },
    /** `kubectl writ watch` until it is stopped, and what it prints. */
    watch: (t: Test, as: string) => {
      const env = { PATH: process.env.PATH, KUBECONFIG: as, NO_COLOR: '1' }
      const child = spawn(process.execPath, [main, 'watch', '-n', 'team-a'], { env })
      t.teardown(() => child.kill('SIGKILL'))
      const printed = { out: '', err: '' }
      child.stdout.on('data', chunk => {
        printed.out += chunk
      })
      child.stderr.on('data', chunk => {
        printed.err += chunk
      })
      const ended = once(child, 'exit')
      const stop = () => {
        child.kill('SIGINT')
        return ended.then(([code]) => code as number | null)
      }
      return { printed, stop }
    },
    /** What the controller has on record about a question. */
    history: async (name: string) => {
      const url = new URL(`/api/v1/approval-requests/${name}/events`, controller.url)
      const answer = await fetch(url, { headers: { authorization: `Bearer ${tokens.admin}` } })
      const { events } = (await answer.json()) as { events: { readonly type: string }[] }
      return events.map(({ type }) => type)
    },
    stop: () => controller.stop('kill'),
    start: async () => {
      const args = ['--port', controller.url.port]
      controller = await startController(t, world.controller, { data, args })
    },
  }
}

const named = (name: string) => (tool: { readonly name: string }) => tool.name === name
