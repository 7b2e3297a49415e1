import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { forever, opened } from './opened.ts'
import {
  type Files,
  policyText,
  runGit,
  type TestRepository,
  testFolder,
  testRepository,
} from './repositories.ts'

const good = policyText('one')

/** What is read of files that were pushed: the paths, and the problems by path. */
async function readBack(t: Test, files: Files, path = 'policies') {
  const there = await testRepository(t)
  return readCommit(t, there, await there.commit(files), path)
}

async function readCommit(t: Test, there: TestRepository, commit: string, path = 'policies') {
  const here = await opened(t, there.url)
  t.match(await here.fetch(forever), { commit })
  const { files, problems } = await here.snapshotAt(commit, path, forever)
  return {
    files: files.map(({ path, text }) => [path, text]),
    problems: problems.map(({ file, code }) => [file, code]),
  }
}

t.test('links lead nowhere but into the folder', async t => {
  const { files, problems } = await readBack(t, {
    'secret.yaml': 'elsewhere in the repository',
    'policies/a.yaml': good,
    'policies/inside.yaml': { linkTo: 'a.yaml' },
    'policies/sub/up.yaml': { linkTo: '../a.yaml' },
    'policies/chain.yaml': { linkTo: 'inside.yaml' },
    'policies/loop.yaml': { linkTo: 'loop.yaml' },
    'policies/nowhere.yaml': { linkTo: 'nothing.yaml' },
    'policies/absolute.yaml': { linkTo: '/etc/passwd' },
    'policies/outside.yaml': { linkTo: '../secret.yaml' },
    'policies/sly.yaml': { linkTo: 'sub/../../secret.yaml' },
    'policies/by-way.yaml': { linkTo: 'step' },
    'policies/step': { linkTo: '../../../../etc/passwd' },
    'policies/folder.yaml': { linkTo: 'sub' },
    'policies/long.yaml': { linkTo: `${'x'.repeat(200)}/`.repeat(15) },
    'policies/linked': { linkTo: '/etc' },
  })
  t.strictSame(files, [
    ['policies/a.yaml', good],
    ['policies/chain.yaml', good],
    ['policies/inside.yaml', good],
    ['policies/sub/up.yaml', good],
  ])
  t.strictSame(problems, [
    ['policies/absolute.yaml', 'link_outside_source'],
    ['policies/by-way.yaml', 'link_outside_source'],
    ['policies/folder.yaml', 'link_broken'],
    ['policies/long.yaml', 'link_broken'],
    ['policies/loop.yaml', 'link_broken'],
    ['policies/nowhere.yaml', 'link_broken'],
    ['policies/outside.yaml', 'link_outside_source'],
    ['policies/sly.yaml', 'link_outside_source'],
  ])
})

t.test('a folder that is a link is no folder', async t => {
  t.strictSame(await readBack(t, { policies: { linkTo: '/etc' }, 'a.yaml': good }), {
    files: [],
    problems: [['policies', 'path_gone']],
  })
})

t.test('a submodule is named and not followed', async t => {
  const there = await testRepository(t)
  await there.commit({ 'policies/a.yaml': good })
  const id = 'a'.repeat(40)
  await there.git('update-index', '--add', '--cacheinfo', `160000,${id},policies/more`)
  await there.git('update-index', '--add', '--cacheinfo', `160000,${id},elsewhere`)
  await there.git('commit', '--quiet', '-m', 'Add submodules')
  await there.git('push', '--quiet', 'origin', 'main')
  const commit = (await there.git('rev-parse', 'HEAD')).trim()
  t.strictSame((await readCommit(t, there, commit)).problems, [['policies/more', 'submodule']])
})

t.test('names and contents that do not show are named', async t => {
  const { files, problems } = await readBack(t, {
    'policies/.hidden.yaml': good,
    'policies/.git-like/a.yaml': good,
    'policies/node_modules/a.yaml': good,
    'policies/\u001b[2Ja.yaml': good,
    'policies/turned\u202elmay.yaml': good,
    'policies/two\nlines.yaml': good,
    'policies/ünï.yaml': good,
    'policies/bytes.yaml': Buffer.from([0xff, 0xfe, 0x00]),
    'policies/large.yaml': 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n',
  })
  t.strictSame(files, [['policies/ünï.yaml', good]])
  t.strictSame(problems, [
    ['policies/ [2Ja.yaml', 'name_unusable'],
    ['policies/bytes.yaml', 'file_not_utf8'],
    ['policies/large.yaml', 'lfs_pointer'],
    ['policies/turned lmay.yaml', 'name_unusable'],
    ['policies/two lines.yaml', 'name_unusable'],
  ])
})

