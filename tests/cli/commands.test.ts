import { exec, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { version as introduced } from '../../proxy/version.ts'
import { Agent } from '../../schemas/agent.ts'
import { editorSchema } from '../../schemas/editor-schema.ts'
import { environment, root, writ } from './writ.ts'

const commands = [
  ['up'],
  ['check'],
  ['explain'],
  ['test'],
  ['diff'],
  ['import'],
  ['init'],
  ['status'],
  ['audit'],
  ['audit', 'list'],
  ['audit', 'search'],
  ['audit', 'export'],
  ['usage'],
  ['budgets'],
  ['models'],
  ['sessions'],
  ['keys'],
  ['keys', 'create'],
  ['schema'],
  ['controller'],
  ['proxy'],
]

const policy = (rule: string) => `apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: deploys }
spec:
  tools:
    - name: deploy
      rules:
        - ${rule}
`

t.test('every command has help with an example', async t => {
  for (const command of commands) {
    const { code, out, err } = await writ([...command, '--help'])
    t.strictSame({ code, err }, { code: 0, err: '' }, command.join(' '))
    const isGroup = command.length === 1 && /audit|keys/.test(command.join())
    t.equal(out.includes('-o, --output <format>'), !isGroup, command.join(' '))
    t.match(
      out,
      new RegExp(`^Usage: writ ${command.join(' ')} .*\nExample.*:\n  \\$ .*npx writ `, 's'),
    )
  }
})

t.test('the example in the help works when it is pasted', async t => {
  const writ = `${process.execPath} cli/main.ts`
  for (const command of ['check', 'explain', 'test', 'diff', 'keys', 'schema']) {
    const { stdout: help } = await shell(`${writ} ${command} --help`)
    const example = /Example:\n {2}\$ (.*)\n/.exec(help)?.[1]?.replace('npx writ', writ) ?? ''
    const { code, stdout, stderr } = await shell(example.replace(/ > .*/, ''))
    t.strictSame({ code, stderr }, { code: command === 'diff' ? 1 : 0, stderr: '' }, example)
    t.not(stdout, '')
  }
})

interface Shell {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function shell(command: string): Promise<Shell> {
  return new Promise(resolve => {
    exec(command, { cwd: root, env: environment() }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    )
  })
}

t.test('the version', async t => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  t.strictSame(await writ(['--version']), { code: 0, out: `${version}\n`, err: '' })
  t.equal(introduced, version, 'and what tool servers are told')
})

t.test('misuse ends with 2 and says what is meant', async t => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['chekc'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['check', '--strct', 'a'], /unknown option '--strct'\n\(Did you mean --strict\?\)/],
    [['check'], /missing required argument 'paths'/],
    [
      ['check', 'no/such/folder'],
      /^writ: cannot read no\/such\/folder: there is no such file or folder\n$/,
    ],
    [['check', 'docs/decisions'], /^writ: docs\/decisions holds no \.yaml or \.yml file\n$/],
    [['check', '-o', 'xml', 'examples'], /Allowed choices are text, json/],
    [['explain', 'examples/quickstart'], /required option '--call <file>' not specified/],
    [['explain', '-', '--call', '-'], /standard input cannot be both/],
    [['schema', 'Policy'], /The kinds are AccessPolicy, /],
    [['keys', 'create', '--agent', 'A!', '--name', 'a'], /lower-case letters/],
    [
      ['keys', 'create', '--agent', 'a', '--name', 'a', '--expires', '2001-01-01'],
      /a time to come/,
    ],
    [
      ['up', 'no/such/folder', '--data', t.testdir({})],
      /^writ: there is no file or folder no\/such\/folder\n/,
    ],
    [['up', '--proxy-port', '70000'], /from 0 to 65535/],
    [['up', '--durability', 'sometimes'], /Allowed choices are strict, batched/],
    [['audit', 'list', '--data', t.testdir({})], /no controller is known/],
    [['audit', 'list', '--url', 'http://127.0.0.1:9'], /--url needs --token/],
    [
      ['status', '--url', 'http://127.0.0.1:9', '--token', 'a'],
      /^writ: no controller answers at http:\/\/127\.0\.0\.1:9\n/,
    ],
    [['proxy'], /a proxy needs a token/],
    [['proxy', '--token', 'a', '--token-file', 'b'], /a proxy has one token/],
    [['proxy', '--token', 'a', '--agent', 'b'], /--agent needs the token of a pod/],
    [['proxy', '--token', 'a', '--secrets', 'kubernetes'], /does not read Secrets/],
  ]
  for (const [args, expected] of cases) {
    const { code, out, err } = await writ(args)
    t.strictSame({ code, out }, { code: 2, out: '' }, args.join(' '))
    t.match(err, expected, args.join(' '))
  }
})

