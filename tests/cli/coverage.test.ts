import t from 'tap'
import { entryLine, type Some } from '../controller/coverage/entry-line.ts'
import { policy } from '../controller/documents.ts'
import { tokens, until, world } from '../controller/world.ts'
import { writ } from './writ.ts'

const w = await world(t)
w.write(
  'a.yaml',
  `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: files }
spec:
  tools:
    - name: read_file
      rules: [{ name: reading, action: allow }]
    - name: write_file
      rules: [{ name: writing, action: allow }]
---
${policy('elsewhere', '{ name: all, action: allow }', 'other')}`,
)
const { url } = await w.startController()
const where = ['--url', url.href, '--token', tokens.admin]
const rules = async () =>
  (await (await w.get(url, '/api/v1/coverage')).json()) as { silent: { count: number } }
await until(async () => (await rules()).silent.count === 3)

const time = new Date().toISOString()
const day = time.slice(0, 10)
const record = async (entries: readonly Some[], from = 1) => {
  const answer = await fetch(new URL('/api/v1/records', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
    body: entries.map((some, i) => `${entryLine(from + i, { time, ...some })}\n`).join(''),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
await record([
  { policy: 'files', rule: 'reading' },
  { tool: 'rm\u001b[31m', action: 'deny', reason: 'unmatched', policy: 'files' },
])

t.test('what no rule names and what decides nothing is told in words', async t => {
  const { code, out, err } = await writ(['coverage', '--namespace', 'default', ...where])
  t.equal(code, 0)
  t.match(err, new RegExp(`default: 2 calls, counted since ${day} only, 1 of 2 rules decided one`))
  t.strictSame(out.split('\n'), [
    'Used without a rule that names it (1)',
    `  deny  default tool files/rm\\u{1b}[31m  1 call  last ${time.slice(0, 16)}Z  by claude  no entry matches it`,
    'Rules that decided nothing (1)',
    `  default files / writing  allow tool write_file  since ${day}  nothing that it is about was called  policies/a.yaml:10:15`,
    'Questions by workflow (0)',
    'Questions by person (0)',
    '',
  ])
})

t.test('it ends with 1 when something was let through that no rule names', async t => {
  const found = { namespace: 'other', tool: 'anything', policy: 'elsewhere', rule: 'all' }
  await record([found], 3)
  const { code, out } = await writ(['coverage', '--days', '2', '-o', 'json', ...where])
  t.equal(code, 1)
  t.match(JSON.parse(out), {
    namespaces: [{ namespace: 'default' }, { namespace: 'other', calls: 1 }],
    unruled: { count: 2, items: [{ name: 'anything', why: 'catch_all' }, { why: 'unnamed' }] },
  })
  const wrong = await writ(['coverage', '--days', '401', ...where])
  t.match(wrong, { code: 2, err: /Give a number of days from 1 to 400/ })
})
