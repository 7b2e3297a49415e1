import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { controllerAddress } from '../../cli/controller-options.ts'
import { openDataFolder, writeAddress } from '../../cli/data-folder.ts'
import { chooseSource } from '../../cli/serve/default-source.ts'
import { localUrl } from '../../cli/serve/local-url.ts'
import { untilReady } from '../../cli/serve/ready.ts'
import { serveFailure } from '../../cli/serve/serve-failure.ts'
import { rootOfSource, withServerFolders } from '../../cli/serve/server-folders.ts'
import { readSigningKey } from '../../cli/serve/signing-key-file.ts'
import { printable, progressLine, sink } from '../../cli/terminal.ts'
import { compile } from '../../policy/compile/compile.ts'
import { decide } from '../../policy/decide/decide.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { load } from '../../policy/decide/load.ts'
import { environmentSecrets } from '../../secrets/environment-secrets.ts'
import { root } from './writ.ts'

/** A folder outside of any repository. */
function elsewhere(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-serve-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const never = new AbortController().signal

t.test('a secret is an environment variable with a name that says whose it is', async t => {
  const secrets = environmentSecrets({
    WRIT_SECRET_GITHUB_TOKEN: 'a',
    WRIT_SECRET_OPS_SLACK_WEBHOOK_URL: 'b',
    GITHUB_TOKEN: 'not this one',
  })
  t.strictSame(
    await Promise.all([
      secrets('default', { name: 'github', key: 'token' }),
      secrets('default', { name: 'ops-slack', key: 'webhook.url' }),
      secrets('default', { name: 'other', key: 'token' }),
    ]),
    ['a', 'b', null],
  )
})

t.test('the variable that a policy file names is given, but none of Writ itself', async t => {
  const own = [
    ...['WRIT_PROXY_TOKEN', 'WRIT_SECRET_GITHUB_TOKEN', 'writ_admin_token'],
    ...['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'],
  ]
  const env = Object.fromEntries(
    ['PAYMENTS_TOKEN', 'A-B', 'WRIT_SECRET_ENV_X', ...own].map(name => [name, 'value']),
  )
  const secrets = environmentSecrets(env)
  const asked = ['PAYMENTS_TOKEN', 'UNSET', 'A-B', 'X', 'constructor', 'PATH', ...own]
  t.strictSame(await Promise.all(asked.map(key => secrets('default', { name: 'env', key }))), [
    'value',
    ...asked.slice(1).map(() => null),
  ])
})

t.test('the data folder', async t => {
  await t.test('keeps its secrets, and to itself', async t => {
    const folder = join(elsewhere(t), 'data')
    const first = await openDataFolder(folder)
    t.strictSame(await openDataFolder(folder), first)
    t.strictSame(
      [statSync(folder).mode & 0o777, statSync(join(folder, 'secrets.json')).mode & 0o777],
      [0o700, 0o600],
    )
    t.equal(readFileSync(join(folder, '.gitignore'), 'utf8'), '*\n', 'and from git')
    t.equal(new Set(Object.values(first.secrets)).size, 4, 'four secrets, each its own')
  })

  await t.test('is not used when it is damaged, and its secrets are not told', async t => {
    const folder = elsewhere(t)
    for (const text of ['{ "adminToken": "hush', '{}', '{ "agentKey": 1 }', '[]']) {
      writeFileSync(join(folder, 'secrets.json'), text)
      await t.rejects(openDataFolder(folder), {
        code: 'data_unusable',
        message: `cannot use the data folder ${folder}: a file in it is damaged`,
      })
    }
    writeFileSync(join(folder, 'file'), '')
    await t.rejects(openDataFolder(join(folder, 'file')), { code: 'data_unusable' })
  })

  await t.test(
    'tells commands where the controller is, and no other address its token',
    async t => {
      const data = await openDataFolder(elsewhere(t))
      const left = { url: 'http://127.0.0.1:7400/', token: 'left' }
      await t.rejects(controllerAddress({ data: data.path }), { code: 'controller_unreachable' })
      await writeAddress(data, left)
      t.strictSame(await controllerAddress({ data: data.path }), left)
      t.strictSame(await controllerAddress({ data: data.path, token: 'mine' }), {
        ...left,
        token: 'mine',
      })
      const url = 'http://elsewhere.example.com'
      await t.rejects(controllerAddress({ data: data.path, url }), { code: 'usage' })
      t.strictSame(await controllerAddress({ data: data.path, url, token: 'mine' }), {
        url,
        token: 'mine',
      })
    },
  )
})

t.test('the key that signs tables', async t => {
  const file = join(elsewhere(t), 'key.pem')
  writeFileSync(file, 'a key')
  t.equal(await readSigningKey(undefined), undefined)
  t.equal(await readSigningKey(file), 'a key')
  for (const missing of [`${file}.old`, '']) {
    await t.rejects(readSigningKey(missing), { name: 'CliFailure', code: 'unreadable' }, missing)
  }
})

t.test('which policies are served', async t => {
  const folder = elsewhere(t)
  t.strictSame(chooseSource(undefined, root), {
    path: join('examples', 'quickstart'),
    copied: false,
  })
  t.strictSame(chooseSource(undefined, folder), { path: 'policies', copied: true })
  t.ok(readdirSync(join(folder, 'policies')).includes('servers.yaml'))
  t.strictSame(chooseSource(undefined, folder), { path: 'policies', copied: false })
  t.strictSame(chooseSource('policies', folder), { path: 'policies', copied: false })
  t.throws(() => chooseSource('nowhere', folder), { code: 'unreadable' })
})

t.test('the folder of a tool server is relative to the file that says so', async t => {
  const folder = elsewhere(t)
  const policies = join(folder, 'a/policies')
  execFileSync('mkdir', ['-p', policies])
  t.equal(await rootOfSource(policies, never), join(folder, 'a'), 'without a repository')
  execFileSync('git', ['init', '-q', folder])
  t.equal(await rootOfSource(policies, never), folder, 'in a repository')
  writeFileSync(join(policies, 'one.yaml'), '')
  t.equal(await rootOfSource(join(policies, 'one.yaml'), never), folder, 'for a file')

  const server = (name: string, cwd: string) => `---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: ${name} }
spec: { transport: stdio, command: serve${cwd} }
`
  const text = [
    server('a', ', cwd: .'),
    server('b', ', cwd: ../other'),
    server('c', ', cwd: /srv'),
    server('d', ''),
  ].join('')
  const { tables } = compile([{ path: 'a/policies/servers.yaml', text }])
  const loaded = load(tables?.get('default')?.json ?? '')
  const placed = withServerFolders(
    {
      caller: () => null,
      current: namespace => (namespace === 'default' ? loaded : null),
      subscribe: () => () => undefined,
      enforced: () => ({ default: loaded.digest }),
    },
    '/srv',
  )
  t.strictSame(
    placed.current('default')?.table.servers.map(({ name, spec }) => [name, spec.cwd]),
    [
      ['a', '/srv/a/policies'],
      ['b', '/srv/a/other'],
      ['c', '/srv'],
      ['d', undefined],
    ],
  )
  t.equal(placed.current('default'), placed.current('default'), 'and made once')
  t.equal(placed.current('other'), null)
  const facts = factsOf({ tool: 'x' })
  const table = placed.current('default')
  t.strictSame(table === null ? null : decide(table, facts), decide(loaded, facts))
})

t.test('an address on every interface is reached by loopback', async t => {
  const urls = ['http://0.0.0.0:1/', 'http://[::]:1/', 'http://127.0.0.1:1/', 'http://10.0.0.7:1/']
  t.strictSame(
    urls.map(url => localUrl(new URL(url)).href),
    ['http://127.0.0.1:1/', 'http://[::1]:1/', 'http://127.0.0.1:1/', 'http://10.0.0.7:1/'],
  )
})

t.test('what ended the service is found among what failed with it', async t => {
  const inUse = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 7401 })
  const failure = new AggregateError(
    [new Error('a'), new AggregateError([inUse])],
    'a service failed',
  )
  t.match(serveFailure(failure, '--port'), {
    code: 'port_in_use',
    message: 'port 7401 is in use by another program',
    remedy: 'stop it, or choose another port with --port; 0 picks a free one',
  })
  const address = Object.assign(new Error('bind'), { code: 'EADDRNOTAVAIL', syscall: 'listen' })
  t.match(serveFailure(address, '--port'), { code: 'usage', remedy: 'choose another --host' })
  const unknown = new Error('something else')
  t.equal(serveFailure(unknown, '--port'), unknown)
})

