import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Proposal, WantedChange } from '../../../controller/change/proposal.ts'
import { proposeChange } from '../../../controller/change/propose-change.ts'
import { ForgeFailure } from '../../../controller/forge/failure.ts'
import type { ChangeRequest } from '../../../controller/forge/forge.ts'
import { GitFailure } from '../../../controller/git/failure.ts'

const { signal } = new AbortController()
const by = { name: 'ana', email: 'ana@example.com' }

function folder(t: Test): string {
  const root = mkdtempSync(join(tmpdir(), 'writ-propose-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  return root
}

function git(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  const person = ['-c', 'user.name=Ben', '-c', 'user.email=ben@example.com']
  return execFileSync('git', [...person, ...args], { cwd, env, encoding: 'utf8' }).trim()
}

/** A repository with a policy, a file beside it, and an edit that nobody committed. */
function repository(t: Test): string {
  const root = folder(t)
  git(root, 'init', '--quiet', '--initial-branch=main')
  mkdirSync(join(root, 'policies'))
  writeFileSync(join(root, 'policies', 'a.yaml'), 'a: 1\n')
  writeFileSync(join(root, 'policies', 'b.yaml'), 'b: 1\n')
  writeFileSync(join(root, 'README'), 'read me\n')
  git(root, 'add', '.')
  git(root, 'commit', '--quiet', '--message=First')
  writeFileSync(join(root, 'README'), 'edited\n')
  return root
}

function wanted(path: string, some: Partial<WantedChange> = {}): WantedChange {
  const files = [
    { path: 'policies/a.yaml', text: 'a: 2\n' },
    { path: 'policies/b.yaml', text: null },
    { path: 'policies/deep/c.yaml', text: 'c: 1\n' },
  ]
  const message = 'Change a\n\nBecause of b.'
  return { source: { kind: 'folder', path }, name: 'Change A', files, message, by, ...some }
}

t.test('a change to a work tree becomes a branch, and the work tree stays as it is', async t => {
  const root = repository(t)
  const before = [git(root, 'status', '--porcelain'), git(root, 'rev-parse', 'HEAD')]
  const hook = join(root, '.git', 'hooks', 'reference-transaction')
  writeFileSync(hook, `#!/bin/sh\ntouch ${join(root, 'hooked')}\n`)
  chmodSync(hook, 0o755)
  const proposal = await proposeChange({ signal }, wanted(join(root, 'policies')))
  const { commit } = proposal as Extract<Proposal, { kind: 'branch' }>
  t.strictSame(proposal, { kind: 'branch', where: 'local', branch: 'writ/change-a', commit })
  t.equal(git(root, 'rev-parse', 'writ/change-a'), commit)
  t.equal(git(root, 'rev-parse', 'writ/change-a^'), before[1])
  t.equal(
    git(root, 'log', '-1', '--format=%an <%ae>%n%cn%n%B', commit),
    'ana <ana@example.com>\nWrit\nChange a\n\nBecause of b.',
  )
  t.equal(
    git(root, 'ls-tree', '-r', '--name-only', commit),
    'README\npolicies/a.yaml\npolicies/deep/c.yaml',
  )
  t.equal(git(root, 'show', `${commit}:policies/a.yaml`), 'a: 2')
  t.equal(git(root, 'show', `${commit}:README`), 'read me')
  t.strictSame([git(root, 'status', '--porcelain'), git(root, 'rev-parse', 'HEAD')], before)
  t.notOk(readdirSync(root).includes('hooked'), 'no hook ran')
})

t.test('the same change again is the same branch, another one has another', async t => {
  const root = repository(t)
  const first = await proposeChange({ signal }, wanted(root))
  t.strictSame(await proposeChange({ signal }, wanted(root)), first)
  const files = [{ path: 'policies/a.yaml', text: 'a: 3\n' }]
  t.match(await proposeChange({ signal }, wanted(root, { files })), { branch: 'writ/change-a-2' })
})

t.test('what is so already is no change', async t => {
  const root = repository(t)
  const files = [{ path: 'policies/a.yaml', text: 'a: 1\n' }]
  t.strictSame(await proposeChange({ signal }, wanted(root, { files })), { kind: 'nothing' })
  t.strictSame(await proposeChange({ signal }, wanted(root, { files: [] })), { kind: 'nothing' })
  t.equal(git(root, 'branch', '--list'), '* main')
})

t.test('a change to a plain folder becomes a patch that git and patch apply', async t => {
  const root = folder(t)
  const old = Array.from({ length: 20 }, (_, i) => `line ${i}`)
  const files = [
    { path: 'policies/a.yaml', text: old.with(10, 'another').toSpliced(12, 1).join('\n') },
    { path: 'policies/b.yaml', text: null },
    { path: 'policies/new.yaml', text: 'new: 1\nmore: 2\n' },
    { path: 'policies/same.yaml', text: 'same\n' },
  ]
  mkdirSync(join(root, 'policies'))
  writeFileSync(join(root, 'policies', 'a.yaml'), `${old.join('\n')}\n`)
  writeFileSync(join(root, 'policies', 'b.yaml'), 'b: 1\n')
  writeFileSync(join(root, 'policies', 'same.yaml'), 'same\n')
  const proposal = await proposeChange({ signal }, wanted(join(root, 'policies'), { files }))
  t.equal(proposal.kind, 'patch')
  const { patch } = proposal as Extract<Proposal, { kind: 'patch' }>
  writeFileSync(join(root, 'change.patch'), patch)
  t.equal(readFileSync(join(root, 'policies', 'b.yaml'), 'utf8'), 'b: 1\n', 'nothing is written')
  git(root, 'apply', 'change.patch')
  t.strictSame(readdirSync(join(root, 'policies')).sort(), ['a.yaml', 'new.yaml', 'same.yaml'])
  t.equal(readFileSync(join(root, 'policies', 'a.yaml'), 'utf8'), files[0]?.text)
  t.equal(readFileSync(join(root, 'policies', 'new.yaml'), 'utf8'), files[2]?.text)
})

t.test('paths that lead elsewhere are refused', async t => {
  const root = repository(t)
  const plain = folder(t)
  mkdirSync(join(plain, 'policies'))
  writeFileSync(join(plain, 'secret'), 'secret')
  symlinkSync('../secret', join(plain, 'policies', 'link.yaml'))
  const refused = { name: 'ControllerFailure', code: 'change_refused' }
  for (const path of [
    '../x',
    '/x',
    'a//b',
    '.git/config',
    'a/.GIT/config',
    'a\nb',
    '.gitmodules',
  ]) {
    const files = [{ path, text: 'x' }]
    await t.rejects(proposeChange({ signal }, wanted(root, { files })), refused, path)
  }
  for (const path of ['secret', 'policies/link.yaml', 'policiesx/a.yaml']) {
    const files = [{ path, text: 'x' }]
    const asked = proposeChange({ signal }, wanted(join(plain, 'policies'), { files }))
    await t.rejects(asked, refused, path)
  }
})

t.test(
  'a change to a repository elsewhere is pushed, and asked for where there is a forge',
  async t => {
    const said: unknown[] = []
    const source = {
      kind: 'repository' as const,
      branch: 'main',
      commit: 'c0',
      repository: {
        async propose(proposed: object) {
          said.push(proposed)
          return 'c1'
        },
      },
    }
    const files = [{ path: 'a.yaml', text: 'a' }]
    t.strictSame(await proposeChange({ signal }, wanted('', { source, files })), {
      ...{ kind: 'branch', where: 'remote', branch: 'writ/change-a', commit: 'c1' },
    })
    const forge = {
      async openChange(proposed: object) {
        said.push(proposed)
        return { number: 7, url: 'https://forge.example/7' } as ChangeRequest
      },
    }
    t.strictSame(
      await proposeChange({ signal }, wanted('', { source: { ...source, forge }, files })),
      {
        ...{ kind: 'pull_request', number: 7, url: 'https://forge.example/7' },
        ...{ branch: 'writ/change-a', commit: 'c1' },
      },
    )
    const pushed = { base: 'c0', branch: 'writ/change-a', files, author: by }
    t.strictSame(said, [
      { ...pushed, message: 'Change a\n\nBecause of b.' },
      { ...pushed, message: 'Change a\n\nBecause of b.' },
      { title: 'Change a', body: 'Because of b.', head: 'writ/change-a', base: 'main' },
    ])
    const closed = {
      async openChange(): Promise<never> {
        throw new ForgeFailure('forbidden', 'the token may not open changes')
      },
    }
    await t.rejects(
      proposeChange({ signal }, wanted('', { source: { ...source, forge: closed }, files })),
      { code: 'change_refused', message: /writ\/change-a was pushed.*may not open changes/ },
    )
  },
)

t.test('a branch that is there already is left alone, and a push that fails is told', async t => {
  const taken = new Set(['writ/change-a', 'writ/change-a-2'])
  const repository = {
    async propose({ branch, message }: { branch: string; message: string }) {
      if (message === 'Refused') throw new GitFailure('proposal_refused', 'Nobody may push.', '')
      if (taken.has(branch)) throw new GitFailure('branch_exists', 'There is one.', '')
      return 'c1'
    },
  }
  const source = { kind: 'repository' as const, repository, branch: 'main', commit: 'c0' }
  t.match(await proposeChange({ signal }, wanted('', { source })), { branch: 'writ/change-a-3' })
  await t.rejects(proposeChange({ signal }, wanted('', { source, message: 'Refused' })), {
    code: 'change_refused',
    message: 'Nobody may push.',
  })
})
