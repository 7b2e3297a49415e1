import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import { decide, noTable } from '../../../policy/decide/decide.ts'
import { explain } from '../../../policy/decide/explain.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import { parseInSlices } from '../../../policy/decide/json-slices.ts'
import { descriptionFor, justificationFor } from '../../../policy/decide/justification.ts'
import { load, loading } from '../../../policy/decide/load.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'

function steps<T>(generator: Generator<undefined, T>): {
  readonly value: T
  readonly count: number
} {
  let count = 0
  for (;;) {
    const { done, value } = generator.next()
    if (done) return { value, count }
    count++
  }
}

const policy = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p }
spec:
  subjects: { agents: [a*], apiKeys: ["*"] }
  tools:
    - { name: t*, server: builtin, justification: optional, rules: [{ name: é😀, when: args.n > 1.0, message: no, action: deny }, { action: allow }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: a }
spec: { apiKeys: [{ name: k, sha256: ${'ab'.repeat(32)} }] }
---
version: "1.0"
metadata: { name: portable }
mcp_servers: [{ name: s, url: "https://s.example" }]
approval_workflows: [{ name: w }]
tools: [{ name: u, source: mcp, description: Says u., conditions: [{ expression: "a > 1" }] }]
`

const compiled = compile([{ path: 'p.yaml', text: policy, commit: 'c0ffee' }]).tables?.get(
  'default',
)
const json = compiled?.json ?? ''

t.test('a table is named by the digest of its bytes and loads as it was written', async t => {
  const table = load(json)
  t.equal(table.digest, compiled?.digest)
  t.equal(table.namespace, 'default')
  const { policies: _, ...rest } = JSON.parse(json)
  t.strictSame(table.table, rest)
})

t.test('a decision names file, line and commit, and cannot be edited', async t => {
  const facts = factsOf({ tool: 'tx', server: 'builtin', args: { n: 2 }, subject: { agent: 'ab' } })
  const decision = decide(load(json), facts)
  t.strictSame(decision, {
    action: 'deny',
    policy: 'p',
    reason: 'rule',
    rule: 'é😀',
    message: 'no',
    at: { file: 'p.yaml', line: 7, column: 69 },
    commit: 'c0ffee',
    observed: [],
    table: compiled?.digest,
  })
  t.throws(() => Object.assign(decision, { action: 'allow' }), TypeError)
  t.throws(() => Object.assign(decision.at ?? {}, { line: 1 }), TypeError)
})

t.test(
  'what is asked about a tool is the strictest word, and its description the first',
  async t => {
    const table = load(json)
    const about = (tool: string, server: string) => {
      const facts = factsOf({ tool, server, subject: { agent: 'a' } })
      return [justificationFor(table, facts), descriptionFor(table, facts)]
    }
    t.strictSame(about('t', 'builtin'), ['optional', undefined])
    t.strictSame(about('u', 's'), ['off', 'Says u.'])
  },
)

t.test('without a table everything is denied', async t => {
  t.strictSame(noTable, {
    action: 'deny',
    reason: 'no_table',
    message: 'No policy has been loaded yet, so nothing is allowed.',
    observed: [],
    table: '',
  })
})

t.test('names that objects have by birth are names like any other', async t => {
  const table = load(json)
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const facts = factsOf({ tool: name, server: name, subject: { agent: name, apiKey: name } })
    t.match(decide(table, facts), { action: 'allow', reason: 'unmatched', policy: 'portable' })
    t.match(decide(table, factsOf({ tool: name, subject: { agent: 'a' } })), { action: 'deny' })
  }
})

t.test('an agent that makes up names cannot make the proxy remember them all', async t => {
  const table = load(json)
  for (let i = 0; i < 30_000; i++) {
    decide(table, factsOf({ tool: `t${i}`, server: `s${i % 3}`, subject: { agent: `a${i % 7}` } }))
  }
  t.ok(table.plans.size <= 8200, 'what is remembered is bounded')
  const long = 'x'.repeat(300)
  const calls = [
    { tool: long, subject: { agent: 'a1' } },
    { tool: 't', subject: { agent: `a${long}`, apiKey: 'k' } },
  ]
  decide(table, factsOf({ tool: 't', subject: { agent: 'a1' } }))
  const size = table.plans.size
  for (const call of calls) t.match(decide(table, factsOf(call)), { action: 'deny' })
  t.equal(table.plans.size, size, 'long names are not remembered')
})

t.test('keys of an agent and servers of a tool are told apart while they take turns', async t => {
  const calls = ['k', ''].flatMap(apiKey =>
    ['builtin', 's', 'other'].map(server => ({
      tool: 'u',
      server,
      subject: { agent: 'ab', apiKey },
    })),
  )
  const table = load(json)
  for (const call of [...calls, ...calls]) {
    t.strictSame(decide(table, factsOf(call)), decide(load(json), factsOf(call)))
  }
})

t.test('callers that the same policies select share what is remembered', async t => {
  const table = load(json)
  for (let i = 0; i < 200; i++) {
    for (const tool of ['t1', 't2', 't3', 'u']) {
      decide(table, factsOf({ tool, subject: { agent: `${i % 2 === 0 ? 'a' : 'b'}${i}` } }))
    }
  }
  t.equal(table.plans.selections.size, 2)
  t.equal(table.plans.size, 200 + 2 * 4)
})

t.test('the order of policies in a table does not matter', async t => {
  const written: RuleTable = JSON.parse(json)
  const [policy] = written.policies
  const said = (names: readonly string[]) => {
    const policies = names.map(name => ({ ...policy, name }))
    const table = load(JSON.stringify({ ...written, policies }))
    const call = { tool: 'tx', server: 'builtin', subject: { agent: 'a' } }
    return explain(table, factsOf(call)).trace.map(({ policy }) => policy)
  }
  for (const names of ['abcde', 'edcba', 'caebd', 'badce']) {
    t.strictSame(said([...names]), [...'abcde'], names)
  }
})

t.test('the digest is that of the whole, wherever it is cut', async t => {
  for (const pad of ['', 'x', 'xx']) {
    const text = JSON.stringify({ ...JSON.parse(json), pad: `${pad}${'😀'.repeat(80_000)}` })
    t.equal(load(text).digest, `sha256:${createHash('sha256').update(text).digest('hex')}`)
  }
})

t.test('a table is loaded in many small steps', async t => {
  const rules = Array.from(
    { length: 3000 },
    (_, i) => `{ when: args.n > ${i}.0, action: deny, message: ${'é😀'.repeat(9)} }`,
  )
  const text = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p }
spec: { tools: [{ name: t, rules: [${rules.join(', ')}] }] }
`
  const big = compile([{ path: 'p.yaml', text }]).tables?.get('default')
  const { value, count } = steps(loading(big?.json ?? ''))
  t.equal(value.digest, big?.digest)
  t.ok(count > 6000, 'each rule is a step or more')
  t.match(decide(value, factsOf({ tool: 't', args: { n: 2998.5 } })), {
    action: 'deny',
    rule: 'tools[0].rules[0]',
  })
  t.match(decide(value, factsOf({ tool: 't', args: { n: 0 } })), { reason: 'unmatched' })
})

