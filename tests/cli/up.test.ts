import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { call, connect, eventually, textOf, up, workplace } from './quickstart.ts'
import { root, writ } from './writ.ts'

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
      'create_directory',
      'directory_tree',
      'echo',
      'edit_file',
      'get-sum',
      'get_approval_status',
      'get_file_info',
      'list_allowed_directories',
      'list_directory',
      'list_directory_with_sizes',
      'read_file',
      'read_media_file',
      'read_multiple_files',
      'read_text_file',
      'request_approval',
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
    t.strictSame({ code, state, files }, { code: 0, state: 'in_force', files: 7 })
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
    const { code, out } = await writ(['audit', 'export', '--form', 'entries'], { cwd })
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
      /^policies\/everything\.yaml:13:19: error: .*"dney"\. \(unknown_word\)\n +13 \| .*action: dney.*\n {6}\| {19}\^\n {2}help: Did you mean "deny"\?\n/,
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
