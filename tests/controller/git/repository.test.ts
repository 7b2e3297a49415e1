import t from 'tap'
import { forever, opened } from './opened.ts'
import { policyText, testRepository } from './repositories.ts'

t.test('the newest commit of a branch is fetched, and read without being checked out', async t => {
  const there = await testRepository(t)
  const first = await there.commit({ 'policies/a.yaml': policyText('one'), 'README.md': 'hello' })
  const here = await opened(t, there.url)
  t.strictSame(await here.fetch(forever), { commit: first, notes: [] })
  t.strictSame(await here.snapshotAt(first, 'policies', forever), {
    files: [{ path: 'policies/a.yaml', text: policyText('one'), commit: first }],
    commit: first,
    problems: [],
  })

  const second = await there.commit({ 'policies/a.yaml': policyText('two'), 'b.yml': '# empty' })
  t.strictSame(await here.fetch(forever), { commit: second, notes: [] })
  const { files } = await here.snapshotAt(second, '', forever)
  t.strictSame(
    files.map(({ path, text }) => [path, text]),
    [
      ['b.yml', '# empty'],
      ['policies/a.yaml', policyText('two')],
    ],
  )
  t.strictSame(await here.changedFiles(first, second, forever), [
    { path: 'b.yml', change: 'added' },
    { path: 'policies/a.yaml', change: 'changed' },
  ])
  t.equal(await here.mergeBase(first, second, forever), first)
})

t.test('a commit says who made it, when and why', async t => {
  const there = await testRepository(t)
  const first = await there.commit({ 'a.yaml': policyText('one') })
  const second = await there.commit(
    { 'a.yaml': policyText('two') },
    { message: 'Allow two\n\nMore words', author: 'Ben \u202e\u001b[31m <ben@example.com>' },
  )
  const here = await opened(t, there.url)
  await here.fetch(forever)
  const { time, ...facts } = await here.commit(second, forever)
  t.strictSame(facts, {
    id: second,
    author: 'Ben [31m',
    authorEmail: 'ben@example.com',
    subject: 'Allow two',
  })
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
  t.strictSame(
    (await here.log(null, second, forever)).map(({ id }) => id),
    [second, first],
  )
  t.strictSame(
    (await here.log(first, second, forever)).map(({ id }) => id),
    [second],
  )
  await t.rejects(here.commit('0'.repeat(40), forever), { code: 'commit_unknown' })
  await t.rejects(here.commit('--output=/tmp/x', forever), { code: 'commit_unknown' })
})

t.test('a proposal is a commit on a new branch there', async t => {
  const there = await testRepository(t)
  const base = await there.commit({ 'a.yaml': policyText('one'), 'b.yaml': policyText('b', 'b') })
  const here = await opened(t, there.url)
  await here.fetch(forever)
  const change = {
    base,
    branch: 'writ/rollback-1',
    files: [
      { path: 'a.yaml', text: policyText('two') },
      { path: 'b.yaml', text: null },
      { path: 'new/c.yaml', text: '' },
    ],
    message: 'Roll back\n\nBecause.',
    author: { name: 'Ana', email: 'ana@example.com' },
  }
  const made = await here.propose(change, forever)
  await there.git('fetch', '--quiet', 'origin')
  t.equal((await there.git('rev-parse', 'origin/writ/rollback-1')).trim(), made)
  t.equal(
    await there.git('show', '--name-status', '--format=%P %an <%ae> %B', made),
    `${base} Ana <ana@example.com> Roll back\n\nBecause.\n\n\nM\ta.yaml\nD\tb.yaml\nA\tnew/c.yaml\n`,
  )
  await t.rejects(here.propose({ ...change, message: 'Again' }, forever), { code: 'branch_exists' })
})
