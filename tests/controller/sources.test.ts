import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { folderSource } from '../../controller/sources/folder.ts'
import { localSource } from '../../controller/sources/local-source.ts'
import { sourceContract } from './source-contract.ts'

const { signal } = new AbortController()

/** Outside of any work tree, as the tests themselves are in one. */
function folderOf(t: Test): string {
  const root = mkdtempSync(join(tmpdir(), 'writ-source-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'policies'))
  return join(root, 'policies')
}

function git(folder: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=ana', '-c', 'user.email=ana@example.com']
  return execFileSync('git', ['-C', folder, ...identity, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
}

function repository(t: Test): string {
  const folder = folderOf(t)
  git(join(folder, '..'), 'init', '--quiet', '--initial-branch=main')
  return folder
}

t.test('a folder', async t => {
  sourceContract(t, t => {
    const folder = folderOf(t)
    return { folder, source: folderSource({ path: folder }) }
  })
})

t.test('a folder of one machine', async t => {
  sourceContract(t, t => {
    const folder = folderOf(t)
    return { folder, source: localSource(folder, Date.now) }
  })
})

t.test('a folder in a git work tree', async t => {
  sourceContract(t, t => {
    const folder = repository(t)
    return { folder, source: localSource(folder, Date.now) }
  })
})

t.test('files carry the name of their folder, so that problems can be clicked', async t => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'a.yaml'), 'a')
  const named = { files: [{ path: 'policies/a.yaml', text: 'a' }], problems: [] }
  t.strictSame(await localSource(folder, Date.now).fetch(signal), named)
  const single = { files: [{ path: 'a.yaml', text: 'a' }], problems: [] }
  t.strictSame(await localSource(join(folder, 'a.yaml'), Date.now).fetch(signal), single)
})

t.test('folders of tools and links to folders are passed over', async t => {
  const folder = folderOf(t)
  for (const name of ['.hidden', 'node_modules', 'real']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'a.yaml'), name)
  }
  writeFileSync(join(folder, '.swap.yaml'), 'an editor')
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  symlinkSync(folder, join(folder, 'loop'))
  const { files, problems } = await folderSource({ path: folder }).fetch(signal)
  t.strictSame(files, [{ path: 'policies/real/a.yaml', text: 'real' }])
  t.strictSame(problems, [])
})

t.test(
  'links inside are followed, as Kubernetes mounts files; links that lead out are a problem',
  async t => {
    const folder = folderOf(t)
    mkdirSync(join(folder, '..2026_11'))
    writeFileSync(join(folder, '..2026_11', 'a.yaml'), 'mounted')
    symlinkSync('..2026_11', join(folder, '..data'))
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'))
    writeFileSync(join(folder, '..', 'policies-secret.yaml'), 'secret')
    symlinkSync('../policies-secret.yaml', join(folder, 'b.yaml'))
    symlinkSync('/etc/hostname', join(folder, 'c.yaml'))
    symlinkSync('nowhere', join(folder, 'd.yaml'))
    const { files, problems } = await folderSource({ path: folder }).fetch(signal)
    t.strictSame(files, [{ path: 'policies/a.yaml', text: 'mounted' }])
    t.strictSame(
      problems,
      ['policies/b.yaml', 'policies/c.yaml'].map(file => ({
        severity: 'error',
        file,
        line: 1,
        column: 1,
        code: 'link_outside_source',
        message: 'The link leads out of the source folder.',
        suggestion: 'Put the file itself into the folder.',
      })),
    )
  },
)

t.test('what cannot be read as text is a problem of that file and not an absence', async t => {
  const folder = folderOf(t)
  writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]))
  writeFileSync(join(folder, 'large.yaml'), '')
  truncateSync(join(folder, 'large.yaml'), 17 * 1024 * 1024)
  execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
  const { files, problems } = await folderSource({ path: folder }).fetch(signal)
  t.strictSame(files, [])
  t.strictSame(
    problems.map(({ file, code }) => [file, code]),
    [
      ['policies/binary.yaml', 'file_not_utf8'],
      ['policies/large.yaml', 'file_too_large'],
      ['policies/pipe.yaml', 'file_unreadable'],
    ],
  )
})