t.test('writ check', async t => {
  const folder = t.testdir({
    'good.yaml': policy('{ name: staging, when: args.environment == "staging", action: allow }'),
    'broken.yaml': policy('{ name: staging, whne: args.environment == "staging", action: allow }'),
    'warning.yaml': policy('{ name: always, when: "1 == 1", action: allow }'),
    nested: { 'b.yml': policy('{ action: alow }'), 'notes.txt': 'not a policy' },
    '.hidden': { 'c.yaml': 'not: looked at' },
    node_modules: { 'd.yaml': 'not: looked at' },
  })
  const at = (...names: string[]) => join(folder, ...names)

  await t.test('says that all is well', async t => {
    const { code, out, err } = await writ(['check', at('good.yaml')])
    t.strictSame({ code, err }, { code: 0, err: '' })
    t.match(out, /^ok: 1 resource in 1 file\n {4}default sha256:[0-9a-f]{64}\n$/)
  })

  await t.test('prints each problem with its place, its line, a caret and what to do', async t => {
    t.strictSame(await writ(['check', 'broken.yaml'], { cwd: folder }), {
      code: 1,
      out: `broken.yaml:8:26: error: Unknown key "whne" in spec.tools[0].rules[0]. (unknown_key)
    8 |         - { name: staging, whne: args.environment == "staging", action: allow }
      |                            ^
  help: Did you mean "when"?
failed: 1 resource in 1 file, 1 error
`.replace(':8:26:', ':8:28:'),
      err: '',
    })
  })

  await t.test('reads folders, but nothing hidden in them', async t => {
    const { code, out } = await writ(['check', folder, '-o', 'json'])
    const { problems } = JSON.parse(out)
    t.equal(code, 1)
    t.strictSame(
      [...new Set(problems.map((problem: { file: string }) => problem.file))],
      [at('broken.yaml'), at('good.yaml'), at('nested', 'b.yml'), at('warning.yaml')].filter(file =>
        out.includes(file),
      ),
    )
    t.notMatch(out, 'looked at')
    t.match(out, at('nested', 'b.yml'))
  })

  await t.test('gives programs problems, resources and the table', async t => {
    const good = await writ(['check', at('good.yaml'), '-o', 'json'])
    const { table, tables, ...rest } = JSON.parse(good.out)
    t.match(table, /^sha256:[0-9a-f]{64}$/)
    t.strictSame(
      { rest, tables, lines: good.out.split('\n').length },
      {
        rest: { problems: [], resources: 1 },
        tables: { default: table },
        lines: 2,
      },
    )
    const broken = await writ(['check', 'broken.yaml', '-o', 'json'], { cwd: folder })
    t.strictSame(JSON.parse(broken.out), {
      problems: [
        {
          severity: 'error',
          code: 'unknown_key',
          message: 'Unknown key "whne" in spec.tools[0].rules[0].',
          suggestion: 'Did you mean "when"?',
          file: 'broken.yaml',
          line: 8,
          column: 28,
        },
      ],
      resources: 1,
    })
  })

  await t.test('a warning is no finding, unless it is asked for', async t => {
    t.equal((await writ(['check', at('warning.yaml')])).code, 0)
    t.equal((await writ(['check', at('warning.yaml'), '--strict'])).code, 1)
  })

  await t.test('reads standard input', async t => {
    const { code, out } = await writ(['check', '-'], { input: 'kind: Team\n' })
    t.equal(code, 1)
    t.match(out, '<stdin>:1:1: error: ')
  })

  await t.test('is coloured only where that is wanted', async t => {
    const plain = await writ(['check', at('broken.yaml')])
    const forced = await writ(['check', at('broken.yaml')], { env: { FORCE_COLOR: '1' } })
    const refused = await writ(['check', at('broken.yaml')], {
      env: { FORCE_COLOR: '1', NO_COLOR: '1' },
    })
    const introducer = '\u001b['
    t.strictSame(
      [plain, forced, refused].map(({ out }) => out.includes(introducer)),
      [false, true, false],
    )
  })

  await t.test('what a policy holds cannot drive the terminal', async t => {
    const input = policy('{ "\\u001b[2Jx\\u202e": 1, action: allow }')
    const { out } = await writ(['check', '-'], { input: `${input}# \u001b]0;owned\u0007\n` })
    t.notMatch(out, /[^\P{C}\n]/u)
  })
})