t.test('entries of a long policy wait as well until they are needed', async t => {
  const short = Array.from({ length: 300 }, (_, i) => `{ name: t${i}, rules: [{ action: allow }] }`)
  const long = `{ name: long, rules: [${'{ when: args.n == 1, action: deny }, '.repeat(300)}] }`
  const text = `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: p }
spec: { tools: [${short.join(', ')}, ${long}] }
`
  const big = compile([{ path: 'p.yaml', text }]).tables?.get('default')?.json ?? ''
  const table = load(big)
  const said = (tool: string, n: number) => {
    const { rule, reason } = decide(table, factsOf({ tool, args: { n } }))
    return [reason, rule]
  }
  t.strictSame(said('t299', 1), ['rule', 'tools[299].rules[0]'])
  t.strictSame(said('long', 1), ['rule', 'tools[300].rules[0]'])
  t.strictSame(said('long', 2), ['unmatched', undefined])
  for (const item of [7, 'entry']) {
    const { policies, ...rest }: RuleTable = JSON.parse(big)
    const [policy] = policies
    const tools = [item, ...(policy?.tools ?? [])]
    const json = JSON.stringify({ ...rest, policies: [{ ...policy, tools }] })
    t.throws(() => load(json), new TypeError('malformed rule table: entry'))
  }
})