t.test('there is a limit to all files together', async t => {
  const folder = folderOf(t)
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    writeFileSync(join(folder, `${name}.yaml`), '')
    truncateSync(join(folder, `${name}.yaml`), 15 * 1024 * 1024)
  }
  const { problems } = await folderSource({ path: folder }).fetch(signal)
  t.match(problems, [{ file: 'policies/e.yaml', code: 'source_too_large' }])
})

t.test('a file carries the commit that is checked out only when it is as committed', async t => {
  const folder = repository(t)
  writeFileSync(join(folder, 'clean.yaml'), 'clean')
  writeFileSync(join(folder, 'dirty.yaml'), 'as committed')
  writeFileSync(join(folder, 'staged.yaml'), 'as committed')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'first')
  writeFileSync(join(folder, 'dirty.yaml'), 'edited')
  writeFileSync(join(folder, 'staged.yaml'), 'edited')
  git(folder, 'add', 'staged.yaml')
  writeFileSync(join(folder, 'untracked.yaml'), 'new')
  const commit = git(folder, 'rev-parse', 'HEAD')
  const source = localSource(folder, Date.now)
  t.strictSame(await source.fetch(signal), {
    files: [
      { path: 'policies/clean.yaml', text: 'clean', commit },
      { path: 'policies/dirty.yaml', text: 'edited' },
      { path: 'policies/staged.yaml', text: 'edited' },
      { path: 'policies/untracked.yaml', text: 'new' },
    ],
    problems: [],
    commit,
  })
  git(folder, 'checkout', '--quiet', '--force', '-b', 'other')
  rmSync(join(folder, 'untracked.yaml'))
  rmSync(join(folder, 'dirty.yaml'))
  git(folder, 'commit', '--quiet', '--all', '-m', 'second')
  const second = git(folder, 'rev-parse', 'HEAD')
  t.match(await source.fetch(signal), {
    files: [{ path: 'policies/clean.yaml', commit: second }, { path: 'policies/staged.yaml' }],
    commit: second,
  })
})

t.test('a work tree that git is changing is read later, unless its lock is a leftover', async t => {
  const folder = repository(t)
  writeFileSync(join(folder, 'a.yaml'), 'a')
  const lock = join(folder, '..', '.git', 'index.lock')
  writeFileSync(lock, '')
  const source = localSource(folder, Date.now)
  await t.rejects(source.fetch(signal), { code: 'source_busy' })
  utimesSync(lock, 0, 0)
  t.match(await source.fetch(signal), { files: [{ path: 'policies/a.yaml' }] })
})

t.test('a work tree of another user is read like any other', async t => {
  const folder = repository(t)
  writeFileSync(join(folder, 'a.yaml'), 'a')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'first')
  const commit = git(folder, 'rev-parse', 'HEAD')
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534', join(folder, '..')])
  else t.comment('only root can give files to another user')
  t.match(await localSource(folder, Date.now).fetch(signal), { commit, files: [{ commit }] })
})

t.test("nothing in a repository's own configuration is run", async t => {
  const folder = repository(t)
  writeFileSync(join(folder, 'a.yaml'), 'a')
  git(folder, 'add', '.')
  git(folder, 'commit', '--quiet', '-m', 'first')
  const trap = join(folder, '..', 'trap')
  const run = `touch ${trap}`
  for (const name of [
    'core.fsmonitor',
    'core.pager',
    'core.sshCommand',
    'filter.x.clean',
    'alias.ls-tree',
  ]) {
    git(folder, 'config', name, name.startsWith('alias') ? `!${run}` : run)
  }
  writeFileSync(join(folder, '..', '.gitattributes'), '* filter=x\n')
  t.match(await localSource(folder, Date.now).fetch(signal), { files: [{ text: 'a' }] })
  t.throws(() => execFileSync('test', ['-e', trap]), 'the trap was not sprung')
})
