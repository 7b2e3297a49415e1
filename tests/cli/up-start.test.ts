import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import t from 'tap'
import { anyPorts, call, connect, eventually, textOf, up, workplace } from './quickstart.ts'
import { serve, writ } from './writ.ts'

t.test('what keeps writ up from starting is said in a line, with what to do', async t => {
  const cwd = workplace(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const address = taken.address()
  const port = typeof address === 'object' ? String(address?.port) : ''

  for (const flag of ['--proxy-port', '--controller-port']) {
    const { code, err } = await writ(['up', ...anyPorts, flag, port], { cwd })
    const last = err.split('\n').filter(line => !line.startsWith('{'))
    t.strictSame(
      { code, said: last[0] },
      { code: 2, said: `writ: port ${port} is in use by another program` },
    )
    t.match(last[1], '0 picks a free one')
  }

  const running = await up(t, cwd)
  const second = await writ(['up', ...anyPorts], { cwd })
  t.equal(second.code, 2)
  t.match(
    second.err,
    /^writ: the data folder .*\.writ is in use by process \d+\n {6}stop that one, or /,
  )
  t.equal(await running.stop(), 0)
})

t.test('a first start with broken policies serves, refuses everyone, and says why', async t => {
  const cwd = workplace(t)
  const path = join(cwd, 'policies/files.yaml')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('action: allow', 'action: alow'))
  const running = await up(t, cwd)
  const answer = await fetch(`${running.ready.proxy}/mcp/v1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.ready.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  t.equal(answer.status, 401)
  const { code, out } = await writ(['status'], { cwd })
  t.equal(code, 1)
  t.match(out, /^policies\/files\.yaml:\d+:\d+: error: .*"alow"/)
  writeFileSync(path, text)
  await eventually(t, 'mended, it serves', async () => {
    const client = await connect(t, running).catch(() => null)
    return client !== null && (await client.listTools()).tools.length === 17
  })
  t.equal(await running.stop(), 0)
})

t.test('without policies of one’s own, the quickstart is copied and served', async t => {
  const cwd = mkdtempSync(join(tmpdir(), 'writ-up-'))
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }))
  const running = await up(t, cwd, '--durability', 'strict')
  t.match(running.log(), /^There was no \.\/policies: the quickstart was copied into it\.\n/)
  t.ok(readdirSync(join(cwd, 'policies')).includes('files.yaml'))
  t.equal(await running.stop(), 0)
})

t.test('controller and proxy apart', async t => {
  const cwd = workplace(t)
  const env = {
    WRIT_ADMIN_TOKEN: 'admin-token-for-tests',
    WRIT_PROXY_TOKEN: 'proxy-token-for-tests',
  }
  const key = JSON.parse(
    (await writ(['keys', 'create', '--agent', 'a', '--name', 'k', '-o', 'json'])).out,
  )
  writeFileSync(
    join(cwd, 'policies/agent.yaml'),
    `apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: a }
spec: { apiKeys: [{ name: k, sha256: ${key.sha256} }] }
`,
  )
  const teardown = (end: () => unknown) => t.teardown(end)
  const controller = await serve(
    ['controller', 'policies', '--port', '0', '--data', 'c'],
    { cwd, env },
    teardown,
  )
  const url = controller.ready.controller
  const proxy = await serve(
    ['proxy', '--controller', url, '--port', '0', '--data', 'p'],
    { cwd, env },
    teardown,
  )
  const serving = { ...proxy, ready: { ...proxy.ready, key: key.key } }
  let client: Client | null = null
  await eventually(t, 'the proxy knows the key', async () => {
    client = await connect(t, serving).catch(() => null)
    return client !== null
  })
  const echo = async () =>
    client === null ? '' : textOf(await call(client, 'echo', { message: 'hello' }))
  t.match(await echo(), 'hello')

  const status = await writ(['status', '--url', url, '--token', env.WRIT_ADMIN_TOKEN], { cwd })
  t.match(status.out, 'enforced by 1 of 1 proxy')
  const refused = await writ(['status', '--url', url, '--token', env.WRIT_PROXY_TOKEN], { cwd })
  t.strictSame({ code: refused.code, out: refused.out }, { code: 2, out: '' })
  t.match(refused.err, /does not accept the token/)

  t.equal(await controller.stop(), 0)
  t.match(await echo(), 'hello', 'without its controller the proxy goes on')
  t.equal(await proxy.stop(), 0)
})