t.test('writ explain', async t => {
  const folder = t.testdir({
    'policy.yaml': policy(
      '{ name: staging, when: args.environment == "staging", action: allow, message: Fine. }',
    ),
    'broken.yaml': policy('{ action: alow }'),
    'call.json': JSON.stringify({ tool: 'deploy', args: { environment: 'staging' } }),
  })

  await t.test('gives programs the decision and the trace', async t => {
    const args = ['explain', 'policy.yaml', '--call', 'call.json', '-o', 'json']
    const { code, out, err } = await writ(args, { cwd: folder })
    const { table, ...decision } = JSON.parse(out)
    t.strictSame({ code, err }, { code: 0, err: '' })
    t.match(table, /^sha256:[0-9a-f]{64}$/)
    t.strictSame(decision, {
      action: 'allow',
      reason: 'rule',
      workflows: [],
      policy: 'deploys',
      rule: 'staging',
      message: 'Fine.',
      at: { file: 'policy.yaml', line: 8, column: 11 },
      observed: [],
      trace: [
        {
          policy: 'deploys',
          mode: 'enforce',
          at: { file: 'policy.yaml', line: 1, column: 1 },
          entry: { match: 'deploy', at: { file: 'policy.yaml', line: 6, column: 7 } },
          verdict: 'allow',
          reason: 'rule',
          rules: [
            {
              rule: 'staging',
              at: { file: 'policy.yaml', line: 8, column: 11 },
              outcome: 'matched',
              condition: 'args.environment == "staging"',
              parts: [
                { text: 'args.environment == "staging"', value: 'true' },
                { text: 'args.environment', value: '"staging"' },
              ],
            },
          ],
        },
      ],
    })
  })

  await t.test('tells people which part of the condition decided', async t => {
    const input = 'tool: deploy\nargs: { environment: production }\n'
    const { code, out } = await writ(['explain', 'policy.yaml', '--call', '-'], {
      cwd: folder,
      input,
    })
    t.equal(code, 0, 'a refusal is an answer')
    t.match(out, /^deny \(unmatched\)\n {2}policy deploys\n/)
    t.match(out, '    ✗ staging: not matched policy.yaml:8:11\n')
    t.match(out, '          args.environment = "production"\n')
  })

  await t.test('ends with 1 when the policies do not compile', async t => {
    const { code, out, err } = await writ(['explain', 'broken.yaml', '--call', 'call.json'], {
      cwd: folder,
    })
    t.strictSame({ code, out }, { code: 1, out: '' })
    t.match(err, /broken\.yaml:8:21: error: .*\nthe policies do not compile: 1 error\n$/s)
  })

  await t.test('says what is wrong with a call', async t => {
    const told = async (input: string) => {
      const { code, err } = await writ(['explain', 'policy.yaml', '--call', '-'], {
        cwd: folder,
        input,
      })
      return `${code} ${err.split('\n')[0]}`
    }
    t.match(await told('{ tool: [ }'), /^2 writ: <stdin>:1:\d+: /)
    t.equal(await told('{ tol: deploy }'), '2 writ: <stdin>: the call has no field tol')
    t.equal(await told('{ tool: 7 }'), '2 writ: <stdin>: tool must be string')
    t.equal(
      await told('{ tool: deploy, subject: { namespace: other } }'),
      '2 writ: no policy is in the namespace other',
    )
  })
})

t.test('writ test', async t => {
  const cases = (action: string) => `---
apiVersion: writ.dev/v1alpha1
kind: PolicyTest
metadata: { name: deploys }
spec:
  cases:
    - name: staging
      call: { tool: deploy, args: { environment: staging } }
      expect: { action: ${action}, rule: staging }
`
  const rule = policy('{ name: staging, when: args.environment == "staging", action: allow }')
  const folder = t.testdir({
    'passes.yaml': rule + cases('allow'),
    'fails.yaml': rule + cases('deny'),
  })
  t.strictSame(await writ(['test', 'passes.yaml'], { cwd: folder }), {
    code: 0,
    out: '1 passed, 0 failed\n',
    err: '',
  })
  const failed = await writ(['test', 'fails.yaml'], { cwd: folder })
  t.strictSame({ code: failed.code, err: failed.err }, { code: 1, err: '' })
  t.match(
    failed.out,
    /^fails\.yaml:15:7: failed: deploys: staging\n {2}action: expected deny, got allow\n0 passed, 1 failed\n$/,
  )
  const json = await writ(['test', 'fails.yaml', '-o', 'json'], { cwd: folder })
  const result = JSON.parse(json.out)
  t.strictSame(
    { ...result, cases: result.cases.map(({ at, ...rest }: { at: object }) => rest) },
    {
      passed: 0,
      failed: 1,
      cases: [
        {
          test: 'deploys',
          name: 'staging',
          passed: false,
          differences: [{ field: 'action', expected: 'deny', got: 'allow' }],
        },
      ],
    },
  )
})

