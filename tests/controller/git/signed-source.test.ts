import t from 'tap'
import { world } from '../world.ts'
import { inForce, repositoryAt, sourceText, told } from './installation.ts'
import { policyText, testRepository } from './repositories.ts'
import { sshSigningKey } from './signing-keys.ts'

t.test('signers are those in force, not those that a commit brings along', async t => {
  const ana = await sshSigningKey(t)
  const eve = await sshSigningKey(t)
  const there = await testRepository(t)
  const required = sourceText(there.url, 'signatures: { required: true }')
  const first = await there.commit(
    {
      'policies/a.yaml': policyText('one'),
      'policies/source.yaml': required,
      'policies/ana.yaml': userText('ana', ana.publicKey),
    },
    { config: ana.config },
  )
  const here = await world(t)
  const { url } = await here.startController({ repository: repositoryAt(there) })
  t.strictSame(await inForce(here, url, first), [first])
  const stands = { state: 'broken', commits: [first] }

  await there.commit({ 'policies/source.yaml': sourceText(there.url) })
  t.strictSame(await told(here, url, 'commit_unsigned'), stands)
  await there.commit(
    { 'policies/source.yaml': required, 'policies/eve.yaml': userText('eve', eve.publicKey) },
    { config: eve.config },
  )
  t.strictSame(await told(here, url, 'signer_unknown'), stands)
  await there.git('reset', '--quiet', '--hard', first)
  const second = await there.commit(
    { 'policies/a.yaml': policyText('two') },
    { config: ana.config },
  )
  t.strictSame(await inForce(here, url, second), [second])

  await there.git('push', '--quiet', '--force', 'origin', `${first}:refs/heads/main`)
  t.strictSame(await told(here, url, 'history_rewritten'), { state: 'broken', commits: [second] })
})

function userText(name: string, key: string): string {
  const identities = JSON.stringify({ signingKeys: [key] })
  return `apiVersion: writ.dev/v1alpha1\nkind: User\nmetadata: { name: ${name} }\nspec: { identities: ${identities} }\n`
}
