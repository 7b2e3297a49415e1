import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Status } from '../../controller/status/status.ts'
import { decide, noTable } from '../../policy/decide/decide.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import type { Tables } from '../../proxy/table/tables.ts'
import { agent, policy } from './documents.ts'
import { until, type World, world } from './world.ts'

const allow = '{ name: go, action: allow }'
const deny = '{ name: stop, action: deny }'

/** What a call gets under the table in force, and by which rule. */
function verdict(tables: Tables, namespace = 'default', tool = 'read_file'): string {
  const table = tables.current(namespace)
  const facts = factsOf({ server: 'files', tool, subject: { agent: 'claude', namespace } })
  const { action, reason, rule } = table === null ? noTable : decide(table, facts)
  return [action, reason, rule].filter(Boolean).join(' ')
}

async function statusOf(world: World, url: URL): Promise<Status> {
  return (await (await world.get(url, '/api/v1/status')).json()) as Status
}

t.test(
  'an edit is in force at the proxy; a broken one is not, and is shown where it was made',
  async t => {
    const w = await world(t)
    w.write('a.yaml', policy('p', allow))
    const { url } = await w.startController()
    const tables = await w.follow(w.link(url))
    t.equal(verdict(tables), 'deny no_table', 'closed until there is a table')
    await until(() => verdict(tables) === 'allow rule go')

    w.write('a.yaml', policy('p', deny))
    await until(() => verdict(tables) === 'deny rule stop')

    w.write('b.yaml', policy('q', '{ when: "args.amount >", action: allow }'))
    await until(async () => (await statusOf(w, url)).source.state === 'broken')
    const status = await statusOf(w, url)
    t.match(status.problems, {
      errors: 1,
      list: [{ severity: 'error', file: 'policies/b.yaml', line: 7, column: Number }],
    })
    const { problems } = Object(await (await w.get(url, '/api/v1/problems')).json())
    t.strictSame(problems, status.problems.list)
    const logged = w.log.find(({ message }) => message.startsWith('source not in force'))
    t.strictSame(logged?.fields.problems, problems)
    t.equal(verdict(tables), 'deny rule stop', 'the last good table stands')
    t.match(status.namespaces, [
      { namespace: 'default', digest: tables.current('default')?.digest },
    ])

    w.write('b.yaml', policy('q', '{ when: "args.amount > 5.0", action: deny }'))
    await until(async () => (await statusOf(w, url)).source.state === 'in_force')
  },
)

t.test('removing policies denies: a namespace, all files, the folder itself', async t => {
  const w = await world(t)
  w.write('a.yaml', policy('p', allow))
  w.write('b.yaml', policy('p', allow, 'other'))
  const key = createHash('sha256').update('a key').digest('hex')
  const { url } = await w.startController({
    ownFiles: [{ path: 'local.yaml', text: agent('claude', key) }],
  })
  const tables = await w.follow(w.link(url))
  await until(
    () => verdict(tables) === 'allow rule go' && verdict(tables, 'other') === 'allow rule go',
  )
  t.match(tables.caller(key, Date.now()), { namespace: 'default', agent: { name: 'claude' } })

  rmSync(join(w.policies, 'b.yaml'))
  await until(() => verdict(tables, 'other') === 'deny no_policy')
  t.equal(verdict(tables), 'allow rule go')

  rmSync(join(w.policies, 'a.yaml'))
  await until(() => verdict(tables) === 'deny no_policy')

  w.write('a.yaml', policy('p', allow))
  await until(() => verdict(tables) === 'allow rule go')
  rmSync(w.policies, { recursive: true })
  await until(() => verdict(tables) === 'deny no_policy')
  t.match(tables.caller(key, Date.now()), { agent: { name: 'claude' } }, 'own files stay')

  w.write('a.yaml', policy('p', allow))
  await until(() => verdict(tables) === 'allow rule go')
})

