import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { compile } from '../../policy/compile/compile.ts'
import { PortablePolicy } from '../../schemas/portable-policy.ts'
import { root, writ } from './writ.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

function files(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .map(name => join(folder, name))
}

/** Words with an underscore that the compiler's sources hold and that are no codes. */
const otherWords = new Set([
  ...[...JSON.stringify(PortablePolicy).matchAll(/"(\w+)":/g)].map(match => match[1] ?? ''),
  ...`access_rule_mode access_rules access_token ai_driven api_key approval_policies approval_workflow
    admitted_sources in_force changed_meanwhile not_compilable overridden_already put_back auth_config channel_configs client_credentials custom_config default_approval_workflow exists_one inherit_from_parent
    key_name limit_exceeded map_items node_modules not_a_file not_among model_io require_approval required_approvals resource_shares
    sensitive_data workflow_type`.split(/\s+/),
])

t.test('every code of a problem has its line in docs/problems.md, and no other', async t => {
  const git = ['git-problem.ts', 'refusal.ts', 'tree-snapshot.ts', 'open-repository.ts']
  const sources = [
    ...files('policy/compile', '.ts'),
    ...files('controller/sources', '.ts'),
    ...git.map(name => join('controller/git', name)),
    'controller/review/admit-commit.ts',
    'controller/kubernetes/sources/source-objects.ts',
    'controller/overrides/apply-override.ts',
    'controller/kubernetes/sources/apply-objects.ts',
  ].map(read)
  const written = sources.flatMap(text => [
    ...[...text.matchAll(/\bcode: '([a-z_0-9]+)'/g)].map(match => match[1] ?? ''),
    ...[...text.matchAll(/'([a-z]+(?:_[a-z0-9]+)+)'/g)].map(match => match[1] ?? ''),
  ])
  const failures = ['controller/failure.ts', 'controller/git/failure.ts'].flatMap(path =>
    [...read(path).matchAll(/'([a-z_]+)'/g)].map(match => match[1]),
  )
  const codes = new Set(written.filter(word => !(otherWords.has(word) || failures.includes(word))))
  const described = [...read('docs/problems.md').matchAll(/^\| `([a-z_0-9]+)` +\|/gm)].map(
    match => match[1] ?? '',
  )
  t.ok(codes.size > 50, 'there are codes to look at')
  t.strictSame(described.toSorted(), [...codes].toSorted())
})

t.test('every command and every option has its place in docs/cli.md', async t => {
  const page = read('docs/cli.md')
  const commands = [
    'up',
    'check',
    'explain',
    'test',
    'diff',
    'import',
    'init',
    'replay',
    'status',
    'history',
    'schema',
    'controller',
    'proxy',
  ]
  for (const command of [
    ...commands,
    'audit list',
    'audit search',
    'audit export',
    'audit verify',
    'audit bundle',
    'keys create',
    ...['list', 'show', 'approve', 'deny', 'cancel', 'watch'].map(name => `approvals ${name}`),
    ...['set', 'list', 'delete', 'rotate'].map(name => `secrets ${name}`),
    ...['create', 'list', 'revoke'].map(name => `tokens ${name}`),
    'coverage',
    'halt',
    'usage',
    'budgets',
    'models',
    'sessions',
    'servers list',
    'servers login',
  ]) {
    const section = page.split(`\n## writ ${command}`)[1]?.split('\n## ')[0] ?? ''
    const { out } = await writ([...command.split(' '), '--help'])
    const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(match => match[1] ?? '')
    const common = ['--help', '--output', '--url', '--token', '--data', '--namespace']
    const missing = options.filter(option => {
      const where = common.includes(option) ? page : section
      return !where.includes(`\`${option}`) && !where.includes(`, ${option}`)
    })
    t.strictSame(
      { command, missing, described: section !== '' },
      { command, missing: [], described: true },
    )
  }
})

t.test('every answer that does not count has its line in docs/approvals.md', async t => {
  const source = read('controller/approvals/approvals.ts')
  const [, union = ''] = /export type RefusalCode =\n((?: {2}\| '\w+'\n)+)/.exec(source) ?? []
  const codes = [...union.matchAll(/'(\w+)'/g)].map(match => match[1])
  const [, section = ''] = read('docs/approvals.md').split('### Answers that do not count')
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (\d+) +\| `(\w+)`/gm)]
  t.strictSame(rows.map(row => row[2]).toSorted(), [...codes, 'too_many'].toSorted())
})

t.test('every example in docs/conditions.md compiles', async t => {
  const examples = read('docs/conditions.md').split('## Examples')[1] ?? ''
  const conditions = [...examples.matchAll(/^\| .* \| `(.*)` +\|$/gm)].map(match =>
    (match[1] ?? '').replaceAll('\\|', '|'),
  )
  t.ok(conditions.length >= 9, 'there are examples')
  const rule = (when: string, i: number) => ({ name: `rule-${i}`, when, action: 'allow' })
  const policy = {
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'examples' },
    spec: { tools: [{ name: 'a', rules: conditions.map(rule) }] },
  }
  const text = JSON.stringify(policy)
  t.strictSame(compile([{ path: 'docs/conditions.md', text }]).problems, [])
})

t.test('every link of the documentation leads somewhere', async t => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...files('docs', '.md'),
    ...files('examples', '.md'),
  ]
  const dead = pages.flatMap(page =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].flatMap(([, target = '']) => {
      try {
        readdirOrFile(join(root, dirname(page), target))
        return []
      } catch {
        return [`${page}: ${target}`]
      }
    }),
  )
  t.strictSame(dead, [])
})

function readdirOrFile(path: string): void {
  if (path.endsWith('/')) readdirSync(path)
  else readFileSync(path)
}
