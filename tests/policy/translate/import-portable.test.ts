import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { type Compiled, compile, type SourceFile } from '../../../policy/compile/compile.ts'
import { decide } from '../../../policy/decide/decide.ts'
import { type Facts, factsOf } from '../../../policy/decide/facts.ts'
import { justificationFor } from '../../../policy/decide/justification.ts'
import { type LoadedTable, load } from '../../../policy/decide/load.ts'
import { visible } from '../../../policy/decide/visible.ts'
import { type Imported, importPortable } from '../../../policy/translate/import-portable.ts'
import { builtinTools } from '../../../schemas/builtin-tool.ts'
import type { Call } from '../../../schemas/call.ts'
import type { Decision } from '../../../schemas/decision.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import type { KnownTool } from '../../../schemas/tool-server.ts'
import { dice, randomCalls } from './random-calls.ts'

const root = join(import.meta.dirname, '../../..')

function filesOf(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.yaml'))
    .map(path => ({ path, text: readFileSync(join(root, folder, path), 'utf8') }))
}

function isPortable({ text }: SourceFile): boolean {
  return /^version:/m.test(text)
}

/** The files with every portable one imported. */
function importAll(files: readonly SourceFile[], problems: Compiled['problems']) {
  const known = new Set(
    files
      .filter(file => !isPortable(file))
      .flatMap(({ text }) => parseAllDocuments(text).map(document => document.toJS()))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  )
  const imported = files.filter(isPortable).map(file =>
    importPortable(file, {
      known,
      problems: problems.filter(({ file: at }) => at === file.path),
    }),
  )
  const rest = files.filter(file => !isPortable(file))
  const texts = imported.map(({ text }, i) => ({ path: `imported${i}.yaml`, text }))
  return { imported, files: [...rest, ...texts] }
}

/** What a caller notices of a decision. */
function noticed(decision: Decision) {
  const { action, message } = decision
  const workflows = 'workflows' in decision ? decision.workflows.toSorted() : []
  return { action, workflows, ...(action === 'deny' && { message }) }
}

type Codes = ReadonlySet<string>

/** Null when the decisions are alike, or differ as it was said that they do; else what is wrong. */
function unlike(before: Decision, after: Decision, codes: Codes): object | null {
  if (JSON.stringify(noticed(before)) === JSON.stringify(noticed(after))) return null
  const refused = after.action === 'deny' && after.reason === 'condition_error'
  const told = ['error_denies', 'type_denies', 'text_order'].some(code => codes.has(code))
  return refused && told ? null : { before, after }
}

function codesOf(imported: readonly Imported[]): Codes {
  return new Set(imported.flatMap(({ differences }) => differences.map(({ code }) => code)))
}

/** A tool that only an error could have let through is not listed any more. */
function hidden(imported: readonly Imported[], table: LoadedTable, facts: Facts): boolean {
  return codesOf(imported).has('error_denies') && !visible(table, facts)
}

/** Writ has no other tools of its own. */
function isReal({ server, tool }: Call): boolean {
  return server !== 'builtin' || builtinTools.some(own => own === tool)
}

interface Given {
  readonly catalog?: Readonly<Record<string, readonly KnownTool[]>>
  readonly calls?: readonly { readonly namespace?: string; readonly call: Call }[]
}

const cases = readdirSync(join(root, 'tests/cases')).filter(name => name.startsWith('portable-'))
const roll = dice(20_261_121)

