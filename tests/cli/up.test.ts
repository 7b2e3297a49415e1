import { once } from 'node:events'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import t, { type Test } from 'tap'
import { root, type ServingWrit, serve, writ } from './writ.ts'

/** A folder outside of any repository with a copy of the quickstart as its policies. */
function workplace(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-up-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(join(root, 'examples/quickstart'), join(folder, 'policies'), { recursive: true })
  return folder
}

const anyPorts = ['--proxy-port', '0', '--controller-port', '0']

function up(t: Test, cwd: string, ...args: string[]): Promise<ServingWrit> {
  return serve(['up', ...args, ...anyPorts], { cwd }, end => t.teardown(end))
}

async function connect(t: Test, { ready }: ServingWrit): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const url = new URL(`${ready.proxy}/mcp/v1`)
  const headers = { authorization: `Bearer ${ready.key}` }
  await client.connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers } }) as never,
  )
  t.teardown(() => client.close())
  return client
}

interface Answer {
  readonly isError?: boolean
  readonly content: readonly { readonly text?: string }[]
  readonly _meta?: Readonly<Record<string, unknown>>
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Answer> {
  return (await client.callTool({ name, arguments: args })) as unknown as Answer
}

function textOf({ content }: Answer): string {
  return content.map(({ text = '' }) => text).join('\n')
}

/** Looks again and again until it is so; fails when it never is. */
async function eventually(t: Test, claim: string, look: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await look()) return void t.pass(claim)
    await after(50)
  }
  t.fail(claim)
}

interface AuditEntry {
  readonly phase: string
  readonly tool: string
  readonly action: string
  readonly reason: string
  readonly policy?: string
  readonly rule?: string
  readonly at?: { readonly file: string; readonly line: number }
  readonly status?: string
}

