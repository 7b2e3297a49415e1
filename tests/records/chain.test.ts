import { createHash } from 'node:crypto'
import t from 'tap'
import { digestOf, genesisOf, isDigest, linkOf } from '../../records/chain.ts'
import { headBytes, headIn, headOf, prevOf } from '../../records/line.ts'

const sha256 = (...parts: readonly (string | Buffer)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

t.test('a chain begins with the proxy and goes on with every line', async t => {
  const genesis = genesisOf('proxy-1')
  t.equal(genesis, sha256('writ.chain.v1\nproxy-1').toString('base64url'))
  const line = `${headOf('proxy-1', 1, genesis)}"time":"now"}`
  t.equal(digestOf(line), sha256(line).toString('base64url'))
  t.equal(digestOf(Buffer.from(line)), digestOf(line))
  t.equal(
    linkOf(genesis, digestOf(line)),
    sha256(Buffer.from(genesis, 'base64url'), sha256(line)).toString('base64url'),
  )
})

t.test('a digest has one form', async t => {
  const digest = digestOf('x')
  t.ok(isDigest(digest))
  t.equal(digest.length, 43)
  for (const wrong of ['', `${digest}=`, digest.slice(1), `${digest.slice(0, 42)}B`, 7, null]) {
    t.notOk(isDigest(wrong), String(wrong))
  }
})

t.test('the head of a line is read without a parser', async t => {
  const prev = genesisOf('p')
  t.strictSame(headIn(`${headOf('p', 9, prev)}"time":"now"}`), { proxy: 'p', seq: 9, prev })
  t.ok(headOf('p'.repeat(128), Number.MAX_SAFE_INTEGER, prev).length <= headBytes)
  const unchained = headIn('{"proxy":"p","seq":1,"time":"now"}')
  t.strictSame(unchained, { proxy: 'p', seq: 1, prev: null })
  t.equal(unchained && prevOf(unchained), prev)
})

t.test('what is no head is none', async t => {
  for (const line of [
    '',
    '{}',
    '{"seq":1,"proxy":"p","time":"now"}',
    '{"proxy":"p","seq":0,"time":"now"}',
    `{"proxy":"p","seq":1,"prev":"${'A'.repeat(42)}B","time":"now"}`,
    '{"proxy":"a b","seq":1,"time":"now"}',
  ]) {
    t.equal(headIn(line), null, line)
  }
})
