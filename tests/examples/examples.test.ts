import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runPolicyTests } from '../../cli/run-policy-tests.ts'
import { readSources } from '../../cli/source-files.ts'
import { compile } from '../../policy/compile/compile.ts'
import { decide } from '../../policy/decide/decide.ts'
import { factsOf } from '../../policy/decide/facts.ts'
import { load } from '../../policy/decide/load.ts'
import type { Call } from '../../schemas/call.ts'

const root = join(import.meta.dirname, '../..')

async function compiled(...paths: string[]) {
  const folders = paths.map(path => join(root, path))
  return compile(await readSources(folders, { input: process.stdin }))
}

/** What Writ reads of an example: that for Kubernetes has objects of Kubernetes beside it. */
function policiesOf(name: string): readonly string[] {
  if (name !== 'kubernetes') return [`examples/${name}`]
  return [...globSync('examples/kubernetes/[1-7]-*.yaml', { cwd: root }), `examples/${name}/tests`]
}

t.test('every example compiles without a problem', async t => {
  const examples = readdirSync(join(root, 'examples'))
  t.strictSame(examples, ['airline', 'approvals', 'kubernetes', 'portable', 'quickstart'])
  for (const name of examples) {
    t.strictSame((await compiled(...policiesOf(name))).problems, [], name)
  }
})

t.test('every PolicyTest of the examples passes', async t => {
  const results = await Promise.all(
    ['quickstart', 'airline', 'approvals', 'kubernetes'].map(async name => {
      const { tests, tables } = await compiled(...policiesOf(name))
      const cases = runPolicyTests(tests, tables ?? new Map())
      t.strictSame(
        cases.filter(({ passed }) => !passed),
        [],
        name,
      )
      return [name, cases.length]
    }),
  )
  t.strictSame(Object.fromEntries(results), {
    quickstart: 19,
    airline: 10,
    approvals: 12,
    kubernetes: 9,
  })
})

t.test('the portable files decide as they read', async t => {
  const judge = async (file: string, call: Call) => {
    const { tables } = await compiled(`examples/portable/${file}`)
    const { action, message = '' } = decide(load(tables?.get('default')?.json ?? ''), factsOf(call))
    return `${action} ${message}`.trim()
  }
  const refund = (amount: unknown, justification = 'Order 7 never came.') => ({
    server: 'payments',
    tool: 'refund',
    args: { amount } as NonNullable<Call['args']>,
    request: { justification },
  })
  const command = (text: string) => ({
    server: 'shell',
    tool: 'run_command',
    args: { command: text },
  })
  const document = (args: NonNullable<Call['args']>) => ({
    server: 'docs',
    tool: 'save_document',
    args,
  })
  const cases: readonly (readonly [string, Call, string])[] = [
    ['shell.yaml', command('make test'), 'allow'],
    [
      'shell.yaml',
      command('rm -rf /'),
      'deny Recursive deletes are not run here. Delete the files by name.',
    ],
    [
      'shell.yaml',
      command('git push origin --force'),
      'deny History is not rewritten. Push a new commit.',
    ],
    [
      'shell.yaml',
      command('sudo reboot'),
      'require_approval Commands of the administrator need the build crew.',
    ],
    ['shell.yaml', { server: 'shell', tool: 'other' }, 'deny'],
    ['refunds.yaml', refund(20), 'allow'],
    ['refunds.yaml', refund(200), 'require_approval Refunds over 100 need a person.'],
    ['refunds.yaml', refund('1000000'), 'deny Refunds over 5000 are made by Accounts.'],
    ['refunds.yaml', { server: 'payments', tool: 'close_account' }, 'deny'],
    ['documents.yaml', { server: 'docs', tool: 'read_document' }, 'allow'],
    [
      'documents.yaml',
      document({ folder: 'archive' }),
      'deny The archive is closed. Save to drafts.',
    ],
    ['documents.yaml', document({ folder: 'drafts' }), 'allow'],
    [
      'documents.yaml',
      document({ folder: 'drafts', tags: ['legal'] }),
      'require_approval Legal documents are looked at by an editor.',
    ],
    ['documents.yaml', { server: 'docs', tool: 'publish_document' }, 'require_approval'],
  ]
  for (const [file, call, expected] of cases) {
    t.equal(await judge(file, call), expected, `${file} ${JSON.stringify(call.args ?? call.tool)}`)
  }
})

t.test('every policy in the documentation compiles', async t => {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.md') && !name.startsWith('decisions'))
      .map(name => join('docs', name)),
  ]
  const blocks = pages.flatMap(page =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)]
      .map(match => match[1] ?? '')
      .filter(text => /^(apiVersion|version):/m.test(text))
      .filter(text => !/^apiVersion: (v1|apps\/v1|[a-z.]+\.k8s\.io\/v1)$/m.test(text))
      .map(text => ({ page, text })),
  )
  t.ok(blocks.length >= 10, 'there are policies to look at')
  for (const { page, text } of blocks) {
    const { problems } = compile([{ path: page, text }])
    t.strictSame(
      problems.filter(({ severity }) => severity === 'error'),
      [],
      page,
    )
  }
})
