import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { compile, type SourceFile } from '../../../policy/compile/compile.ts'
import { milliseconds } from '../../../policy/compile/milliseconds.ts'
import { hintWithin, nearest } from '../../../policy/compile/nearest.ts'
import { slug } from '../../../policy/compile/portable/slug.ts'

const head = 'apiVersion: writ.dev/v1alpha1\n'

const of = (kind: string, name: string, spec: string, namespace = 'default') =>
  `${head}kind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`

const file = (path: string, ...texts: readonly string[]): SourceFile => ({
  path,
  text: texts.join('---\n'),
})

t.test('nothing compiles to no table and no problem', async t => {
  t.strictSame(compile([]), {
    problems: [],
    resources: 0,
    tables: new Map(),
    directories: [],
    tests: [],
  })
})

t.test('a table holds who calls and what there is to call, and is named by its bytes', async t => {
  const files: SourceFile[] = [
    {
      ...file(
        'b.yaml',
        of(
          'Agent',
          'web',
          `{ kind: claude-code, owner: ana, labels: { tier: gold }, apiKeys: [{ name: z, sha256: ${'b'.repeat(64)} }, { name: a, sha256: ${'a'.repeat(64)}, expires: 2027-06-01T00:00:00Z }] }`,
        ),
        of('Agent', 'anon', '{ serviceAccounts: [web, batch] }'),
      ),
      commit: 'c0ffee',
    },
    file(
      'a.yaml',
      of('User', 'ana', '{}'),
      of('Team', 'sre', '{ members: [ana] }'),
      of('Team', 'dev', '{ members: [ana] }'),
      of('Team', 'ops', '{ members: [] }'),
      of('ToolServer', 'files', '{ transport: stdio, command: mcp-files, env: { LEVEL: debug } }'),
      of('ApprovalWorkflow', 'ask', '{ approvers: { teams: [sre] } }'),
    ),
  ]
  const { tables, resources } = compile(files)
  t.equal(resources, 8)
  const compiled = tables?.get('default')
  t.strictSame(compiled?.table, {
    format: 'writ.dev/rule-table/v1',
    namespace: 'default',
    files: [{ path: 'a.yaml' }, { path: 'b.yaml', commit: 'c0ffee' }],
    policies: [],
    servers: [
      {
        name: 'files',
        spec: { transport: 'stdio', command: 'mcp-files', env: { LEVEL: 'debug' } },
        at: [0, 21, 1],
      },
    ],
    agents: [
      {
        name: 'anon',
        kind: '',
        user: '',
        groups: [],
        labels: {},
        apiKeys: [],
        serviceAccounts: ['batch', 'web'],
        at: [1, 6, 1],
      },
      {
        name: 'web',
        kind: 'claude-code',
        user: 'ana',
        groups: ['dev', 'sre'],
        labels: { tier: 'gold' },
        apiKeys: [
          { name: 'a', sha256: 'a'.repeat(64), expires: '2027-06-01T00:00:00Z' },
          { name: 'z', sha256: 'b'.repeat(64) },
        ],
        at: [1, 1, 1],
      },
    ],
    workflows: [{ name: 'ask', spec: { approvers: { teams: ['sre'] } }, at: [0, 26, 1] }],
    providers: [],
    budgets: [],
  })
  t.equal(compiled?.json, canonicalize(compiled?.table))
  t.equal(
    compiled?.digest,
    `sha256:${createHash('sha256')
      .update(compiled?.json ?? '')
      .digest('hex')}`,
  )
  t.strictSame(compile([...files].reverse()).tables?.get('default'), compiled)
})

t.test(
  'each namespace has a table of its own, and documents without one are in that asked for',
  async t => {
    const here = `${head}kind: User\nmetadata: { name: ana }\nspec: {}\n`
    const files = [file('a.yaml', here, of('User', 'ana', '{}', 'other'))]
    t.strictSame(
      [...(compile(files, { namespace: 'team' }).tables?.keys() ?? [])],
      ['other', 'team'],
    )
  },
)

t.test('the system namespace can have another name', async t => {
  const files = [
    file('a.yaml', of('AccessPolicy', 'guard', '{}', 'root'), of('AccessPolicy', 'p', '{}')),
  ]
  const names = (systemNamespace?: string) =>
    compile(files, systemNamespace === undefined ? {} : { systemNamespace })
      .tables?.get('default')
      ?.table.policies.map(({ name, system }) => [name, system])
  t.strictSame(names('root'), [
    ['p', undefined],
    ['root/guard', true],
  ])
  t.strictSame(names(), [['p', undefined]])
})

