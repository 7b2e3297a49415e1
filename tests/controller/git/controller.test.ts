import { rename } from 'node:fs/promises'
import t from 'tap'
import { inForce, installation, told } from './installation.ts'
import { policyText, runGit } from './repositories.ts'

t.test('what is pushed is in force by the next poll, and the table names the commit', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  t.strictSame(await inForce(here, url, second), [second])
})

t.test('what goes wrong over there is named, and the last good tables stand', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  const stands = { state: 'broken', commits: [first] }
  await inForce(here, url, first)

  await there.commit({ 'policies/a.yaml': 'kind: [' })
  t.strictSame(await told(here, url, 'yaml'), stands)
  await there.commit({
    'policies/a.yaml': policyText('one'),
    'policies/b.yaml': { linkTo: '/etc' },
  })
  t.strictSame(await told(here, url, 'link_outside_source'), stands)
  await there.git('push', '--quiet', 'origin', 'main:refs/heads/other')
  await runGit(there.folder, ['symbolic-ref', 'HEAD', 'refs/heads/other'])
  await there.git('push', '--quiet', 'origin', ':main')
  t.strictSame(await told(here, url, 'branch_gone'), stands)
  await rename(there.folder, `${there.folder}.gone`)
  t.strictSame(await told(here, url, 'repository_gone'), stands)

  await rename(`${there.folder}.gone`, there.folder)
  const mended = await there.commit({
    'policies/a.yaml': policyText('two'),
    'policies/b.yaml': null,
  })
  t.strictSame(await inForce(here, url, mended), [mended])
})

t.test('a controller that starts while the repository is gone has what was in force', async t => {
  const { there, here, url, restart } = await installation(t, {
    'policies/a.yaml': policyText('one'),
  })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  t.strictSame(await inForce(here, url, first), [first])
  await rename(there.folder, `${there.folder}.gone`)
  const again = await restart()
  t.strictSame(await told(here, again, 'repository_gone'), { state: 'broken', commits: [first] })
  await rename(`${there.folder}.gone`, there.folder)
  t.strictSame(await inForce(here, again, first), [first])
})

t.test('a rewritten branch is taken and told', async t => {
  const { there, here, url } = await installation(t, { 'policies/a.yaml': policyText('one') })
  const first = (await there.git('rev-parse', 'HEAD')).trim()
  const second = await there.commit({ 'policies/a.yaml': policyText('two') })
  await inForce(here, url, second)
  await there.git('reset', '--quiet', '--hard', first)
  const third = await there.commit({ 'policies/a.yaml': policyText('three') })
  t.strictSame(await told(here, url, 'history_rewritten'), { state: 'in_force', commits: [third] })
})