t.test('canonical JSON parsed in slices is what JSON.parse makes of it', async t => {
  const long = fc.array(fc.jsonValue({ maxDepth: 6 }), { maxLength: 40 })
  fc.assert(
    fc.property(long, fc.string({ unit: 'binary', maxLength: 50 }), (list, text) => {
      const value = {
        list,
        text,
        more: { list: Array(30).fill(`"\\[{${'x'.repeat(900)}`), also: list },
      }
      const canonical = canonicalize(JSON.parse(JSON.stringify(value).toWellFormed())) ?? ''
      t.strictSame(steps(parseInSlices(canonical)).value, JSON.parse(canonical))
    }),
    { numRuns: 200, seed: 7 },
  )
  const spaced = JSON.stringify({ a: [1, 'x'.repeat(20_000), [2]], b: {} }, null, 1)
  t.strictSame(steps(parseInSlices(` ${spaced} `)).value, JSON.parse(spaced))
})

t.test('what is not JSON is not parsed', async t => {
  const long = `"${'x'.repeat(20_000)}"`
  const broken = [
    '',
    ' ',
    '[',
    '{',
    '1 2',
    '[1]]',
    `[${long}`,
    `[${long}}`,
    `[${long},]`,
    `{${long}:1]`,
    `{${long}`,
    `{${long} 1}`,
    `{1:${long}}`,
    `{[1]:${long}}`,
    `{${long}:1,}`,
    `[${long} 1]`,
    '"',
    '"\\',
    'tru',
    `[${long}:1]`,
  ]
  for (const text of broken) {
    t.throws(() => steps(parseInSlices(text)), SyntaxError, text.slice(0, 20))
    t.throws(() => load(text), new TypeError('malformed rule table: not JSON'), text.slice(0, 20))
  }
})

