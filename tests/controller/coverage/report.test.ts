import t from 'tap'
import type { OpenApi } from '../../../controller/api/openapi.ts'
import type { Coverage } from '../../../schemas/coverage.ts'
import { answerChecker } from '../answer-checker.ts'
import { tokens, until, world } from '../world.ts'
import { entryLine, type Some } from './entry-line.ts'

const policies = `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: files }
spec: { url: "https://files.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: claude }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: base }
spec:
  tools:
    - name: read_file
      rules:
        - { name: secrets, when: 'args.path == "/etc/shadow"', action: deny }
        - { name: reading, action: allow }
        - { name: unreachable, when: 'args.path == "/tmp"', action: deny }
    - name: "read_*"
      rules: [{ name: any reading, action: allow }]
    - name: write_file
      rules:
        - { name: small, when: 'size(args.path) < 3', action: allow }
    - name: never_called
      rules: [{ name: dead, action: allow }]
    - name: gone
      enabled: false
      rules: [{ name: asleep, action: allow }]
  models:
    - name: gpt-*
      rules: [{ name: models, action: allow }]
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: strict }
spec:
  tools:
    - name: delete_file
      rules: [{ name: stop, action: deny }]
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: lenient }
spec:
  tools:
    - name: delete_file
      rules: [{ name: let, when: 'args.path == "/tmp"', action: allow }]
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: of-others }
spec:
  subjects: { agents: [codex] }
  tools:
    - name: read_file
      rules: [{ name: theirs, when: 'args.path == "/x"', action: deny }]
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: trial }
spec:
  mode: observe
  tools:
    - name: read_file
      rules:
        - { name: would stop, when: 'args.path == "/a"', action: deny }
        - { name: would ask, when: 'args.path == "/b"', action: require_approval }
`

const w = await world(t)
w.write('a.yaml', policies)
const clock = { now: Date.parse('2026-11-01T08:00:00Z') }
const { url } = await w.startController({ now: () => clock.now })
const wrong = answerChecker((await (await fetch(new URL('/openapi.json', url))).json()) as OpenApi)

async function report(query = ''): Promise<Coverage> {
  const path = `/api/v1/coverage${query}`
  const answer = await w.get(url, path)
  const body = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  const problem = wrong(
    { method: 'GET', path: '/api/v1/coverage' },
    { status: answer.status, type, body },
  )
  if (problem !== null || answer.status !== 200) throw new Error(problem ?? body)
  return JSON.parse(body)
}

let seq = 0
async function record(entries: readonly Some[]): Promise<void> {
  const body = entries
    .map(some => {
      seq += 1
      return `${entryLine(seq, some)}\n`
    })
    .join('')
  const headers = {
    authorization: `Bearer ${tokens.proxy}`,
    'content-type': 'application/x-ndjson',
  }
  const answer = await fetch(new URL('/api/v1/records', url), { method: 'POST', headers, body })
  if (!answer.ok) throw new Error(await answer.text())
}

const by = (policy: string, rule: string, some: Some = {}): Some => ({
  ...{ policy, rule, time: '2026-11-20T09:00:00.000Z' },
  ...some,
})

const silent = (found: Coverage) =>
  found.silent.items.map(({ policy, rule, why, calls, by }) => [
    `${policy} / ${rule}`,
    why,
    calls,
    ...(by === undefined ? [] : [by]),
  ])

await until(async () => (await report()).namespaces[0]?.rules === 13)

t.test('nothing is known before anything is on record, and the report says so', async t => {
  const found = await report()
  t.strictSame(
    { ...found, silent: found.silent.count },
    {
      since: '2026-08-04T00:00:00.000Z',
      until: '2026-11-01T08:00:00.000Z',
      namespaces: [{ namespace: 'default', calls: 0, uncountedNames: 0, rules: 13, firedRules: 0 }],
      otherNamespaces: 0,
      unruled: { count: 0, items: [] },
      silent: 13,
      approvals: { complete: true, workflows: [], people: [] },
    },
  )
  t.ok(found.silent.items.every(({ since }) => since === '2026-11-01T08:00:00.000Z'))
})

t.test('a rule that decided nothing says why, as far as records tell', async t => {
  clock.now = Date.parse('2026-11-21T12:00:00Z')
  await record([
    by('base', 'reading'),
    by('base', 'reading', {
      phase: 'outcome',
      status: 'succeeded',
    }),
    by('base', 'any reading', { tool: 'read_dir' }),
    by('base', '', { tool: 'write_file', action: 'deny', reason: 'unmatched', rule: undefined }),
    by('strict', 'stop', { tool: 'delete_file', action: 'deny' }),
    by('base', '', { tool: 'gone', action: 'deny', reason: 'disabled', rule: undefined }),
    by('base', 'models', { kind: 'model', model: 'gpt-4o', tool: undefined, server: undefined }),
    by('base', 'reading', {
      observed: [{ policy: 'trial', action: 'deny', reason: 'rule', rule: 'would stop' }],
    }),
  ])
  const found = await report()
  t.strictSame(silent(found), [
    ['base / secrets', 'condition_false', 2],
    ['base / unreachable', 'earlier_rule', 2, 'base / reading'],
    ['base / small', 'condition_false', 1],
    ['base / dead', 'never_called', 0],
    ['base / asleep', 'disabled', 1],
    ['lenient / let', 'outweighed', 1, 'strict / stop'],
    ['of-others / theirs', 'other_callers', 2],
    ['trial / would ask', 'outweighed', 2, 'trial / would stop'],
  ])
  t.match(found.namespaces, [
    { calls: 7, firedRules: 5, recordedSince: '2026-11-20T00:00:00.000Z' },
  ])
  const [first] = found.silent.items
  t.strictSame(first, {
    ...{ namespace: 'default', policy: 'base', rule: 'secrets', kind: 'tool', match: 'read_file' },
    ...{ action: 'deny', mode: 'enforce', at: { file: 'policies/a.yaml', line: 19, column: 11 } },
    ...{ since: '2026-11-20T00:00:00.000Z', why: 'condition_false', calls: 2 },
  })
})

