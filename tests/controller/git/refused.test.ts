import { randomBytes } from 'node:crypto'
import { rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Fetched } from '../../../controller/git/repository.ts'
import { forever, opened } from './opened.ts'
import {
  policyText,
  runGit,
  type TestRepository,
  testFolder,
  testRepository,
} from './repositories.ts'

function codeOf(fetched: Fetched): string {
  return 'problem' in fetched ? fetched.problem.code : 'fetched'
}

t.test('a repository, a branch or a folder that is not there is named', async t => {
  const there = await testRepository(t)
  const here = await opened(t, there.url)
  t.equal(codeOf(await here.fetch(forever)), 'branch_gone', 'nothing was pushed yet')
  const commit = await there.commit({ 'policies/a.yaml': policyText('one') })
  t.equal(codeOf(await here.fetch(forever)), 'fetched')
  t.match(await here.snapshotAt(commit, 'elsewhere', forever), {
    files: [],
    problems: [{ severity: 'error', code: 'path_gone', file: 'elsewhere' }],
  })
  t.match(await here.snapshotAt(commit, 'policies/a.yaml', forever), {
    problems: [{ code: 'path_gone' }],
  })
  await there.git('push', '--quiet', 'origin', 'main:other')
  await runGit(there.folder, ['symbolic-ref', 'HEAD', 'refs/heads/other'])
  await there.git('push', '--quiet', 'origin', ':main')
  t.equal(codeOf(await here.fetch(forever)), 'branch_gone')
  await there.git('push', '--quiet', 'origin', 'main')
  t.strictSame(await here.fetch(forever), { commit, notes: [] })
  await rename(there.folder, `${there.folder}.gone`)
  t.equal(codeOf(await here.fetch(forever)), 'repository_gone')
  t.match(await here.snapshotAt(commit, 'policies', forever), {
    files: [{ path: 'policies/a.yaml' }],
    problems: [],
  })
  await rename(`${there.folder}.gone`, there.folder)
  t.strictSame(await here.fetch(forever), { commit, notes: [] })
})

t.test('a rewritten branch is told, and refused where signatures are required', async t => {
  const there = await testRepository(t)
  const first = await there.commit({ 'a.yaml': policyText('one') })
  const second = await there.commit({ 'a.yaml': policyText('two') })
  const here = await opened(t, there.url)
  await here.fetch(forever)
  await here.keep(second)
  t.equal(await here.kept(), second)
  await there.git('push', '--quiet', '--force', 'origin', `${first}:refs/heads/main`)
  t.match(await here.fetch(forever), {
    commit: first,
    notes: [{ code: 'history_rewritten', message: new RegExp(second.slice(0, 12)) }],
  })
  await here.keep(first)
  t.strictSame(await here.fetch(forever), { commit: first, notes: [] })
  await there.git('checkout', '--quiet', '--orphan', 'fresh')
  const third = await there.commit({ 'a.yaml': policyText('three') }, { branch: 'fresh' })
  await there.git('push', '--quiet', '--force', 'origin', `${third}:refs/heads/main`)
  t.match(await here.fetch(forever), { commit: third, notes: [{ code: 'history_rewritten' }] })
})

t.test('a broken history is named', async t => {
  const there = await testRepository(t)
  await there.commit({ 'a.yaml': policyText('one') })
  const second = await there.commit({ 'a.yaml': policyText('two') })
  const blob = (await there.git('rev-parse', 'HEAD:a.yaml')).trim()
  await rm(join(there.folder, 'objects', blob.slice(0, 2), blob.slice(2)))
  const here = await opened(t, there.url)
  t.equal(codeOf(await here.fetch(forever)), 'history_broken', 'a file is missing')
  await rm(join(there.folder, 'objects', second.slice(0, 2), second.slice(2)))
  t.not(codeOf(await here.fetch(forever)), 'fetched', 'a commit is missing')
})

t.test('what is too large is left out or refused, and named', async t => {
  const there = await testRepository(t)
  const commit = await there.commit({
    'policies/a.yaml': policyText('one'),
    'policies/large.yaml': '#'.repeat(17 * 1024 * 1024),
    'elsewhere.bin': '\u0000'.repeat(20 * 1024 * 1024),
  })
  const here = await opened(t, there.url)
  t.strictSame(await here.fetch(forever), { commit, notes: [] })
  t.match(await here.snapshotAt(commit, 'policies', forever), {
    files: [{ path: 'policies/a.yaml' }],
    problems: [{ code: 'file_too_large', file: 'policies/large.yaml' }],
  })
})

t.test('a file of a gigabyte does not come', async t => {
  const there = await testRepository(t)
  const commit = await hugeFile(t, there, 1024 ** 3)
  const here = await opened(t, there.url)
  t.strictSame(await here.fetch(forever), { commit, notes: [] })
  t.match(await here.snapshotAt(commit, 'policies', forever), {
    problems: [{ code: 'file_too_large', file: 'policies/huge.yaml' }],
  })
})

t.test('what a server does not leave out is bounded here', async t => {
  const there = await testRepository(t)
  await runGit(there.folder, ['config', 'uploadpack.allowFilter', 'false'])
  const zeros = await hugeFile(t, there, 200 * 1024 ** 2)
  const here = await opened(t, there.url)
  t.strictSame(await here.fetch(forever), { commit: zeros, notes: [] }, 'a small pack of much')
  t.match(await here.snapshotAt(zeros, 'policies', forever), {
    problems: [{ code: 'file_too_large', file: 'policies/huge.yaml' }],
  })

  await there.git('checkout', '--quiet', '--orphan', 'noise')
  await there.commit({ noise: randomBytes(70 * 1024 ** 2) }, { branch: 'noise' })
  await there.git('push', '--quiet', '--force', 'origin', 'noise:main')
  t.equal(codeOf(await here.fetch(forever)), 'source_too_large')
})

/** Commits a file of many zeros without writing them out twice, and gives the commit. */
async function hugeFile(t: Test, there: TestRepository, bytes: number): Promise<string> {
  const file = join(await testFolder(t), 'huge')
  await writeFile(file, '')
  await truncate(file, bytes)
  const hash = ['-c', 'core.looseCompression=1', 'hash-object', '-w', file]
  const blob = (await runGit(there.folder, hash)).trim()
  const folder = await runGit(there.folder, ['mktree'], `100644 blob ${blob}\thuge.yaml\n`)
  const tree = await runGit(there.folder, ['mktree'], `040000 tree ${folder.trim()}\tpolicies\n`)
  const commit = await runGit(there.folder, ['commit-tree', '-m', 'Add much', tree.trim()])
  await runGit(there.folder, ['update-ref', 'refs/heads/main', commit.trim()])
  return commit.trim()
}