t.test('what others wrote cannot drive a terminal', async t => {
  t.equal(
    printable('a\u001b[2J\u0007\u202eb\tc\u{e0041}\u0085é漢'),
    'a\\u{1b}[2J\\u{7}\\u{202e}b\tc\\u{e0041}\\u{85}é漢',
  )
})

t.test('progress is shown on terminals, and erased', async t => {
  const shown = (isTTY: boolean) => {
    const stream = Object.assign(new PassThrough(), { isTTY })
    const progress = progressLine(sink(stream, { NO_COLOR: '1' }))
    progress('reading')
    progress('compiling')
    progress(null)
    progress(null)
    return String(stream.read() ?? '')
  }
  const erase = '\r\u001b[2K'
  t.equal(shown(true), `reading${erase}compiling${erase}`)
  t.equal(shown(false), '')
})

t.test(
  'the ready line waits for policies, but not for ever, and says what it did not see',
  async t => {
    const digest = 'sha256:1'
    const status = {
      source: { state: 'in_force' },
      namespaces: [{ namespace: 'default', digest }],
    }
    const answering = { json: async () => status }
    const silent = { json: () => new Promise<never>(() => undefined) }
    const proxy = (
      enforced: Record<string, string>,
      rejected: readonly { error: string }[] = [],
    ) => ({
      tables: {
        enforced: () => enforced,
        rejected: () => rejected.map(({ error }) => ({ namespace: 'default', digest, error })),
        current: () => null,
      },
      upstreams: () => [],
    })
    const limits = { policiesMs: 60, serversMs: 60 }
    const { signal } = new AbortController()
    const ready = (watched: ReturnType<typeof proxy>, controller: { json(): Promise<unknown> }) =>
      untilReady(watched, controller, signal, limits)

    t.equal(await ready(proxy({ default: digest }), answering), null)
    t.equal(
      await ready(proxy({}, [{ error: 'digest_mismatch: not these bytes' }]), answering),
      'the proxy refused the table of default: digest_mismatch: not these bytes',
    )
    const waiting =
      'the newest policies are not in force yet; `writ status` shows what they wait for'
    t.equal(await ready(proxy({}), answering), waiting)
    t.equal(await ready(proxy({}), silent), waiting)
    await t.rejects(untilReady(proxy({}), silent, AbortSignal.abort(), limits), {
      name: 'AbortError',
    })
  },
)
