import t from 'tap'
import { parseDocument } from 'yaml'
import { compile } from '../../../policy/compile/compile.ts'
import { exportKinds } from '../../../policy/translate/export-kinds.ts'
import { exportPortable } from '../../../policy/translate/export-portable.ts'
import { importPortable } from '../../../policy/translate/import-portable.ts'
import type { Directory } from '../../../schemas/directory.ts'

const of = (kind: string, name: string, spec: string) =>
  `apiVersion: writ.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`

function inForce(...texts: readonly string[]) {
  const { tables, directories, problems } = compile([{ path: 'a.yaml', text: texts.join('---\n') }])
  const built = tables?.get('default')
  if (built === undefined) throw new Error(JSON.stringify(problems))
  const directory = directories.find(one => one.namespace === 'default') as Directory
  return { table: built.table, directory }
}

const imported = (text: string) => importPortable({ path: 'a.yaml', text })

t.test('a portable policy that is in force is said to refuse what it asked about', t => {
  const { table, directory } = inForce(`version: "1.0"
metadata: { name: p }
tools:
  - name: t
    conditions:
      - { expression: "amount > 3", action: deny }
      - { expression: "amount < true", action: deny }
      - { expression: "true", action: require_approval, description: Ask. }
  - name: request_approval
    source: mcp
    conditions: [{ expression: "args.a == 1", condition_type: cel, action: deny }]
`)
  const { text, differences } = exportKinds(table, directory)
  t.match(text, /double\(string\(args\.amount\).* > 3\.0/)
  t.notMatch(text, /true/)
  t.match(exportPortable(table, { ...directory, sources: [] }, new Map()).text, /source: mcp/)
  const { sources: _, ...older } = directory
  t.match(exportPortable(table, older, new Map()).text, /request_approval/)
  t.match(
    differences.find(({ code }) => code === 'was_portable'),
    { effect: 'stricter', policy: 'p' },
  )
  t.end()
})

t.test('a budget keeps everything that was written', t => {
  const spec = {
    scope: { agents: ['a'] },
    limit: { usd: '10.00' },
    window: 'day',
    softLimitPercent: 80,
    onExceeded: 'require_approval',
    approvalWorkflow: 'more',
    extension: { usd: '2.50' },
    fallbackPrice: { input: '1.00', output: '2.00' },
    toolPrices: [{ tool: 'search', usd: '0.01' }],
  }
  const { table, directory } = inForce(
    of('Agent', 'a', '{ serviceAccounts: [runner] }'),
    of('User', 'ana', '{}'),
    of('ApprovalWorkflow', 'more', '{ approvers: { users: [ana] } }'),
    of('Budget', 'money', JSON.stringify(spec)),
  )
  const { text } = exportKinds(table, directory)
  const budget = text.split('---\n').find(part => part.includes('kind: Budget')) ?? ''
  t.match(parseDocument(budget).toJS().spec, spec)
  t.match(text, /serviceAccounts:\n\s+- runner/)
  t.end()
})

t.test('what the portable format has no word for is named, however little is known', t => {
  const { table } = inForce(
    of('User', 'ana', '{}'),
    of(
      'ApprovalWorkflow',
      'slow',
      '{ approvers: { users: [ana] }, channels: [chat], ai: { model: small } }',
    ),
    of('ApprovalWorkflow', 'quick', '{ approvers: { users: [ana] } }'),
    of('NotificationChannel', 'chat', '{ type: webhook, url: "https://hooks.example.com/x" }'),
    of('ToolServer', 'local', '{ transport: stdio, command: x }'),
    of('ToolServer', 'far', '{ url: "https://mcp.example.com/", auth: { type: oauth } }'),
    of(
      'AccessPolicy',
      'p',
      JSON.stringify({
        tools: [
          { name: 'get_*', server: 'builtin', rules: [{ action: 'allow' }] },
          { name: 'request_approval', rules: [{ action: 'allow' }] },
          { name: 'read_*', server: 'far', rules: [{ action: 'allow' }] },
          {
            name: 'write',
            server: 'far',
            rules: [
              { when: 'has(args.a)', action: 'require_approval', approvalWorkflow: 'slow' },
              { action: 'require_approval', approvalWorkflow: 'quick' },
            ],
          },
        ],
      }),
    ),
  )
  const { text, differences } = exportPortable(table, null, new Map([['far', ['read_it']]]))
  const codes = new Set(differences.map(({ code }) => code))
  for (const code of ['workflows_of_tool']) t.ok(codes.has(code as never), code)
  t.match(text, /get_approval_status/)
  t.match(text, /read_it/)
  t.match(text, /ai_fallback_behavior: escalate/)
  t.ok(differences.some(({ message }) => message.includes('channels')))
  t.ok(differences.some(({ message }) => message.includes('authenticates itself to far')))
  const { differences: unknown } = exportPortable(table, null, new Map())
  t.ok(unknown.length >= differences.length)
  t.end()
})

t.test('a namespace is written into everything that comes of a file', t => {
  const { documents } = importPortable(
    { path: 'a.yaml', text: 'version: "1.0"\nmetadata: { name: p, tags: [x] }\ntools: []\n' },
    { namespace: 'shop' },
  )
  t.match(documents, [{ metadata: { name: 'p', namespace: 'shop' } }])
  t.end()
})

t.test('a number that no double holds stays beyond all others', t => {
  const text = imported(`version: "1.0"
metadata: { name: p }
tools:
  - name: t
    conditions:
      - { expression: "amount < '1e999'", action: deny }
      - { expression: "amount > '-1e999'", action: deny }
`).text
  t.match(text, /double\("inf"\)/)
  t.match(text, /double\("-inf"\)/)
  t.end()
})

t.test('comments of several documents stay with theirs', t => {
  const { text } = imported(`# of the first
version: "1.0"
metadata: { name: first }
tools:
  # of the tool
  - name: t
    conditions:
      # of the condition
      - { expression: "true", action: deny }
# at the end
---
---
# of the second
version: "1.0"
# of the name
metadata: { name: second, ? [a] : b }
tools: []
approval_workflows:
  # of the workflow
  - name: asked
    # of its people
    approver_users: [ana]
`)
  const [first = '', ...rest] = text.split('---\n')
  for (const one of ['of the first', 'of the tool', 'of the condition', 'at the end']) {
    t.match(first, `# ${one}`)
  }
  for (const one of ['of the second', 'of the name', 'of the workflow', 'of its people']) {
    t.match(rest.join(), `# ${one}`)
  }
  t.end()
})