t.test('editors that save by renaming, and git that checks out another branch', async t => {
  const w = await world(t)
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-C', w.policies, '-c', 'user.name=ana', '-c', 'user.email=ana@example.com', ...args],
      {
        encoding: 'utf8',
        stdio: 'pipe',
      },
    ).trim()
  git('init', '--quiet', '--initial-branch=main', join(w.root, 'repo'))
  w.write('a.yaml', policy('p', allow))
  git('add', '.')
  git('commit', '--quiet', '-m', 'allow')
  const { url } = await w.startController()
  const tables = await w.follow(w.link(url))
  await until(() => verdict(tables) === 'allow rule go')
  const first = git('rev-parse', 'HEAD')
  t.strictSame(tables.current('default')?.table.files, [{ path: 'policies/a.yaml', commit: first }])

  const path = join(w.policies, 'a.yaml')
  renameSync(path, `${path}~`)
  writeFileSync(join(w.policies, '.a.yaml.swp'), policy('p', deny))
  renameSync(join(w.policies, '.a.yaml.swp'), path)
  await until(() => verdict(tables) === 'deny rule stop')
  t.strictSame(
    tables.current('default')?.table.files,
    [{ path: 'policies/a.yaml' }],
    'not committed',
  )

  git('checkout', '--quiet', '-b', 'stricter')
  git('commit', '--quiet', '--all', '-m', 'deny')
  const second = git('rev-parse', 'HEAD')
  await until(() => tables.current('default')?.table.files[0]?.commit === second)
  t.match(await statusOf(w, url), {
    source: { state: 'in_force', commit: second },
    namespaces: [{ commit: second }],
  })

  git('checkout', '--quiet', 'main')
  await until(() => tables.current('default')?.table.files[0]?.commit === first)
  t.equal(verdict(tables), 'allow rule go')
})

t.test('a restart releases nothing new, and goes on where it was', async t => {
  const w = await world(t)
  w.write('a.yaml', policy('p', allow))
  const before = await w.startController()
  await until(async () => (await statusOf(w, before.url)).namespaces.length === 1)
  const { namespaces } = await statusOf(w, before.url)
  await before.stop()

  const { url } = await w.startController()
  await until(async () => (await statusOf(w, url)).source.state === 'in_force')
  t.strictSame((await statusOf(w, url)).namespaces, namespaces)
  w.write('a.yaml', policy('p', deny))
  await until(async () => (await statusOf(w, url)).namespaces[0]?.digest !== namespaces[0]?.digest)
  const { history } = Object(await (await w.get(url, '/api/v1/tables')).json())
  t.equal(history.length, 2)
  t.ok(history[0].sequence > history[1].sequence)
})

t.test('a source that is broken at the start leaves what was in force before', async t => {
  const w = await world(t)
  w.write('a.yaml', policy('p', allow))
  const before = await w.startController()
  await until(async () => (await statusOf(w, before.url)).namespaces.length === 1)
  await before.stop()
  w.write('a.yaml', 'kind: [')
  const { url } = await w.startController()
  const tables = await w.follow(w.link(url))
  await until(async () => (await statusOf(w, url)).source.state === 'broken')
  await until(() => verdict(tables) === 'allow rule go')
})

t.test(
  'what a tool server says refuses an edit that contradicts it, and never what was in force before',
  async t => {
    const w = await world(t)
    const server = `apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: files }
spec: { url: "http://127.0.0.1:9/mcp" }
---
`
    const onCommand = (rule: string) =>
      server + policy('p', `{ name: stop, when: args.command == "rm", action: deny }, ${rule}`)
    w.write('a.yaml', onCommand(allow))
    const { url } = await w.startController()
    const link = w.link(url)
    const tables = await w.follow(link)
    await until(() => tables.current('default') !== null)
    const schema = {
      type: 'object',
      properties: { path: { type: 'string' } },
      additionalProperties: false,
    }
    const report = {
      proxy: 'proxy-1',
      version: '1',
      startedAt: '2026-11-21T09:00:00Z',
      enforced: {},
      upstreams: [
        {
          namespace: 'default',
          name: 'files',
          state: 'connected',
          tools: [{ name: 'read_file', inputSchema: schema }],
        },
      ],
      journal: { seq: 0, shipped: 0 },
    }
    const body = JSON.stringify(report)
    const headers = { 'content-type': 'application/json' }
    const answer = await link.send('/api/v1/proxies/proxy-1', { method: 'PUT', headers, body })
    await answer.body.dump()
    const digest = () => tables.current('default')?.digest
    const first = digest()
    await until(async () => (await statusOf(w, url)).problems.list.length > 0)
    t.match(await statusOf(w, url), {
      source: { state: 'in_force' },
      problems: {
        errors: 0,
        list: [{ severity: 'warning', code: 'unknown_field', file: 'policies/a.yaml' }],
      },
    })

    w.write('a.yaml', onCommand('{ name: stop-too, when: args.comand == "mv", action: deny }'))
    await until(async () => (await statusOf(w, url)).source.state === 'broken')
    t.equal(digest(), first, 'the last good table stands')
    t.match((await statusOf(w, url)).problems, { errors: 2, list: { length: 2 } })

    w.write('a.yaml', onCommand(deny))
    await until(() => digest() !== first)
    t.match(await statusOf(w, url), { source: { state: 'in_force' }, problems: { errors: 0 } })
  },
)
