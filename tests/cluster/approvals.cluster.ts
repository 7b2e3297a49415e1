import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { smallServer, tool } from '../proxy/mcp/small-server.ts'
import { approvalWorld, expectDone } from './approval-world.ts'
import { agentSpec, key } from './policy-world.ts'
import { dataFolder, startController, startProxy, type WritProcess } from './writ-process.ts'

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
    object('AccessPolicy', 'files', {
      tools: [
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

async function eventually<T>(look: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + 90_000
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error('it never came')
    await after(50)
  }
}

/** Everything that takes part: cluster, controller, proxy, agent, tool server. */
async function office(t: Test) {
  const world = await approvalWorld(t)
  const { api } = world
  const server = await smallServer(t, tool('create_directory'))
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
    /** Makes a call that is held; the answer comes once somebody has answered. */
    call: (text: string) =>
      client.callTool({ name: 'create_directory', arguments: { text } }, undefined, {
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
    stop: () => controller.stop('kill'),
    start: async () => {
      const args = ['--port', controller.url.port]
      controller = await startController(t, world.controller, { data, args })
    },
  }
}

const named = (name: string) => (tool: { readonly name: string }) => tool.name === name

t.test('a call that is held, in a cluster', async t => {
  const { api, server, call, asked, status, patch, writ, watch, person, stop, start } =
    await office(t)
  const ana = await person('ana@example.com', 'ask-me')
  const ben = await person('ben@example.com', 'ask-me')
  const cleo = await person('cleo@example.com', 'ask-me')
  const eve = await person('eve@example.com')
  const made = (text: string) =>
    server.heard.filter(({ params }) => Object(params.arguments).text === text).length
  const by = 'ana@example.com'

  await t.test('is made, once, when somebody approves it with kubectl patch', async t => {
    const waiting = call('drafts')
    const name = await asked('drafts')
    t.equal(made('drafts'), 0)
    const answer = { by, decision: 'approve', reason: 'a folder for drafts' }
    t.match(await patch(ana, name, answer), { code: 0 })
    t.match(await waiting, { content: [{ text: '{"text":"drafts"}' }] })
    t.equal(made('drafts'), 1)
    const done = await eventually(async () => {
      const now = await status(name)
      return now.state === 'consumed' && now.decisions[0].outcome && now
    })
    t.match(done, {
      decisions: [{ by, decision: 'approve', outcome: 'counted', message: 'It counts.' }],
      votes: [{ user: 'ana', reason: 'a folder for drafts', surface: 'kubernetes' }],
      workflows: [{ name: 'ask-me', required: 1, received: 1 }],
    })
    const wait = ['wait', '--for=condition=Resolved', `apr/${name}`, '-n', 'team-a']
    t.match(await api.kubectl([...wait, '--timeout=10s']), { code: 0 })
    t.match(await patch(ben, name, { by: 'ben@example.com', decision: 'deny' }), {
      code: 1,
      stderr: /It is too late: the question is consumed\./,
    })
  })

  await t.test('is refused when somebody denies it with kubectl patch', async t => {
    const waiting = call('secrets')
    const name = await asked('secrets')
    t.match(await patch(ana, name, { by, decision: 'deny', reason: 'not here' }), { code: 0 })
    const told = await waiting
    t.match(told, { isError: true, content: [{ text: /was denied: "not here"/ }] })
    t.equal(made('secrets'), 0)
  })

  await t.test('is made when somebody approves it with kubectl writ', async t => {
    const waiting = call('invoices')
    const name = await asked('invoices')
    const answered = await writ(ana, 'approve', name, '-n', 'team-a', '--reason', 'as agreed')
    t.strictSame([answered.code, answered.stderr], [0, ''])
    // The agent may be as fast as whoever looks at the answer.
    const [, state] = answered.stdout.split('files/create_directory  ')
    t.match(state, /^(approved|consumed)\n$/)
    t.match(await waiting, { content: [{ text: '{"text":"invoices"}' }] })
    t.equal(made('invoices'), 1)
  })

  await t.test('is refused when somebody denies it with kubectl writ', async t => {
    const waiting = call('backups')
    const name = await asked('backups')
    const short = name.slice(4, 12)
    const args = ['-n', 'team-a', '--reason', 'not today', '-o', 'json']
    const { code, stdout } = await writ(ana, 'deny', short, ...args)
    t.equal(code, 0)
    t.match(JSON.parse(stdout), {
      outcome: 'counted',
      request: { name, namespace: 'team-a', state: 'denied', reason: 'not today' },
    })
    t.match(await waiting, { isError: true, content: [{ text: /not today/ }] })
  })

  await t.test('stays held whatever others write', async t => {
    const waiting = call('payroll')
    const name = await asked('payroll')

    const lacking = await writ(eve, 'approve', name, '-n', 'team-a')
    t.equal(lacking.code, 1)
    t.match(lacking.stdout, 'Not counted: eve@example.com lacks the verb approve on the')
    t.match(await patch(eve, name, { by, decision: 'approve' }), {
      code: 1,
      stderr: /A decision is given in the own name: by must be eve@example\.com\./,
    })
    const own = await writ(ben, 'approve', name, '-n', 'team-a', '-o', 'json')
    t.equal(own.code, 1)
    t.match(JSON.parse(own.stdout), {
      outcome: 'own_agent',
      message: 'The agent is yours: somebody else must decide.',
      request: { state: 'pending' },
    })
    const unnamed = await writ(cleo, 'deny', name, '-n', 'team-a')
    t.strictSame(unnamed, {
      code: 1,
      stdout: `${name}  fixer  files/create_directory\nNot counted: None of the workflows that are asked names you.\n`,
      stderr: '',
    })
    t.equal(made('payroll'), 0)

    const shown = await writ(ana, 'get', name, '-n', 'team-a')
    t.match(shown.stdout, `${name}  pending    team-a/fixer  files/create_directory  ask-me 0/1  `)
    t.match(shown.stdout, '"text": "payroll"')
    t.match(shown.stdout, 'ask-me: 0 of 1 approvals; may be given by ana\n')
    t.match(shown.stdout, 'ben@example.com (approve): The agent is yours: somebody else must')
    t.match(shown.stdout, /at {8}team-a\/accesspolicies\/files:\d+\n/)
    t.match(shown.stdout, 'A person looks at new folders first.')

    const listed = await writ(ana, 'get', '-n', 'team-a', '--state', 'pending', '-o', 'json')
    t.match(JSON.parse(listed.stdout), [{ name, state: 'pending', tool: 'create_directory' }])
    t.match(await writ(ana, 'get', '-n', 'team-a'), { code: 0, stdout: new RegExp(`^${name}`) })

    t.match(await writ(ana, 'approve', name, '-n', 'team-a'), { code: 0 })
    t.match(await waiting, { content: [{ text: '{"text":"payroll"}' }] })
    t.equal(made('payroll'), 1)
  })

  await t.test('is followed by whoever watches', async t => {
    const { printed, stop } = watch(t, ana)
    await eventually(async () => printed.err.includes('nothing waits for an answer'))
    const waiting = call('offers')
    const name = await asked('offers')
    await eventually(async () => printed.out.includes(`${name}  pending `))
    t.match(await patch(ana, name, { by, decision: 'deny' }), { code: 0 })
    await eventually(async () => printed.out.includes(`${name}  denied `))
    t.match(await waiting, { isError: true })
    t.equal(await stop(), 0)
  })

  await t.test('survives a controller that is killed while somebody answers', async t => {
    const waiting = call('contracts')
    const name = await asked('contracts')
    await stop()
    t.match(await patch(ana, name, { by, decision: 'approve' }), { code: 0 })
    const late = await writ(ana, 'approve', name, '-n', 'team-a', '--timeout', '1')
    t.equal(late.code, 2)
    t.match(late.stdout, 'Not answered yet: The controller has not answered;')
    await start()
    t.match(await waiting, { content: [{ text: '{"text":"contracts"}' }] })
    const { decisions } = await eventually(async () => {
      const now = await status(name)
      return now.state === 'consumed' && now.decisions[1].outcome && now
    })
    t.match(decisions, [{ outcome: 'counted' }, { outcome: /^(already_voted|already_resolved)$/ }])
    t.equal(made('contracts'), 1)
  })

  await t.test('is told apart from what is not there', async t => {
    const nothing = await writ(ana, 'approve', 'apr-0000000000000000', '-n', 'team-a')
    t.equal(nothing.code, 2)
    t.match(nothing.stderr, 'there is no request apr-0000000000000000 in the namespace team-a')
    const elsewhere = await writ(ana, 'get', '-n', 'writ-system')
    t.equal(elsewhere.code, 2)
    t.match(elsewhere.stderr, 'User "ana@example.com" cannot list resource "approvalrequests"')
    const where = await writ(ana, 'get', '--context', 'another')
    t.strictSame([where.code, where.stdout], [2, ''])
    t.match(where.stderr, 'the kubeconfig names no context another')
    const file = await writ(ana, 'get', '--kubeconfig', '/nowhere/config')
    t.match(file.stderr, '/nowhere/config cannot be read')
  })
})
