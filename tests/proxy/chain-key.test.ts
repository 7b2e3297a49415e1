import { createPrivateKey } from 'node:crypto'
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openChainKey, replaceChainKey } from '../../proxy/journal/chain-key.ts'
import { openJournal } from '../../proxy/journal/journal.ts'
import { Seals } from '../../proxy/journal/seals.ts'
import { digestOf } from '../../records/chain.ts'
import { isOwn, isVouchedFor } from '../../records/chain-key.ts'
import { isSignedBy } from '../../records/statement.ts'

const at = (from: number, time = '2026-11-22T09:00:00.000Z') => ({ proxy: 'proxy-1', from, time })
const end = (seq: number) => ({ seq, link: digestOf(`${seq}`) })

/** What a body says besides entries: the statement of the key and the seal. */
function saidIn(body: string) {
  const lines = body.split('\n')
  t.equal(lines.pop(), '')
  return { key: JSON.parse(lines[0] ?? ''), seal: JSON.parse(lines.at(-1) ?? '') }
}

t.test('a key is made once, for its owner alone, and tells who it is', async t => {
  const folder = t.testdir()
  const made = await openChainKey(folder, at(8))
  const { publicKey, keyId, signature } = made.statement
  t.strictSame(made.statement, {
    type: 'writ.chain-key.v1',
    proxy: 'proxy-1',
    publicKey,
    from: 8,
    time: '2026-11-22T09:00:00.000Z',
    keyId,
    signature,
  })
  t.ok(isOwn(made.statement))
  const path = join(folder, 'chain-key.pem')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(createPrivateKey(readFileSync(path)).asymmetricKeyType, 'ed25519', 'any tool reads it')
  const again = await openChainKey(folder, at(900))
  t.strictSame(again.statement, made.statement)
  t.equal(again.key.id, made.key.id)
})

t.test('a key is vouched for by the one before, of which nothing is left', async t => {
  const folder = t.testdir()
  const first = await openChainKey(folder, at(1))
  const second = await replaceChainKey(folder, at(11), first)
  t.ok(isOwn(second.statement))
  t.ok(isVouchedFor(second.statement, first.key.publicKey))
  t.equal(second.statement.previous, first.key.id)
  t.strictSame((await openChainKey(folder, at(20))).statement, second.statement)
  const old = String(first.key.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  t.notMatch(readFileSync(join(folder, 'chain-key.pem'), 'utf8'), old.split('\n')[1])
})

t.test('the key of another proxy is not used', async t => {
  const folder = t.testdir()
  const other = await openChainKey(folder, { ...at(1), proxy: 'proxy-2' })
  const own = await openChainKey(folder, at(5))
  t.not(own.key.id, other.key.id)
  t.equal(own.statement.previous, undefined)
})

t.test('what is no key is said, not replaced and not quoted', async t => {
  const folder = t.testdir()
  const { statement } = await openChainKey(folder, at(1))
  const path = join(folder, 'chain-key.pem')
  const [, ...pem] = readFileSync(path, 'utf8').split('\n')
  const forged = JSON.stringify({ ...statement, from: 2 })
  for (const text of ['', 'secret', pem.join('\n'), [forged, ...pem].join('\n')]) {
    writeFileSync(path, text)
    const error = await openChainKey(folder, at(1)).catch(error => error)
    t.match(error, { code: 'chain_key_unusable', cause: undefined })
    t.notMatch(String(error.stack), /secret|PRIVATE/)
    t.equal(readFileSync(path, 'utf8'), text)
  }
  rmSync(path)
  t.ok(isOwn((await openChainKey(folder, at(1))).statement))
})

t.test('a batch is sealed at its end by the key that it begins with', async t => {
  const seals = new Seals({
    journal: { folder: t.testdir(), proxy: 'proxy-1' },
    now: () => 0,
    keyDays: 30,
  })
  const body = await seals.around(['first', 'second'], end(7), 5)
  t.strictSame(body.split('\n').slice(1, 3), ['first', 'second'])
  const { key, seal } = saidIn(body)
  t.equal(key.from, 6)
  const { keyId, signature } = seal
  const time = '1970-01-01T00:00:00.000Z'
  t.strictSame(seal, { type: 'writ.seal.v1', proxy: 'proxy-1', ...end(7), time, keyId, signature })
  t.ok(isSignedBy(seal, key.publicKey))
})

t.test('a key is replaced behind the last seal when it is old, and not before', async t => {
  let now = 0
  const needs = { journal: { folder: t.testdir(), proxy: 'proxy-1' }, now: () => now, keyDays: 2 }
  const seals = new Seals(needs)
  await seals.renew(0)
  const first = saidIn(await seals.around(['line'], end(1), 0)).key
  now = 2 * 86_400_000 - 1
  await seals.renew(1)
  t.strictSame(saidIn(await seals.around(['line'], end(2), 1)).key, first)
  now += 1
  await seals.renew(2)
  const second = saidIn(await seals.around(['line'], end(3), 2))
  t.ok(isVouchedFor(second.key, first.publicKey))
  t.ok(isSignedBy(second.seal, second.key.publicKey))
  t.equal(second.key.from, 3)
  const later = new Seals({ ...needs, keyDays: 0 })
  now *= 1000
  t.strictSame(saidIn(await later.around(['line'], end(4), 3)).key, second.key)
  await later.renew(4)
  t.strictSame(saidIn(await later.around(['line'], end(5), 4)).key, second.key, '0 is never')
})

t.test('a file asks for a new key at once, and once', async t => {
  const folder = t.testdir()
  const seals = new Seals({ journal: { folder, proxy: 'proxy-1' }, now: () => 0, keyDays: 0 })
  const first = await seals.open(0)
  writeFileSync(join(folder, 'renew-chain-key'), '')
  await seals.renew(4)
  const second = await seals.open(4)
  t.ok(isVouchedFor(second.statement, first.key.publicKey))
  t.notOk(existsSync(join(folder, 'renew-chain-key')))
  await seals.renew(4)
  t.strictSame((await seals.open(4)).statement, second.statement)
})

t.test('a key that could not be replaced is used on, and replaced later', async t => {
  const root = t.testdir({ journal: {} })
  const folder = join(root, 'journal')
  let now = 0
  const seals = new Seals({ journal: { folder, proxy: 'proxy-1' }, now: () => now, keyDays: 1 })
  const first = await seals.open(0)
  now = 86_400_000
  renameSync(folder, `${folder}-away`)
  await t.rejects(seals.renew(1), { code: 'ENOENT' })
  renameSync(`${folder}-away`, folder)
  t.strictSame(saidIn(await seals.around(['line'], end(2), 1)).key, first.statement)
  await seals.renew(2)
  const second = saidIn(await seals.around(['line'], end(3), 2)).key
  t.ok(isVouchedFor(second, first.key.publicKey))
  t.equal(second.from, 3)
})

t.test('a key that a killed process did not finish is gone at the next start', async t => {
  const folder = t.testdir({ 'chain-key.pem.0123456789ab.tmp': 'half of a key' })
  const journal = await openJournal({ folder })
  t.teardown(() => journal.close())
  t.strictSame(readdirSync(folder).sort(), ['0000000000000001.jsonl', 'identity.json', 'lock'])
})
