import t from 'tap'
import type { Signer } from '../../../controller/git/signers.ts'
import { forever, opened } from './opened.ts'
import { policyText, testRepository } from './repositories.ts'
import { openPgpSigningKey, sshSigningKey } from './signing-keys.ts'

t.test('a required signature is one of somebody known in force', async t => {
  const there = await testRepository(t)
  const ssh = await sshSigningKey(t)
  const pgp = await openPgpSigningKey(t)
  const signers: Signer[] = [
    { name: 'default/ana', key: ssh.publicKey },
    { name: 'default/ben', key: pgp.publicKey },
  ]
  const here = await opened(t, there.url, { signatures: () => ({ required: true, signers }) })
  const commit = (config = {}) => there.commit({ 'a.yaml': policyText(`t${count++}`) }, { config })
  let count = 0

  const bySsh = await commit(ssh.config)
  t.strictSame(await here.fetch(forever), { commit: bySsh, notes: [] })
  t.equal((await here.commit(bySsh, forever)).signedBy, 'default/ana')

  const byPgp = await commit(pgp.config)
  t.strictSame(await here.fetch(forever), { commit: byPgp, notes: [] })
  t.equal((await here.commit(byPgp, forever)).signedBy, 'default/ben')

  await commit()
  t.match(await here.fetch(forever), { problem: { code: 'commit_unsigned' } })

  const otherSsh = await sshSigningKey(t)
  await commit(otherSsh.config)
  t.match(await here.fetch(forever), { problem: { code: 'signer_unknown' } })

  const otherPgp = await openPgpSigningKey(t, 'signer-0')
  await commit(otherPgp.config)
  t.match(await here.fetch(forever), { problem: { code: 'signer_unknown' } })

  signers.push({ name: 'default/eve', key: otherPgp.publicKey })
  await commit(otherPgp.config)
  const last = await here.fetch(forever)
  t.ok('commit' in last)
  const { signedBy } = await here.commit('commit' in last ? last.commit : '', forever)
  t.equal(signedBy, 'default/eve', 'whatever the key calls its owner')

  signers.pop()
  t.match(await here.fetch(forever), { problem: { code: 'signer_unknown' } }, 'and no longer')
})
