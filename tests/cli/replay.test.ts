import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { NewEntry } from '../../proxy/journal/line.ts'
import { tokens, until, world } from '../controller/world.ts'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { root, writ } from './writ.ts'

const airline = 'examples/airline'
const calls = join(root, airline, 'calls/calls.jsonl')

/** A repository with the policies of a team, of which the last commit asks for less. */
function repository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'writ-replay-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
      cwd: folder,
    })
  mkdirSync(join(folder, 'policies'))
  git('init', '-q', '-b', 'main')
  for (const action of ['deny', 'allow']) {
    writeFileSync(join(folder, 'policies/all.yaml'), policies(action))
    git('add', '.')
    git('commit', '-qm', action)
  }
  git('branch', 'stricter', 'HEAD~1')
  return folder
}

function policies(action: string): string {
  return `apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: files }
spec: { url: "https://files.example/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: claude }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: all }
spec: { tools: [{ name: read, rules: [{ name: reads, action: ${action} }] }] }
`
}

const cwd = repository()
const read = '{"session":"one","seq":1,"tool":"read","args":{"path":"a"}}\n'

t.test('calls are judged by a branch, and held against another', async t => {
  const asked = ['replay', 'policies', '--to', 'stricter', '--from', 'main', '--records', '-']
  t.strictSame(await writ(asked, { cwd, input: read }), {
    code: 0,
    out: [
      '1 call: 0 decided as before, 1 otherwise, 0 cannot be judged',
      '',
      'decided otherwise',
      '       1  read on files: allow -> deny  all/reads policies/all.yaml:14:39',
      '          one:1  claude  {"path":"a"}',
      '',
    ].join('\n'),
    err: '',
  })
  const file = [...asked.slice(0, 1), 'policies/all.yaml', ...asked.slice(2)]
  t.match((await writ([...file, '-o', 'json'], { cwd, input: read })).out, '"changedCalls":1')
})

t.test('policies on disk are held against a commit, or a folder', async t => {
  const json = async (...more: string[]) => {
    const asked = ['replay', '--records', '-', '-o', 'json', ...more]
    const { out } = await writ(asked, { cwd: join(cwd, 'policies'), input: read })
    const { calls, changedCalls, unjudged } = JSON.parse(out)
    return [calls, changedCalls, unjudged.count]
  }
  t.strictSame(await json('--from', 'HEAD~1'), [1, 1, 0])
  t.strictSame(await json('--from', '.'), [1, 0, 0])
  t.strictSame(await json('--from', 'all.yaml'), [1, 0, 0])
  t.strictSame(await json(), [1, 0, 1], 'nobody wrote down what was decided')
})

t.test('what cannot be read is named', async t => {
  const told = async (...more: string[]) => {
    const { code, err } = await writ(['replay', 'policies', '--records', '-', ...more], { cwd })
    return [code, err.split('\n')[0]]
  }
  const none = (ref: string) => `writ: there is no path ${ref}, and git knows no commit ${ref}`
  t.strictSame(await told('--to', 'nowhere'), [2, none('nowhere')])
  t.strictSame(await told('--to', '--output=x'), [2, none('--output=x')])
  t.strictSame(await told('--records', 'gone.jsonl'), [
    2,
    "writ: cannot read gone.jsonl: ENOENT: no such file or directory, open 'gone.jsonl'",
  ])
  const outside = await writ(['replay', tmpdir(), '--to', 'main', '--records', '-'], { cwd })
  t.match(outside.err, /is in no git repository/)
  writeFileSync(join(cwd, 'broken.yaml'), 'kind: AccessPolicy\n')
  const broken = await writ(['replay', 'broken.yaml', '--records', '-'], { cwd })
  t.equal(broken.code, 1)
  t.match(broken.err, /broken\.yaml does not compile: \d+ errors/)
  t.equal((await writ(['replay', '--days', 'many'], { cwd })).code, 2)
})

t.test('a budget, people and what is not judged have their lines', async t => {
  const { out } = await writ([
    ...['replay', airline, '--records', calls, '--from', 'examples/quickstart'],
    ...['--agent', 'customer-service', '--server', 'reservations'],
  ])
  t.match(out, /^1,164 calls: 0 decided as before, 0 otherwise, 1,164 cannot be judged$/m)
  t.match(
    out,
    /^ {3}1,164 {2}what was called is offered by nobody, or by somebody else \(not_offered\)$/m,
  )
})

t.test('records come from the controller, of so many days', async t => {
  const w = await world(t)
  w.write('a.yaml', policies('allow'))
  const { url } = await w.startController()
  await until(async () => (await w.get(url, '/api/v1/models')).status === 200)
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const made = (days: number): NewEntry =>
    entry({ time: ago(days), phase: 'attempt', call: `c${days}`, server: 'files', tool: 'read' })
  const stored = await fetch(new URL('/api/v1/records', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
    body: [made(40), made(20), made(1)].map((one, i) => line('proxy-a', i + 1, one)).join(''),
  })
  if (!stored.ok) throw new Error(await stored.text())
  const where = ['--url', url.href, '--token', tokens.admin, '-o', 'json']
  const replayed = async (...more: string[]) => {
    const { out } = await writ(['replay', 'policies', '--to', 'stricter', ...where, ...more], {
      cwd,
    })
    return JSON.parse(out)
  }
  t.match(await replayed(), { calls: 2, changedCalls: 2, from: ago(20).slice(0, 10) })
  t.match(await replayed('--days', '7'), { calls: 1, changedCalls: 1 })
  t.match(await replayed('--days', '60'), { calls: 3, changedCalls: 3 })
})
