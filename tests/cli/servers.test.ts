import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { authorizationServer, guardedServer } from '../proxy/mcp/oauth-servers.ts'
import { eventually, up } from './quickstart.ts'
import { environment, root, writ } from './writ.ts'

const document = (name: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'ToolServer',
    metadata: { name },
    spec,
  })

/** A folder with policies about these servers. */
function policies(t: Test, servers: Readonly<Record<string, object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-servers-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'policies'))
  const text = Object.entries(servers).map(([name, spec]) => document(name, spec))
  writeFileSync(join(folder, 'policies/servers.yaml'), text.join('\n---\n'))
  return folder
}

async function rows(cwd: string, ...paths: string[]): Promise<Record<string, unknown>[]> {
  const { out } = await writ(['servers', 'list', '-o', 'json', ...paths], { cwd })
  return JSON.parse(out).servers
}

t.test('a person logs in at a server, and the proxy that runs connects', async t => {
  const authority = await authorizationServer(t)
  const { url } = await guardedServer(t, authority)
  const cwd = policies(t, { guarded: { url, auth: { type: 'oauth' } } })
  const running = await up(t, cwd)
  const row = { namespace: 'default', name: 'guarded', transport: 'streamable-http', address: url }
  t.strictSame(await rows(cwd), [
    {
      ...row,
      state: 'failed',
      error: 'nobody has logged in: run `writ servers login guarded`',
      login: 'needed',
    },
  ])

  const login = spawn(
    process.execPath,
    [join(root, 'cli/main.ts'), 'servers', 'login', 'guarded', '-o', 'json'],
    { cwd, env: environment() },
  )
  const lines: Record<string, string>[] = []
  for await (const line of createInterface(login.stdout)) {
    lines.push(JSON.parse(line))
    if (lines.length === 1) await fetch(lines[0]?.open ?? '')
  }
  t.match(lines, [
    { open: `${authority.url}/authorize`, back: /^http:\/\/127\.0\.0\.1:\d+\/callback$/ },
    { namespace: 'default', server: 'guarded', issuer: authority.url, expires: /^20/ },
  ])
  t.notMatch(JSON.stringify(lines), /hush/)

  await eventually(t, 'it is connected', async () => {
    const [{ state, login } = {}] = await rows(cwd)
    return state === 'connected' && login === 'there'
  })
  t.notMatch(running.log(), /hush/)
  const { out } = await writ(['servers', 'list'], { cwd })
  t.strictSame(
    out.split('\n').map(line => line.split(/ {2,}/)),
    [
      ['NAME', 'TRANSPORT', 'ADDRESS', 'LOGIN', 'STATE'],
      ['guarded', 'streamable-http', url, 'there', 'connected'],
      [''],
    ],
  )
  t.equal(await running.stop(), 0)
})

t.test('a folder of policies is listed without a controller', async t => {
  const secretRef = { name: 'm', key: 'secret' }
  const cwd = policies(t, {
    machine: {
      url: 'https://m.example/mcp',
      auth: { type: 'oauth', grant: 'client_credentials', clientId: 'writ', secretRef },
    },
    person: { url: 'https://p.example/mcp', auth: { type: 'oauth' } },
    program: { transport: 'stdio', command: 'mcp-files', args: ['--token', 'x'] },
  })
  const named = (name: string, transport: string, address: string, login: string) => ({
    namespace: 'default',
    name,
    transport,
    address,
    login,
  })
  t.strictSame(await rows(cwd, 'policies'), [
    named('machine', 'streamable-http', 'https://m.example/mcp', 'none'),
    named('person', 'streamable-http', 'https://p.example/mcp', 'unknown'),
    named('program', 'stdio', 'mcp-files', 'none'),
  ])
})

t.test('a login that cannot begin says why in a line', async t => {
  const cwd = policies(t, { plain: { url: 'http://127.0.0.1:1/mcp' } })
  const before = await writ(['servers', 'login', 'plain'], { cwd })
  t.match(before, { code: 2, err: /^writ: no proxy has run with the data folder \.writ\n/ })
  const running = await up(t, cwd)
  const said = async (name: string) => (await writ(['servers', 'login', name], { cwd })).err
  t.equal(await said('plain'), 'writ: nobody has to log in at plain\n')
  t.equal(
    await said('other'),
    'writ: the proxy knows no ToolServer other in the namespace default\n      it knows default/plain\n',
  )
  t.equal(await running.stop(), 0)
})