for (const folder of [...cases.map(name => `tests/cases/${name}`), 'examples/portable']) {
  t.test(`${folder} decides alike once it is imported`, async t => {
    const all = filesOf(folder)
    const given: Given = parse(all.find(({ path }) => path === 'case.yaml')?.text ?? '{}')
    const files = all.filter(({ path }) => path !== 'case.yaml')
    const catalog = new Map(Object.entries(given.catalog ?? {}))
    const before = compile(files, { catalog })
    if (before.tables === null) {
      t.match(before.problems, [{ severity: 'error' }])
      return
    }
    const { imported, files: now } = importAll(files, before.problems)
    const after = compile(now, { catalog })
    t.strictSame(
      after.problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    for (const [namespace, { table, json }] of before.tables) {
      const old = load(json)
      const fresh = load(after.tables?.get(namespace)?.json ?? '')
      const random = randomCalls(table, roll)
      const named = (given.calls ?? []).filter(call => (call.namespace ?? 'default') === namespace)
      const calls = [
        ...named.map(({ call }) => call).filter(isReal),
        ...Array.from({ length: 2000 }, random),
      ]
      const wrong = calls.flatMap(call => {
        const facts = factsOf(call)
        const said = unlike(decide(old, facts), decide(fresh, facts), codesOf(imported))
        const shown =
          visible(old, facts) === visible(fresh, facts) || hidden(imported, fresh, facts)
        const asked = justificationFor(old, facts) === justificationFor(fresh, facts)
        return said === null && shown && asked ? [] : [{ call, ...said, shown, asked }]
      })
      t.strictSame(wrong.slice(0, 3), [])
    }
  })
}

/** A portable file with random conditions of the simple language, and what they are about. */
function randomFile(): string {
  const fields = ['a', 'a.b', 'in', 'list', 'amount']
  const values = ['5', '"5"', "'text'", 'text', 'true', 'null', '2.5', '-1', '""']
  const operators = ['==', '!=', '<', '<=', '>', '>=']
  const pick = (from: readonly string[]) => from[roll(from.length)] as string
  const condition = () => {
    const expression = [
      `args.${pick(fields)} ${pick(operators)} ${pick(values)}`,
      `${pick(fields)}.contains('ex')`,
      `${pick(fields)}.matches('^t?')`,
      pick(['true', 'false']),
    ][[0, 0, 0, 1, 2, 3][roll(6)] as number]
    const action = pick(['allow', 'deny', 'require_approval'])
    return `      - { expression: ${JSON.stringify(expression)}, action: ${action} }\n`
  }
  const conditions = Array.from({ length: 1 + roll(4) }, condition).join('')
  return `version: "1.0"
metadata: { name: random }
approval_workflows: [{ name: ask, is_default: true }]
tools:
  - name: t
    source: mcp
    conditions:
${conditions}defaults: { unknown_tools: ${pick(['allow', 'deny', 'require_approval'])} }
`
}

t.test('200 files of random conditions decide alike, or deny where it was said', async t => {
  const wrong: object[] = []
  let alike = 0
  let calls = 0
  for (let i = 0; i < 200; i += 1) {
    const text = randomFile()
    const before = compile([{ path: 'a.yaml', text }])
    const imported = importPortable({ path: 'a.yaml', text })
    const after = compile([{ path: 'b.yaml', text: imported.text }])
    const [old, fresh] = [before, after].map(one => load(one.tables?.get('default')?.json ?? ''))
    if (!old || !fresh) throw new Error(text)
    const random = randomCalls(before.tables?.get('default')?.table as RuleTable, roll)
    for (let j = 0; j < 100; j += 1) {
      const facts = factsOf(random())
      const [was, is] = [decide(old, facts), decide(fresh, facts)]
      const said = unlike(was, is, codesOf([imported]))
      if (said !== null) wrong.push({ text, facts, ...said })
      if (was.action === is.action) alike += 1
      calls += 1
    }
  }
  t.strictSame(wrong.slice(0, 2), [])
  t.ok(alike / calls > 0.7, `${alike} of ${calls} are decided alike`)
})

t.test(
  'comments stay with what they are about, and references to the environment as they are',
  t => {
    const text = `# About the file.
version: "1.0"
metadata: { name: "Prod, safely" }

# About the servers.
mcp_servers:
  # The first one.
  - name: platform
    url: \${PLATFORM_URL}/mcp # set by the installer
    auth_type: api_key
    auth_config: { api_key: "\${PLATFORM_KEY}", key_name: X-Key }
tools:
  # Deploys.
  - name: deploy
    source: platform
    conditions:
      # Production.
      - expression: environment == 'production'
        action: deny # never
# The end.
`
    const { text: written, differences } = importPortable({ path: 'a.yaml', text })
    t.strictSame(differences, [])
    t.strictSame(compile([{ path: 'b.yaml', text: written }]).problems, [])
    t.equal(
      written,
      `# About the file.
# About the servers.
# The end.

apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata:
  name: prod-safely
  annotations:
    writ.dev/title: Prod, safely
spec:
  tools:
    # Deploys.
    - name: deploy
      server: platform
      rules:
        # Production.
        # never
        - when: has(args.environment) && args.environment == "production"
          action: deny
        - action: allow
  defaults:
    unmatched: allow
---
# The first one.
# set by the installer

apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata:
  name: platform
spec:
  transport: streamable-http
  url: \${PLATFORM_URL}/mcp
  auth:
    type: api_key
    header: X-Key
    secretRef:
      name: env
      key: PLATFORM_KEY
`,
    )
    t.end()
  },
)

t.test('what is said otherwise has a code, a place and an effect', t => {
  const text = `version: "1.0"
metadata: { name: a }
approval_workflows:
  - { name: Two People, approver_users: [Ann Lee], approver_teams: [sre], channel_configs: {} }
tools:
  - name: request_approval
    source: mcp
    description: Ask.
    custom_config: {}
    conditions:
      - { expression: "size(args) > 3", condition_type: cel }
      - { expression: name < 'b' }
      - { expression: order.amount > 3 }
      - { expression: "false" }
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: x }
spec: { members: [] }
`
  const file = { path: 'a.yaml', text }
  const { problems } = compile([file])
  const { differences, documents } = importPortable(file, {
    problems,
    known: new Set(['Team sre']),
  })
  t.strictSame(
    differences.map(({ code, effect, line, column }) => `${line}:${column} ${code} ${effect}`),
    [
      '4:13 renamed none',
      '4:42 renamed none',
      '4:42 person_written none',
      '4:92 not_read none',
      '6:11 own_tool stricter',
      '8:18 tool_description none',
      '9:20 not_read none',
      '11:23 error_denies stricter',
      '12:23 text_order stricter',
      '13:23 type_denies stricter',
      '14:23 never_holds none',
      '16:1 already_kind none',
    ],
  )
  t.strictSame(
    documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['AccessPolicy a', 'ApprovalWorkflow two-people', 'User ann-lee'],
  )
  t.end()
})
