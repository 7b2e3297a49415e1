import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { Fetched } from '../../../controller/git/repository.ts'
import { forever, opened } from './opened.ts'
import { policyText, type TestRepository, testRepository } from './repositories.ts'

function codeOf(fetched: Fetched): string {
  return 'problem' in fetched ? fetched.problem.code : 'fetched'
}

/** Pushes what is checked out as the head of a pull request. */
async function proposed({ git }: TestRepository, number: number): Promise<string> {
  await git('push', '--quiet', '--force', 'origin', `HEAD:refs/pull/${number}/head`)
  return (await git('rev-parse', 'HEAD')).trim()
}

t.test('the head of a pull request is fetched beside the branch', async t => {
  const there = await testRepository(t)
  const base = await there.commit({ 'a.yaml': policyText('one') })
  await there.commit({ 'a.yaml': policyText('two') }, { branch: 'change' })
  const head = await proposed(there, 7)
  await there.git('checkout', '--quiet', 'main')
  const main = await there.commit({ 'b.yaml': policyText('b', 'b') })
  const here = await opened(t, there.url)
  t.strictSame(await here.fetchChange(7, forever), { commit: head, notes: [] })
  t.strictSame(await here.fetch(forever), { commit: main, notes: [] })
  t.equal(await here.mergeBase(main, head, forever), base)
  t.equal(await here.mergeBase(main, '0'.repeat(40), forever), null)
  t.strictSame(await here.changedFiles(base, head, forever), [
    { path: 'a.yaml', change: 'changed' },
  ])
  const { files } = await here.snapshotAt(head, '', forever)
  t.strictSame(
    files.map(({ path }) => path),
    ['a.yaml'],
  )
  t.equal(codeOf(await here.fetchChange(8, forever)), 'change_gone')
})

t.test('a pull request that is too large costs nothing but itself', async t => {
  const there = await testRepository(t)
  const main = await there.commit({ 'a.yaml': policyText('one') })
  await there.git('checkout', '--quiet', '-b', 'change')
  await there.commit(
    Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e'].map(name => [name, randomBytes(14 * 1024 ** 2)] as const),
    ),
    { branch: 'change' },
  )
  await proposed(there, 1)
  const here = await opened(t, there.url)
  await here.fetch(forever)
  await here.keep(main)
  t.equal(codeOf(await here.fetchChange(1, forever)), 'source_too_large')
  t.match(await here.snapshotAt(main, '', forever), { files: [{ path: 'a.yaml' }], problems: [] })
  t.strictSame(await here.fetch(forever), { commit: main, notes: [] })
})