t.test('a table that is not whole is refused', async t => {
  const table: RuleTable = JSON.parse(json)
  const [policy] = table.policies
  const [entry] = policy?.tools ?? []
  const [rule] = entry?.rules ?? []
  const [agent] = table.agents
  const withPolicy = (change: object) => ({ ...table, policies: [{ ...policy, ...change }] })
  const withEntry = (change: object) => withPolicy({ tools: [{ ...entry, ...change }] })
  const withRule = (change: object) => withEntry({ rules: [{ ...rule, ...change }] })
  const broken: readonly (readonly [unknown, string])[] = [
    [null, 'table'],
    [[], 'table'],
    ['table', 'table'],
    [{ ...table, format: 'writ.dev/rule-table/v2' }, 'format'],
    [{ ...table, namespace: 1 }, 'namespace'],
    [{ ...table, files: {} }, 'files'],
    [{ ...table, files: [{ path: 1 }] }, 'path'],
    [{ ...table, servers: [{}] }, 'name'],
    [{ ...table, workflows: ['w'] }, 'workflows'],
    [{ ...table, agents: [{ ...agent, apiKeys: 1 }] }, 'agent.apiKeys'],
    [{ ...table, agents: [{ ...agent, apiKeys: [{ name: 'k' }] }] }, 'sha256'],
    [{ ...table, agents: [{ ...agent, serviceAccounts: 'web' }] }, 'agent.serviceAccounts'],
    [{ ...table, policies: undefined }, 'policies'],
    [{ ...table, policies: [7] }, 'policy'],
    [{ ...table, policies: ['policy'] }, 'policy'],
    [withPolicy({ name: undefined }), 'policy.name'],
    [withPolicy({ mode: 'off' }), 'policy.mode'],
    [withPolicy({ system: false }), 'policy.system'],
    [withPolicy({ subjects: [] }), 'policy.subjects'],
    [withPolicy({ subjects: { agents: 'a' } }), 'policy.subjects'],
    [withPolicy({ unmatched: { action: 'permit', workflows: [] } }), 'policy.unmatched.action'],
    [withPolicy({ onError: { action: 'deny' } }), 'policy.onError.workflows'],
    [withPolicy({ at: [0, 1] }), 'at'],
    [withPolicy({ at: [1, 1, 1] }), 'at'],
    [withEntry({ at: [-1, 1, 1] }), 'at'],
    [withPolicy({ at: [0, 1, '1'] }), 'at'],
    [withPolicy({ models: undefined }), 'models'],
    [withEntry({ match: null }), 'entry.match'],
    [withEntry({ server: 1 }), 'entry.server'],
    [withEntry({ notServer: 1 }), 'entry.notServer'],
    [withEntry({ enabled: 'yes' }), 'entry.enabled'],
    [withEntry({ justification: true }), 'entry.justification'],
    [withEntry({ otherwise: null }), 'entry.otherwise'],
    [withEntry({ onError: 1 }), 'entry.onError'],
    [withEntry({ description: 1 }), 'entry.description'],
    [withEntry({ rules: {} }), 'entry.rules'],
    [withRule({ name: 1 }), 'rule.name'],
    [withRule({ action: 'Allow' }), 'rule.action'],
    [withRule({ when: null }), 'expression'],
    [withRule({ source: 1 }), 'rule.source'],
    [withRule({ message: 1 }), 'rule.message'],
  ]
  for (const [value, what] of broken) {
    t.throws(
      () => load(JSON.stringify(value)),
      new TypeError(`malformed rule table: ${what}`),
      what,
    )
  }
  const at = [0, 1]
  const leaf = { op: 'null', at }
  const conditions: readonly (readonly [unknown, string])[] = [
    [{ op: 'nonsense', at }, 'op'],
    [{ op: 'constructor', at }, 'op'],
    [{ at }, 'op'],
    [{ op: 'null' }, 'at'],
    [{ op: 'null', at: [0] }, 'at'],
    [{ op: 'bool', at, value: 'true' }, 'value'],
    [{ op: 'int', at, value: '1e9' }, 'value'],
    [{ op: 'uint', at }, 'value'],
    [{ op: 'double', at, value: '1' }, 'value'],
    [{ op: 'string', at, value: 1 }, 'value'],
    [{ op: 'bytes', at }, 'value'],
    [{ op: 'ident', at }, 'name'],
    [{ op: 'select', at, of: leaf }, 'field'],
    [{ op: 'index', at, of: leaf, key: { op: 'x', at } }, 'op'],
    [{ op: 'call', at, args: [] }, 'fn'],
    [{ op: 'call', at, fn: 'size' }, 'args'],
    [{ op: 'list', at }, 'items'],
    [{ op: 'map', at, entries: [1] }, 'entry'],
    [{ op: 'map', at, entries: [[leaf, { op: 'x', at }]] }, 'op'],
    [{ op: 'all', at, over: leaf, each: leaf }, 'variable'],
    [{ op: 'filter', at, variable: 'x', over: leaf, each: leaf, where: { op: 'x', at } }, 'op'],
    [{ op: 'simple', at, path: 'a', test: '==', value: 1 }, 'path'],
    [{ op: 'simple', at, path: ['a'], test: '=', value: 1 }, 'test'],
    [{ op: 'simple', at, path: ['a'], test: '==', value: {} }, 'value'],
  ]
  for (const [when, what] of conditions) {
    const error = new TypeError(`malformed rule table: expression.${what}`)
    t.throws(() => load(JSON.stringify(withRule({ when }))), error, what)
  }
})

t.test('every form of expression that the compiler writes is loaded', async t => {
  const conditions = [
    'args.a == null || args.b == -1 || args.c == 2u || args.d == 1.5 || args.e == b"x"',
    'args.a[0] in [1, 2] && {"a": args.b}["a"] == "x" && has(args.c)',
    'args.a.all(x, x > 1) && args.a.exists(x, x > 1) && args.a.exists_one(x, x > 1)',
    'args.a.map(x, x > 1, x + 1).filter(x, x > 2).size() > 0 && args.d > double("NaN")',
  ]
  const rules = conditions.map(when => ({ when, action: 'deny' }))
  const text = JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'p' },
    spec: { tools: [{ name: 't', rules }] },
  })
  const { tables } = compile([{ path: 'p.yaml', text }])
  t.equal(load(tables?.get('default')?.json ?? '').plans.policies.length, 1)
})