async function audit(cwd: string, ...args: string[]): Promise<AuditEntry[]> {
  const { out } = await writ(['audit', 'list', '-o', 'json', ...args], { cwd })
  return out
    .trim()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

t.test('the quickstart, from the first start to the last policy', async t => {
  const cwd = workplace(t)
  const first = await up(t, cwd)
  const client = await connect(t, first)

  await t.test('the ready line says where everything is', async t => {
    const { ready, proxy, controller, key, data } = first.ready
    t.strictSame({ ready, data }, { ready: true, data: join(cwd, '.writ') })
    t.match(proxy, /^http:\/\/127\.0\.0\.1:\d+$/)
    t.match(controller, /^http:\/\/127\.0\.0\.1:\d+$/)
    t.match(key, /^writ_[\w-]{43}$/)
  })

  await t.test(
    'only the owner may look into the data folder, and no secret is elsewhere',
    async t => {
      t.equal(statSync(join(cwd, '.writ')).mode & 0o777, 0o700)
      const modes = ['secrets.json', 'controller.json', 'local.yaml'].map(
        name => statSync(join(cwd, '.writ', name)).mode & 0o777,
      )
      t.strictSame(modes, [0o600, 0o600, 0o600])
      t.notOk(first.log().includes(first.ready.key), 'the key is not in the log')
    },
  )

  await t.test('the allowed tools of both servers are listed, and no other', async t => {
    const { tools } = await client.listTools()
    t.strictSame(tools.map(({ name }) => name).sort(), [
      'directory_tree',
      'echo',
      'edit_file',
      'get-sum',
      'get_file_info',
      'list_allowed_directories',
      'list_directory',
      'list_directory_with_sizes',
      'read_file',
      'read_media_file',
      'read_multiple_files',
      'read_text_file',
      'search_files',
      'write_file',
    ])
    const edit = tools.find(({ name }) => name === 'edit_file')
    t.ok(edit?.inputSchema.required?.includes('justification'), 'edit_file asks for a reason')
  })

  await t.test('an allowed call returns what the server answers', async t => {
    const read = await call(client, 'read_text_file', { path: 'welcome.txt' })
    const file = readFileSync(join(cwd, 'policies/.scratch/welcome.txt'), 'utf8')
    t.equal(textOf(read), file)
    t.match(textOf(await call(client, 'get-sum', { a: 2, b: 40 })), '42')
  })

  await t.test('a denied call returns the rule and its message', async t => {
    const refused = await call(client, 'write_file', { path: '.env', content: 'A=1' })
    t.equal(refused.isError, true)
    t.match(textOf(refused), 'no-secrets-in-files')
    t.match(textOf(refused), 'Secrets are not written to files.')
    // write_file has an output schema, which structured content of a refusal would break.
    t.match(refused._meta?.['writ.dev/refusal'], {
      decision: 'deny',
      reason: 'rule',
      policy: 'files',
      rule: 'no-secrets-in-files',
    })
    t.notOk(readdirSync(join(cwd, 'policies/.scratch')).includes('.env'), 'nothing was written')
  })

  await t.test('a hidden tool and one that does not exist are refused alike', async t => {
    const [hidden, absent] = await Promise.all([
      call(client, 'get-env', {}),
      call(client, 'no-such-tool', {}),
    ])
    t.strictSame(textOf(hidden).replace('get-env', ''), textOf(absent).replace('no-such-tool', ''))
    t.strictSame([hidden.isError, absent.isError], [true, true])
    t.notMatch(textOf(hidden), 'PATH=')
  })

  await t.test('a policy that the agent writes is not a policy', async t => {
    const content = 'kind: ToolServer\nspec: { transport: stdio, command: sh }\n'
    const written = await call(client, 'write_file', { path: 'more.yaml', content })
    t.notOk(written.isError, 'the file is written')
    t.equal(readFileSync(join(cwd, 'policies/.scratch/more.yaml'), 'utf8'), content)
    const { code, out } = await writ(['status', '-o', 'json'], { cwd })
    const { state, files } = JSON.parse(out).source
    t.strictSame({ code, state, files }, { code: 0, state: 'in_force', files: 5 })
    rmSync(join(cwd, 'policies/.scratch/more.yaml'))
  })

  await t.test(
    'writ audit list shows both calls with the file and the line that decided',
    async t => {
      await eventually(t, 'the outcome is in the ledger', async () =>
        (await audit(cwd, '--tool', 'write_file', '--action', 'deny')).some(
          ({ phase }) => phase === 'outcome',
        ),
      )
      const shown = (entries: readonly AuditEntry[]) =>
        entries.map(({ phase, action, policy, rule, at, status }) => ({
          phase,
          action,
          policy,
          rule,
          at: `${at?.file}:${at?.line}`,
          status,
        }))
      const line = (text: string) =>
        readFileSync(join(cwd, 'policies/files.yaml'), 'utf8')
          .split('\n')
          .findIndex(one => one.includes(text)) + 1
      const denied = {
        action: 'deny',
        policy: 'files',
        rule: 'no-secrets-in-files',
        at: `policies/files.yaml:${line('name: no-secrets-in-files')}`,
      }
      const allowed = {
        action: 'allow',
        policy: 'files',
        rule: 'looking-is-fine',
        at: `policies/files.yaml:${line('name: looking-is-fine')}`,
      }
      t.strictSame(shown(await audit(cwd, '--tool', 'write_file', '--action', 'deny')), [
        { phase: 'attempt', ...denied, status: undefined },
        { phase: 'outcome', ...denied, status: 'refused' },
      ])
      t.strictSame(shown(await audit(cwd, '--tool', 'read_text_file')), [
        { phase: 'attempt', ...allowed, status: undefined },
        { phase: 'outcome', ...allowed, status: 'succeeded' },
      ])
      const people = await writ(['audit', 'list', '--action', 'deny', '--phase', 'attempt'], {
        cwd,
      })
      t.match(people.out, `files/no-secrets-in-files ${denied.at}:`)
    },
  )

  await t.test('writ audit export gives every entry, oldest first', async t => {
    const { code, out } = await writ(['audit', 'export'], { cwd })
    const entries = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    t.equal(code, 0)
    t.strictSame(
      entries.map(({ seq }) => seq),
      entries.map((_, i) => i + 1),
      'without a gap',
    )
  })

  await t.test('an edited policy is in force for the next calls', async t => {
    const path = join(cwd, 'policies/everything.yaml')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('Please do not shout.', 'Quiet, please.'))
    await eventually(t, 'the new message is told', async () =>
      textOf(await call(client, 'echo', { message: 'HELLO WORLD' })).includes('Quiet, please.'),
    )
  })

  await t.test('a broken edit is not, and writ status says why and where', async t => {
    const path = join(cwd, 'policies/everything.yaml')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('action: deny', 'action: dney'))
    let status = { code: 0 as number | null, out: '', err: '' }
    await eventually(t, 'the status ends with 1', async () => {
      status = await writ(['status'], { cwd })
      return status.code === 1
    })
    t.match(
      status.out,
      /^policies\/everything\.yaml:13:19: error: .*"dney"\. \(unknown_word\)\n {2}help: Did you mean "deny"\?\n/,
    )
    t.match(status.out, 'not in force: the last good version stands')
    t.match(textOf(await call(client, 'echo', { message: 'HELLO WORLD' })), 'Quiet, please.')
    writeFileSync(path, text)
    await eventually(t, 'mended, all is well', async () => {
      const { code, out } = await writ(['status', '-o', 'json'], { cwd })
      return code === 0 && JSON.parse(out).source.state === 'in_force'
    })
  })

  await t.test('without any policy everything is denied', async t => {
    for (const name of readdirSync(join(cwd, 'policies'))) {
      if (name.endsWith('.yaml')) rmSync(join(cwd, 'policies', name))
    }
    await eventually(t, 'no tool is listed', async () => {
      const { tools } = await client.listTools()
      return tools.length === 0
    })
    const refused = await call(client, 'echo', { message: 'hello' })
    t.equal(refused.isError, true)
  })

  await t.test(
    'a restart keeps the key and the records, and serves what is written then',
    async t => {
      const before = await audit(cwd, '--limit', '1000')
      t.equal(await first.stop(), 0, 'it stops cleanly')
      cpSync(join(root, 'examples/quickstart'), join(cwd, 'policies'), { recursive: true })
      const second = await up(t, cwd)
      t.equal(second.ready.key, first.ready.key)
      const again = await connect(t, second)
      t.match(textOf(await call(again, 'echo', { message: 'hello' })), 'hello')
      await eventually(t, 'the old entries are there, and the new ones', async () => {
        const entries = await audit(cwd, '--limit', '1000')
        return entries.length === before.length + 2
      })
      t.equal(await second.stop(), 0)
    },
  )

  await t.test('a restart with nothing changed serves as before', async t => {
    const third = await up(t, cwd)
    const { out } = await writ(['status'], { cwd })
    t.match(out, / {2}server {2}everything connected\n {2}server {2}files connected\n/)
    const client = await connect(t, third)
    t.match(textOf(await call(client, 'echo', { message: 'hello' })), 'hello')
    t.equal(await third.stop(), 0)
    const { code, err } = await writ(['status'], { cwd })
    t.equal(code, 2)
    t.match(err, /^writ: no controller answers at http:\/\/127\.0\.0\.1:\d+\n/)
  })
})

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
    return client !== null && (await client.listTools()).tools.length === 14
  })
  t.equal(await running.stop(), 0)
})

t.test('without policies of one’s own, the quickstart is copied and served', async t => {
  const cwd = mkdtempSync(join(tmpdir(), 'writ-up-'))
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }))
  const running = await up(t, cwd)
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
