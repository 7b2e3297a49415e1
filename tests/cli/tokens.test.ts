import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { anyPorts, call, eventually, textOf } from './quickstart.ts'
import { type ServingWrit, serve, writ } from './writ.ts'

const agent = `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: worker }
spec: { kind: robot }
`

const rules = `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: everything }
spec: { transport: stdio, command: mcp-server-everything }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: tokens-only }
spec:
  subjects: { apiKeys: ["token:*"] }
  tools:
    - { name: get-sum, rules: [{ action: require_approval }] }
    - { name: echo, rules: [{ action: allow }] }
  models: [{ name: "*", rules: [{ action: allow }] }]
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: play }
spec: { protocol: scripted, models: [{ name: player, price: { input: "0", output: "0" } }] }
`

interface Place {
  readonly serving: ServingWrit
  readonly policies: string
  run(...args: string[]): ReturnType<typeof writ>
  create(...args: string[]): Promise<{ id: string; token: string }>
}

async function place(t: Test): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-tokens-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const policies = join(folder, 'policies')
  await mkdir(policies)
  writeFileSync(join(policies, 'rules.yaml'), rules)
  writeFileSync(join(policies, 'agent.yaml'), agent)
  const data = join(folder, 'data')
  const command = ['up', policies, '--data', data, ...anyPorts]
  const serving = await serve(command, { cwd: folder }, end => t.teardown(end))
  const run = (...args: string[]) => writ([...args, '--data', data])
  return {
    serving,
    policies,
    run,
    async create(...args) {
      const made = await run('tokens', 'create', '--agent', 'worker', ...args, '-o', 'json')
      t.equal(made.code, 0, made.err)
      return JSON.parse(made.out)
    },
  }
}

async function connected(t: Test, { ready }: ServingWrit, token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  const url = new URL(`${ready.proxy}/mcp/v1`)
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }) as never)
  t.teardown(() => client.close().catch(() => undefined))
  return client
}

/** The status with which a model endpoint answers the token. */
async function modelStatus({ ready }: ServingWrit, token: string): Promise<number> {
  const answer = await fetch(`${ready.proxy}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'player', messages: [{ role: 'user', content: 'hello' }] }),
  })
  await answer.text()
  return answer.status
}

t.test('a token is a key of its agent, for tools and models, until it is void', async t => {
  const here = await place(t)
  const { serving, run } = here
  const { id, token } = await here.create('--ttl', '10m', '--session', 'build 7')
  const client = await connected(t, serving, token)

  await t.test('its calls are recorded under its name and its session', async t => {
    t.match(textOf(await call(client, 'echo', { message: 'hello' })), 'hello')
    t.equal(await modelStatus(serving, token), 200)
    await eventually(t, 'both calls are in the audit', async () => {
      const { out } = await run('audit', 'list', '--phase', 'outcome', '-o', 'json')
      const entries = out
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line))
      const seen = entries.map(({ kind, agent, apiKey, session }) => [kind, agent, apiKey, session])
      const expected = ['tool', 'model'].map(kind => [
        kind,
        'worker',
        `token:${id}`,
        'worker/build 7',
      ])
      return JSON.stringify(seen.toSorted()) === JSON.stringify(expected.toSorted())
    })
  })

  await t.test('what it asks for can be approved', async t => {
    const asking = call(client, 'get-sum', { a: 2, b: 3 })
    let request = ''
    await eventually(t, 'people are asked', async () => {
      const listed = await run('approvals', 'list', '--state', 'pending', '-o', 'json')
      request = JSON.parse(listed.out)[0]?.id ?? ''
      return request !== ''
    })
    const approved = await run('approvals', 'approve', request)
    t.equal(approved.code, 0, approved.err)
    t.match(textOf(await asking), '5')
  })

  await t.test('revoked, it opens nothing, and its session is closed', async t => {
    const other = await here.create()
    t.equal(await modelStatus(serving, other.token), 200)
    t.equal((await run('tokens', 'revoke', id)).code, 0)
    await eventually(
      t,
      'models are refused',
      async () => (await modelStatus(serving, token)) === 401,
    )
    await t.rejects(call(client, 'echo', { message: 'still there?' }))
    t.equal(await modelStatus(serving, other.token), 200, 'another token goes on')
    const { out } = await run('tokens', 'list', '-o', 'json')
    const revoked = JSON.parse(out).tokens.map((each: { id: string; revokedAt?: string }) => [
      each.id,
      each.revokedAt !== undefined,
    ])
    t.strictSame(
      revoked.toSorted(),
      [
        [id, true],
        [other.id, false],
      ].toSorted(),
    )
  })

  await t.test('without its agent it is void', async t => {
    const orphan = await here.create()
    t.equal(await modelStatus(serving, orphan.token), 200)
    rmSync(join(here.policies, 'agent.yaml'))
    await eventually(
      t,
      'it is refused',
      async () => (await modelStatus(serving, orphan.token)) === 401,
    )
    const refused = await run('tokens', 'create', '--agent', 'worker')
    t.match(refused, { code: 2, err: /No Agent worker is in force/ })
  })
})

t.test('misuse ends with 2', async t => {
  for (const args of [
    ['create'],
    ['create', '--agent', 'worker', '--ttl', '25h'],
    ['create', '--agent', 'worker', '--ttl', 'soon'],
    ['revoke', 'nothing'],
  ]) {
    t.match(await writ(['tokens', ...args, '--data', '/nowhere']), { code: 2, out: '' })
  }
})