t.test('a tree that no git makes is not taken', async t => {
  for (const name of ['..', '.', '.git', 'a/b']) {
    const there = await testRepository(t)
    await there.commit({ 'policies/a.yaml': good })
    const blob = (await there.git('rev-parse', 'HEAD:policies/a.yaml')).trim()
    const inner = await rawTree(there, [['100644', 'a.yaml', blob]])
    const outer = await rawTree(there, [['40000', name, inner]])
    const commit = await runGit(there.folder, ['commit-tree', '-m', 'Climb', outer])
    await runGit(there.folder, ['update-ref', 'refs/heads/main', commit.trim()])
    const here = await opened(t, there.url)
    t.match(await here.fetch(forever), { problem: { code: 'history_broken' } }, name)
  }
})

t.test('a few objects that stand for very many files are not listed', async t => {
  const there = await testRepository(t)
  const blob = (await runGit(there.folder, ['hash-object', '-w', '--stdin'], good)).trim()
  let tree = await rawTree(
    there,
    numbered(100).map(name => ['100644', `${name}.yaml`, blob]),
  )
  for (let level = 0; level < 5; level += 1) {
    const below = tree
    tree = await rawTree(
      there,
      numbered(30).map(name => ['40000', name, below]),
    )
  }
  const commit = (await runGit(there.folder, ['commit-tree', '-m', 'Many', tree])).trim()
  await runGit(there.folder, ['update-ref', 'refs/heads/main', commit])
  const here = await opened(t, there.url)
  t.match(await here.fetch(forever), { commit })
  t.match(await here.snapshotAt(commit, '', forever), {
    files: [],
    problems: [{ severity: 'error', code: 'source_too_large' }],
  })
})

t.test('more files than are taken are named once', async t => {
  const there = await testRepository(t)
  const blob = (await runGit(there.folder, ['hash-object', '-w', '--stdin'], good)).trim()
  const tree = await rawTree(
    there,
    numbered(5002).map(name => ['100644', `${name}.yaml`, blob]),
  )
  const commit = (await runGit(there.folder, ['commit-tree', '-m', 'Many', tree])).trim()
  await runGit(there.folder, ['update-ref', 'refs/heads/main', commit])
  const { files, problems } = await readCommit(t, there, commit, '')
  t.equal(files.length, 5000)
  t.strictSame(problems, [['05000.yaml', 'source_too_large']])
})

t.test('nothing in a repository is run, and nothing of it is written out', async t => {
  const there = await testRepository(t)
  const commit = await there.commit({
    '.gitattributes': '*.yaml filter=evil diff=evil export-subst ident text eol=crlf\n',
    '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch /tmp/run"\n',
    'policies/a.yaml': `$Id$\n$Format:%H$\n${good}`,
  })
  const folder = join(await testFolder(t), 'copy')
  const here = await opened(t, there.url, { folder })
  await here.fetch(forever)
  const { files, problems } = await here.snapshotAt(commit, 'policies', forever)
  t.strictSame(files, [{ path: 'policies/a.yaml', text: `$Id$\n$Format:%H$\n${good}`, commit }])
  t.strictSame(problems, [])
  const written = await readdir(folder, { recursive: true })
  t.strictSame(
    written.filter(name => /yaml|gitmodules|gitattributes/.test(name)),
    [],
  )
})

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => String(i).padStart(5, '0'))
}

/** Writes a tree whatever its names are, and gives its id. */
async function rawTree(
  { folder }: TestRepository,
  entries: readonly (readonly string[])[],
): Promise<string> {
  const bytes = entries.flatMap(([mode = '', name = '', id = '']) => [
    Buffer.from(`${mode} ${name}\0`),
    Buffer.from(id, 'hex'),
  ])
  const hash = ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin']
  return (await runGit(folder, hash, Buffer.concat(bytes))).trim()
}