t.test('writ diff', async t => {
  const folder = t.testdir({
    'old.yaml': policy('{ name: staging, when: args.environment == "staging", action: deny }'),
    'new.yaml': policy('{ name: staging, when: args.environment == "staging", action: allow }'),
    'broken.yaml': policy('{ action: alow }'),
    'no-table.json': '{}',
  })
  const diff = (...args: string[]) => writ(['diff', ...args], { cwd: folder })

  t.strictSame(await diff('old.yaml', 'old.yaml'), { code: 0, out: 'nothing changes\n', err: '' })
  const wider = await diff('old.yaml', 'new.yaml')
  t.strictSame({ code: wider.code, err: wider.err }, { code: 1, err: '' })
  t.strictSame(wider.out.split('\n'), [
    'widening  default/deploys: deploy, when args.environment == "staging": was denied by staging, now allowed by staging',
    '          at new.yaml:8:11',
    '          for example {"tool":"deploy","args":{"environment":"staging"},"subject":{"agent":"example","apiKey":"example","namespace":"default"}}: deny (rule staging), then allow (rule staging)',
    '1 change: 1 widening, 0 either, 0 narrowing, 0 neutral',
    'not proved to narrow: what is widening or either may let through what was held back',
    '',
  ])
  const { narrows, plans } = JSON.parse((await diff('new.yaml', 'old.yaml', '-o', 'json')).out)
  t.equal(narrows, 'proved')
  t.match(plans, [
    {
      namespace: 'default',
      narrows: 'proved',
      before: /^sha256:/,
      after: /^sha256:/,
      changes: [{ effect: 'narrowing', kind: 'tool', name: 'deploy', policy: 'deploys' }],
    },
  ])
  const broken = await diff('old.yaml', 'broken.yaml')
  t.strictSame({ code: broken.code, out: broken.out }, { code: 1, out: '' })
  t.match(broken.err, /broken\.yaml does not compile: 1 error\n$/)
  t.strictSame(await diff('old.yaml', 'no-table.json'), {
    code: 2,
    out: '',
    err: 'writ: no-table.json is no rule table\n',
  })
})

t.test('writ keys create', async t => {
  const args = ['keys', 'create', '--agent', 'claude', '--name', 'laptop', '--expires', '90d']
  const { code, out, err } = await writ(args)
  t.strictSame({ code, err }, { code: 0, err: '' })
  const [key = ''] = /writ_[\w-]{43}/.exec(out) ?? []
  const agent = parse(out.slice(out.indexOf('apiVersion:')))
  const [written] = agent.spec.apiKeys
  t.equal(written.sha256, createHash('sha256').update(key).digest('hex'), 'the hash of the key')
  t.equal(out.split(key).length, 2, 'the key is printed once')
  const days = (Date.parse(written.expires) - Date.now()) / 86_400_000
  t.ok(days > 89 && days <= 90, 'it ends in ninety days')
  t.equal((await writ(['check', '-'], { input: out.slice(out.indexOf('apiVersion:')) })).code, 0)

  const json = JSON.parse((await writ([...args.slice(0, 6), '-o', 'json'])).out)
  t.strictSame(Object.keys(json), ['agent', 'name', 'key', 'sha256'])
  t.not(json.key, key, 'every key is new')
})

t.test('writ schema', async t => {
  const { code, out } = await writ(['schema', 'agent'])
  t.strictSame({ code, schema: JSON.parse(out) }, { code: 0, schema: editorSchema(Agent) })
  const any = JSON.parse((await writ(['schema'])).out)
  t.equal(any.title, 'Writ')
})

t.test('a reader that has seen enough is no error', async t => {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'schema'])
  t.teardown(() => child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', chunk => {
    err += chunk
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  t.strictSame({ code, err }, { code: 0, err: '' })
})
