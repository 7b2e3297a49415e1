import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { snapshotOf } from '../../../controller/git/snapshot-of.ts'
import { forever } from './opened.ts'
import { policyText, testFolder, testRepository } from './repositories.ts'

t.test('a folder of a work tree is read as a commit has it', async t => {
  const there = await testRepository(t)
  const first = await there.commit({ 'policies/a.yaml': policyText('one'), 'b.yaml': '# other' })
  await there.git('tag', '-a', '-m', 'Release', 'v1')
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  const folder = join(there.workTree, 'policies')
  await writeFile(join(folder, 'a.yaml'), 'not committed')
  const at = async (ref: string) => {
    const { commit, files } = await snapshotOf(folder, ref, forever)
    return { commit, files }
  }
  const files = (tool: string, commit: string) => [
    { path: 'policies/a.yaml', text: policyText(tool), commit },
  ]
  t.strictSame(await at('HEAD'), { commit: second, files: files('two', second) })
  for (const ref of ['HEAD~1', 'v1', first.slice(0, 10)]) {
    t.strictSame(await at(ref), { commit: first, files: files('one', first) }, ref)
  }
  t.equal((await snapshotOf(there.workTree, 'main', forever)).files.length, 2)
})

t.test('what is no commit is named', async t => {
  const there = await testRepository(t)
  await there.commit({ 'a.yaml': policyText('one') })
  for (const ref of ['nothing', '--all', 'HEAD:a.yaml', 'HEAD\nmain', '', 'HEAD^{tree}']) {
    await t.rejects(snapshotOf(there.workTree, ref, forever), { code: 'commit_unknown' }, ref)
  }
  await t.rejects(snapshotOf(await testFolder(t), 'HEAD', forever), { code: 'commit_unknown' })
  const empty = join(await testFolder(t), 'gone')
  await mkdir(empty)
  await t.rejects(snapshotOf(join(empty, 'x'), 'HEAD', forever), { code: 'commit_unknown' })
})
