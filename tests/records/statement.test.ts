import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { isSignedBy, keyIdOf, signStatement, statementKey } from '../../records/statement.ts'

const key = statementKey(generateKeyPairSync('ed25519').privateKey)
const other = statementKey(generateKeyPairSync('ed25519').privateKey)
const said = signStatement({ type: 'writ.seal.v1', proxy: 'p', seq: 3 }, key)

t.test('a statement is signed by its key and by no other', async t => {
  t.equal(said.keyId, keyIdOf(key.publicKey))
  t.ok(isSignedBy(said, key.publicKey))
  t.ok(isSignedBy(JSON.parse(JSON.stringify(said)), key.publicKey))
  t.notOk(isSignedBy(said, other.publicKey))
})

t.test('nothing in a statement can be changed, added or taken away', async t => {
  const { proxy: _, ...less } = said
  for (const wrong of [
    { ...said, seq: 4 },
    { ...said, type: 'writ.checkpoint.v1' },
    { ...said, more: 1 },
    { ...said, keyId: other.id },
    { ...said, signature: `${said.signature}A` },
    { ...said, signature: '' },
    less,
  ]) {
    t.notOk(isSignedBy(wrong, key.publicKey), JSON.stringify(wrong))
  }
})

t.test('a text that is no key signed nothing', async t => {
  t.notOk(isSignedBy(said, ''))
  t.notOk(isSignedBy({ ...said, keyId: keyIdOf('AAAA') }, 'AAAA'))
  const { privateKey } = generateKeyPairSync('x25519')
  t.throws(() => statementKey(privateKey), new TypeError('not an Ed25519 key'))
})