t.test('tests are handed on with their place', async t => {
  const spec =
    '{ cases: [{ name: c, call: { tool: t, args: { __proto__: 1 } }, expect: { action: deny } }] }'
  const { tests, tables } = compile([
    file('t.yaml', of('User', 'ana', '{}'), of('PolicyTest', 'pt', spec)),
  ])
  const call = { tool: 't', args: Object.fromEntries([['__proto__', 1]]) }
  t.strictSame(tests, [
    {
      name: 'pt',
      namespace: 'default',
      file: 't.yaml',
      line: 6,
      cases: [{ name: 'c', call, expect: { action: 'deny' } }],
      places: [{ file: 't.yaml', line: 9, column: 17 }],
    },
  ])
  t.strictSame(tables?.get('default')?.table.agents, [])
})

t.test('parts repeated by an alias have the place where they were first written', async t => {
  const spec = `
  tools:
    - { name: a, rules: &rules [{ action: deny, when: arg.x }] }
    - { name: b, rules: *rules }`
  const { problems } = compile([file('a.yaml', of('AccessPolicy', 'p', spec))])
  t.strictSame(
    problems.map(({ line, column, code }) => [line, column, code]),
    [
      [6, 55, 'unknown_variable'],
      [6, 55, 'unknown_variable'],
    ],
  )
})

t.test('conditions are pointed at inside blocks, quotes and escapes', async t => {
  const at = (when: string) => {
    const spec = `\n  tools:\n    - name: t\n      rules:\n        - action: deny\n          when: ${when}`
    return compile([file('a.yaml', of('AccessPolicy', 'p', spec))]).problems.map(
      ({ line, column }) => `${line}:${column}`,
    )
  }
  t.strictSame(at('arg.a == 1'), ['9:17'])
  t.strictSame(at("'args.a == ''x'' && arg.b'"), ['9:37'])
  t.strictSame(at('"args.a == \\"x\\" && arg.b"'), ['9:37'])
  t.strictSame(at('|\n            args.a == 1 &&\n            arg.b == 2'), ['11:13'])
  t.strictSame(at('>- # folded\n            args.a == 1 &&\n\n            arg.b == 2'), ['12:13'])
  t.strictSame(at('"\\u0061rg.b"'), ['9:18'])
  t.strictSame(at('args.a =='), ['9:26'])
})

t.test('a secret written out in a portable file is not in the table, nor in a problem', async t => {
  const text = `version: "1.0"
metadata: { name: p }
mcp_servers:
  - { name: Key, url: "https://k.example", auth_type: api_key, auth_config: { api_key: sk-live-hunter2 } }
  - { name: env, url: "\${BASE}/mcp", auth_type: bearer, auth_config: { token: "\${TOKEN}" } }
  - { name: half, url: "https://h.example", transport: http-streaming, auth_type: oauth, auth_config: { access_token: "x\${TOKEN}" } }
`
  const { tables, problems } = compile([{ path: 'p.yaml', text }])
  const compiled = tables?.get('default')
  t.strictSame(
    compiled?.table.servers.map(({ name, spec }) => ({ name, ...spec })),
    [
      {
        name: 'env',
        transport: 'streamable-http',
        url: ['$', '{BASE}/mcp'].join(''),
        auth: { type: 'bearer', secretRef: { name: 'env', key: 'TOKEN' } },
      },
      {
        name: 'half',
        transport: 'streamable-http',
        url: 'https://h.example',
        auth: { type: 'bearer', secretRef: { name: 'half', key: 'access_token' } },
      },
      {
        name: 'key',
        transport: 'streamable-http',
        url: 'https://k.example',
        auth: { type: 'api_key', header: 'X-API-Key', secretRef: { name: 'key', key: 'api_key' } },
      },
    ],
  )
  t.notMatch(`${compiled?.json}${JSON.stringify(problems)}`, /hunter2/)
})

