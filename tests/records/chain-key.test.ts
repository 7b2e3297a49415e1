import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { chainKey, isOwn, isVouchedFor } from '../../records/chain-key.ts'
import { statementKey } from '../../records/statement.ts'

const key = () => statementKey(generateKeyPairSync('ed25519').privateKey)
const [first, second, other] = [key(), key(), key()]
const at = { proxy: 'p', from: 9, time: '2026-11-21T12:00:00.000Z' }

t.test('the first key of a proxy vouches for itself alone', async t => {
  const made = chainKey({ ...at, from: 1 }, first)
  t.ok(isOwn(made))
  t.notOk(isVouchedFor(made, first.publicKey))
})

t.test('a key that follows is signed by itself and by the one before', async t => {
  const made = chainKey(at, second, first)
  t.ok(isOwn(made))
  t.ok(isVouchedFor(made, first.publicKey))
  t.notOk(isVouchedFor(made, other.publicKey))
  t.notOk(isVouchedFor(made, second.publicKey))
})

t.test('nothing that either key signed can be changed', async t => {
  const made = chainKey(at, second, first)
  for (const wrong of [
    { ...made, proxy: 'q' },
    { ...made, from: 1 },
    { ...made, publicKey: other.publicKey },
    { ...made, previous: other.id },
    { ...made, previousSignature: chainKey(at, second, other).previousSignature ?? '' },
  ]) {
    t.notOk(isOwn(wrong), JSON.stringify(wrong))
  }
  t.notOk(isVouchedFor({ ...made, from: 1 }, first.publicKey))
})