t.test('what is used without a rule that names it, how often, by whom and last when', async t => {
  await record([
    by('', '', {
      ...{ tool: 'new_tool', action: 'deny', reason: 'unmatched', policy: 'base' },
      rule: undefined,
    }),
    by('', '', {
      ...{ tool: 'new_tool', action: 'allow', reason: 'unmatched', agent: 'codex' },
      ...{ policy: 'base', rule: undefined, time: '2026-11-21T11:00:00.000Z' },
    }),
    by('', '', { server: 'builtin', tool: 'get_approval_status', reason: 'no_policy' }),
  ])
  const found = await report('?namespace=default')
  t.strictSame(found.unruled, {
    count: 2,
    items: [
      {
        ...{ namespace: 'default', kind: 'tool', server: 'files', name: 'new_tool' },
        ...{ why: 'unnamed', calls: 2, defaultCalls: 2, lastAt: '2026-11-21T11:00:00.000Z' },
        ...{ agents: ['claude', 'codex'], moreAgents: false },
        decisions: [
          { action: 'allow', reason: 'unmatched', policy: 'base', calls: 1 },
          { action: 'deny', reason: 'unmatched', policy: 'base', calls: 1 },
        ],
      },
      {
        ...{ namespace: 'default', kind: 'tool', server: 'files', name: 'write_file' },
        ...{ why: 'default_decided', calls: 1, defaultCalls: 1 },
        ...{ lastAt: '2026-11-20T09:00:00.000Z', agents: ['claude'], moreAgents: false },
        decisions: [{ action: 'deny', reason: 'unmatched', policy: 'base', calls: 1 }],
      },
    ],
  })
})

t.test('only days that are asked for count, and namespaces without policies do', async t => {
  await record([by('', '', { namespace: 'other', reason: 'no_table', action: 'deny', tool: 'x' })])
  const found = await report('?days=1')
  t.match(found, { since: '2026-11-21T00:00:00.000Z', unruled: { count: 1 } })
  t.strictSame(
    found.namespaces.map(({ namespace, calls }) => [namespace, calls]),
    [['default', 1]],
  )
  t.strictSame((await report('?days=2&namespace=other')).unruled.items[0]?.why, 'unnamed')
  for (const query of ['?days=0', '?days=401', '?day=1']) {
    t.equal((await w.get(url, `/api/v1/coverage${query}`)).status, 400, query)
  }
})

t.test(
  'a rule is known by what it says: one of its name that said otherwise does not count',
  async t => {
    clock.now = Date.parse('2026-11-21T13:00:00Z')
    w.write(
      'a.yaml',
      policies.replace(
        '{ name: reading, action: allow }',
        '{ name: reading, when: "size(args) > 5", action: allow }',
      ),
    )
    await until(async () => (await report()).silent.items.some(({ rule }) => rule === 'reading'))
    const find = async (name: string) =>
      (await report()).silent.items.find(({ rule }) => rule === name)
    t.match(await find('reading'), {
      since: '2026-11-21T13:00:00.000Z',
      why: 'never_called',
      calls: 0,
    })
    t.match(await find('secrets'), { since: '2026-11-20T00:00:00.000Z', why: 'condition_false' })
    clock.now += 60_000
    await record([by('base', 'reading', { time: '2026-11-21T13:00:30.000Z' })])
    t.equal(await find('reading'), undefined)
    t.match(await find('unreachable'), { why: 'earlier_rule', by: 'base / reading' })
  },
)

t.test(
  'a rule of the system namespace is told once, unless it decided something anywhere',
  async t => {
    const system = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: guard, namespace: writ-system }
spec:
  tools:
    - name: read_file
      rules:
        - { name: never, when: 'args.path == "/a"', action: deny }
        - { name: once, when: 'args.path == "/b"', action: deny }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: own, namespace: other }
spec: { tools: [{ name: x, rules: [{ name: x, action: allow }] }] }
`
    w.write('system.yaml', system)
    const guards = async (query = '') =>
      (await report(query)).silent.items
        .filter(({ policy }) => policy.endsWith('guard'))
        .map(({ namespace, policy, rule, why }) => [namespace, policy, rule, why])
    await until(async () => (await guards('?namespace=other')).length > 0)
    const once = { policy: 'writ-system/guard', rule: 'once', action: 'deny' } as const
    clock.now += 60_000
    await record([{ ...once, time: new Date(clock.now - 1000).toISOString() }])
    t.strictSame(await guards(), [['writ-system', 'guard', 'never', 'condition_false']])
    t.strictSame(await guards('?namespace=other'), [
      ['other', 'writ-system/guard', 'never', 'never_called'],
      ['other', 'writ-system/guard', 'once', 'never_called'],
    ])
  },
)
