import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t, { type Test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { writ } from './writ.ts'

async function folder(t: Test): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'writ-init-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  return root
}

const files = [
  '.github/CODEOWNERS',
  '.github/workflows/writ.yaml',
  '.gitignore',
  '.vscode/settings.json',
  '.vscode/writ.schema.json',
  'README.md',
  'package.json',
  'policies/agents.yaml',
  'policies/people.yaml',
  'policies/servers.yaml',
  'policies/source.yaml',
  'policies/tests.yaml',
  'policies/workflows.yaml',
]

function filesIn(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(name => !name.startsWith('.git/'))
    .sort()
}

t.test('what is written compiles without a word, and its tests pass', async t => {
  const root = await folder(t)
  const made = await writ([
    'init',
    root,
    '--repository',
    'acme/policies',
    '--owner',
    'Ana-Lee',
    '-o',
    'json',
  ])
  t.strictSame([made.code, made.err], [0, ''])
  t.strictSame(JSON.parse(made.out).files.toSorted(), files)
  t.strictSame(filesIn(root), files)
  t.match(await writ(['check', '--strict', 'policies'], { cwd: root }), { code: 0, out: /^ok: / })
  t.match(await writ(['check', '--strict', '.'], { cwd: root }), { code: 0 })
  t.match(await writ(['test', 'policies', '-o', 'json'], { cwd: root }), {
    code: 0,
    out: /"failed":0/,
  })
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  t.match(parse(read('policies/source.yaml')), {
    kind: 'PolicySource',
    spec: {
      url: 'https://github.com/acme/policies.git',
      forge: { type: 'github', repository: 'acme/policies' },
      review: { workflow: 'policy-review' },
    },
  })
  t.match(read('.github/CODEOWNERS'), /^\* @Ana-Lee$/m)
  t.match(read('policies/people.yaml'), /name: ana-lee/)
})

t.test('the schema for editors takes every document that is written', async t => {
  const root = await folder(t)
  await writ(['init', root])
  const ajv = new Ajv({ strict: false })
  formats.default(ajv)
  const settings = JSON.parse(readFileSync(join(root, '.vscode/settings.json'), 'utf8'))
  const [schema = ''] = Object.keys(settings['yaml.schemas'])
  const validate = ajv.compile(JSON.parse(readFileSync(join(root, schema), 'utf8')))
  for (const name of readdirSync(join(root, 'policies'))) {
    for (const document of parseAllDocuments(readFileSync(join(root, 'policies', name), 'utf8'))) {
      t.ok(validate(document.toJS()), name)
    }
  }
})

t.test('the commands of the workflow file work as they are written', async t => {
  const root = await folder(t)
  await writ(['init', root])
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', ...args], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--message=First')
  const agents = join(root, 'policies/agents.yaml')
  writeFileSync(agents, readFileSync(agents, 'utf8').replace('> 500.0', '> 400.0'))
  const workflow = parse(readFileSync(join(root, '.github/workflows/writ.yaml'), 'utf8'))
  t.strictSame(workflow.permissions, { contents: 'read' })
  const runs: readonly string[] = workflow.jobs.policies.steps.flatMap(
    ({ run }: { run?: string }) => run ?? [],
  )
  t.match(runs, [/^npm install/, /^npx writ check/, /^npx writ test/, /npx writ diff/])
  const bin = join(root, 'bin')
  mkdirSync(bin)
  const main = join(import.meta.dirname, '../../cli/main.ts')
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${main}" "$@"\n`
  writeFileSync(join(bin, 'npx'), npx, { mode: 0o755 })
  const said = runs.slice(1).map(run =>
    execFileSync('sh', ['-e', '-c', run], {
      cwd: root,
      env: { PATH: `${bin}:${process.env.PATH}`, HOME: root, BASE: git('rev-parse', 'HEAD') },
      encoding: 'utf8',
    }),
  )
  t.teardown(() => rmSync(join(root, '..', 'before'), { recursive: true, force: true }))
  t.match(said, [/^ok: /, /8 passed, 0 failed/, /refund/])
})

t.test('nothing that is there is overwritten', async t => {
  const root = await folder(t)
  writeFileSync(join(root, 'README.md'), 'mine')
  const refused = await writ(['init', root])
  t.match(refused, { code: 2, err: /nothing is written.*README\.md/s })
  t.strictSame(filesIn(root), ['README.md'])
  t.equal((await writ(['init', root, '--keep'])).code, 0)
  t.strictSame(filesIn(root), files)
  t.equal(readFileSync(join(root, 'README.md'), 'utf8'), 'mine')
  t.notOk(existsSync(join(root, '.git')))
})

t.test('the repository is the one that git knows', async t => {
  const root = await folder(t)
  const remotes = {
    'git@github.com:acme/rules.git': /repository: "acme\/rules"/,
    'https://token@github.com/acme/rules': /url: "https:\/\/github\.com\/acme\/rules\.git"/,
    'https://git.example.com/rules.git': /url: "https:\/\/git\.example\.com\/rules\.git"/,
  }
  for (const [remote, expected] of Object.entries(remotes)) {
    rmSync(root, { recursive: true })
    mkdirSync(root)
    execFileSync('git', ['init', '--quiet', root])
    execFileSync('git', ['-C', root, 'remote', 'add', 'origin', remote])
    t.equal((await writ(['init', root])).code, 0)
    const source = readFileSync(join(root, 'policies/source.yaml'), 'utf8')
    t.match(source, expected)
    t.notMatch(source, /token@/)
    t.match(await writ(['check', '--strict', 'policies'], { cwd: root }), { code: 0 }, remote)
  }
})