t.test('workflows of portable files mean what they meant', async t => {
  const text = `version: "1.0"
metadata: { name: p }
approval_workflows:
  - { name: Plain }
  - { name: full, description: d, timeout_seconds: 60, require_reason: true, approvals_required: 2, approver_users: [ana, ana], approver_teams: [sre], escalation_users: [ben], async_approval: true }
  - { name: judge, approval_type: ai_driven, ai_model: m }
  - { name: other, approval_type: ai_driven, ai_model: m, ai_guidelines: g, ai_context: { a: 1 }, ai_confidence_threshold: 0.5, ai_fallback_behavior: deny, escalation_workflow: Plain }
`
  const people = [
    of('User', 'ana', '{}'),
    of('User', 'ben', '{}'),
    of('Team', 'sre', '{ members: [ben] }'),
  ]
  const { tables } = compile([file('p.yaml', text), file('people.yaml', ...people)])
  const plain = {
    approvalsRequired: 1,
    timeout: '300s',
    mode: 'wait',
    requireReason: false,
    separationOfDuties: false,
  }
  t.strictSame(
    tables?.get('default')?.table.workflows.map(({ name, spec }) => ({ name, ...spec })),
    [
      {
        name: 'full',
        ...plain,
        description: 'd',
        approvers: { users: ['ana'], teams: ['sre'] },
        approvalsRequired: 2,
        timeout: '120s',
        mode: 'async',
        requireReason: true,
        escalation: { after: '60s', to: { users: ['ben'], teams: [] } },
      },
      {
        name: 'judge',
        ...plain,
        ai: { model: 'm', confidenceThreshold: 0.8, onUncertain: 'escalate' },
      },
      {
        name: 'other',
        ...plain,
        ai: {
          model: 'm',
          guidelines: 'g',
          context: { a: 1 },
          confidenceThreshold: 0.5,
          onUncertain: 'deny',
          escalateTo: 'plain',
        },
      },
      { name: 'plain', ...plain },
    ],
  )
})

t.test('whatever a file holds, compiling ends with problems or tables', async t => {
  const word = fc.constantFrom(
    'apiVersion: writ.dev/v1alpha1\n',
    'kind: AccessPolicy\n',
    'metadata: { name: x }\n',
    'spec:\n',
    '  tools:\n',
    '    - name: t\n',
    '      rules:\n',
    '        - action: deny\n',
    'version: "1.0"\n',
    'tools: [{ name: t }]\n',
    '---\n',
    '- ',
    '? ',
    ': ',
    '&a ',
    '*a',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '|\n',
    '>-\n',
    '#',
    '\t',
    '\n',
    '\u0000',
    '\uFEFF',
    '!!str ',
    '<<: ',
    '%YAML 1.1\n',
    '...\n',
    'null',
    '1e999',
    '\ud800',
  )
  const text = fc.oneof(
    fc.array(word, { maxLength: 60 }).map(words => words.join('')),
    fc.string({ unit: 'binary', maxLength: 300 }),
  )
  fc.assert(
    fc.property(text, text, (one, other) => {
      const { problems, tables } = compile([file('a.yaml', one), file('b.yaml', other)])
      return (tables === null) === problems.some(({ severity }) => severity === 'error')
    }),
    { numRuns: 3000, seed: 7 },
  )
  t.pass('none threw')
})

t.test('the same path twice is read in an order of its own', async t => {
  const files = [file('a.yaml', of('User', 'a', '{}')), file('a.yaml', of('User', 'b', '{}'))]
  t.strictSame(compile(files), compile([...files].reverse()))
})

t.test('the nearest word is the one with the fewest slips', async t => {
  const words = ['rules', 'name', 'server', 'enabled', 'justification', 'nmae-tag']
  const guess = (word: string) => nearest(word, words)
  t.strictSame(['ruels', 'Name', 'justifcation', 'frobnicate', 'x', ''].map(guess), [
    'rules',
    'name',
    'justification',
    undefined,
    undefined,
    undefined,
  ])
})

t.test('hints end when so many words have been looked at', async t => {
  const hint = hintWithin(3)
  t.strictSame(
    [hint('on', ['one', 'two']), hint('tw', ['one', 'two'])],
    [{ suggestion: 'Did you mean "one"?' }, {}],
  )
})

t.test('lengths of time are milliseconds', async t => {
  t.strictSame(['500ms', '30s', '5m', '24h', '30d', '5', 'm', '1w'].map(milliseconds), [
    500,
    30_000,
    300_000,
    86_400_000,
    2_592_000_000,
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ])
})

t.test('a free name becomes the name of a resource', async t => {
  const names = ['Git Hub', '  Déploy—Ops! ', 'a..b', '-.-', '日本', 'x'.repeat(300), 'a.-b']
  t.strictSame(names.map(slug), [
    'git-hub',
    'deploy-ops',
    'a.b',
    'unnamed',
    'unnamed',
    'x'.repeat(253),
    'a.b',
  ])
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), name =>
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(slug(name)),
    ),
    { numRuns: 3000, seed: 7 },
  )
})
