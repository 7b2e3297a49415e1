import { X509Certificate } from 'node:crypto'
import t from 'tap'
import {
  issueServing,
  makeAuthority,
} from '../../../controller/admission/certificates/authority.ts'
import { bundleOf, fieldsOf } from '../../../controller/admission/certificates/bundle-fields.ts'
import { renewed } from '../../../controller/admission/certificates/certificate-bundle.ts'
import { keepTrusted } from '../../../controller/admission/certificates/keep-trusted.ts'
import {
  keptCertificates,
  type SharedSecret,
} from '../../../controller/admission/certificates/kept-certificates.ts'

const dayMs = 86_400_000
const begin = Date.parse('2026-01-01T00:00:00Z')
const names = ['writ-controller.writ-system.svc', '127.0.0.1']

/** Whether a client that trusts these takes that certificate at that time. */
function isTrusted(cert: string, trusted: readonly string[], now: number): boolean {
  const leaf = new X509Certificate(cert)
  const isNow = ({ validFromDate, validToDate }: X509Certificate) =>
    validFromDate.getTime() <= now && now < validToDate.getTime()
  return trusted
    .map(pem => new X509Certificate(pem))
    .some(
      root => isNow(root) && isNow(leaf) && leaf.checkIssued(root) && leaf.verify(root.publicKey),
    )
}

t.test('an authority signs nothing but servers, and is good for ten years', async t => {
  const authority = new X509Certificate((await makeAuthority(begin)).cert)
  t.equal(authority.ca, true)
  t.ok(authority.verify(authority.publicKey))
  t.equal(authority.validFromDate.toISOString(), '2025-12-31T23:00:00.000Z')
  t.equal(authority.validToDate.toISOString(), '2035-12-30T00:00:00.000Z')
})

t.test('a certificate is for its names alone, and good for 90 days', async t => {
  const authority = await makeAuthority(begin)
  const serving = await issueServing(authority, names, begin)
  const leaf = new X509Certificate(serving.cert)
  t.equal(leaf.ca, false)
  t.equal(leaf.checkHost('writ-controller.writ-system.svc'), 'writ-controller.writ-system.svc')
  t.equal(leaf.checkHost('other.writ-system.svc'), undefined)
  t.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1')
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'it is for servers')
  t.equal(leaf.validToDate.toISOString(), '2026-04-01T00:00:00.000Z')
  t.ok(isTrusted(serving.cert, [authority.cert], begin))
  t.notOk(isTrusted(serving.cert, [(await makeAuthority(begin)).cert], begin))
})

t.test('nothing is renewed before it is due', async t => {
  const first = await renewed(null, names, begin)
  t.equal(await renewed(first, names, begin + 59 * dayMs), first)
})

t.test('a certificate is renewed after two thirds of its life, by the same authority', async t => {
  const first = await renewed(null, names, begin)
  const second = await renewed(first, names, begin + 61 * dayMs)
  t.equal(second.authority, first.authority)
  t.strictSame(second.trusted, first.trusted)
  t.not(second.serving.cert, first.serving.cert)
})

t.test('another name makes another certificate', async t => {
  const first = await renewed(null, names, begin)
  const second = await renewed(first, ['writ.example.com'], begin)
  t.equal(new X509Certificate(second.serving.cert).subjectAltName, 'DNS:writ.example.com')
  t.strictSame(second.trusted, first.trusted)
})

t.test(
  'over fifteen years, what is served is always trusted, also by who has not heard of today',
  async t => {
    let bundle = await renewed(null, names, begin)
    let authorities = 1
    for (let day = 1; day < 15 * 365; day++) {
      const now = begin + day * dayMs
      const next = await renewed(bundle, names, now)
      if (next !== bundle) {
        if (!isTrusted(next.serving.cert, next.trusted, now)) t.fail(`day ${day}: not trusted`)
        if (!isTrusted(next.serving.cert, bundle.trusted, now))
          t.fail(`day ${day}: not trusted yet`)
        if (!isTrusted(bundle.serving.cert, next.trusted, now))
          t.fail(`day ${day}: no longer trusted`)
        if (next.trusted[0] !== bundle.trusted[0]) authorities++
      }
      bundle = next
    }
    t.equal(authorities, 3)
    t.ok(bundle.trusted.length <= 3)
  },
)

t.test('who slept through everything begins anew, and is trusted', async t => {
  const first = await renewed(null, names, begin)
  const now = begin + 3651 * dayMs
  const second = await renewed(first, names, now)
  t.ok(isTrusted(second.serving.cert, second.trusted, now))
  t.equal(second.trusted.length, 1)
})

t.test('a bundle comes back from the fields of a Secret', async t => {
  const due = begin + 2500 * dayMs
  const bundle = await renewed(await renewed(null, names, begin), names, due)
  t.not(bundle.next, null)
  t.strictSame(bundleOf(fieldsOf(bundle)), bundle)
})

t.test('fields that do not belong together are no bundle', async t => {
  const fields = fieldsOf(await renewed(null, names, begin))
  const other = fieldsOf(await renewed(null, names, begin))
  const wrong = [
    {},
    { ...fields, 'ca.crt': '' },
    { ...fields, 'tls.key': 'no key' },
    { ...fields, 'tls.key': other['tls.key'] ?? '' },
    { ...fields, 'ca.key': other['ca.key'] ?? '' },
    { ...fields, 'next-ca.key': other['ca.key'] ?? '' },
  ]
  t.strictSame(
    wrong.map(bundleOf),
    wrong.map(() => null),
  )
})

/** A Secret in memory, whose writers are told of conflicts as the API server tells them. */
function secretInMemory() {
  let kept: { readonly fields: Record<string, string>; readonly version: string } | null = null
  let writes = 0
  const box: SharedSecret = {
    read: async () => kept,
    async write(fields, version) {
      if ((kept?.version ?? null) !== version) return false
      kept = { fields, version: `${++writes}` }
      return true
    },
  }
  return { box, writes: () => writes, lose: () => (kept = null) }
}

function replica(secret: SharedSecret, now: () => number) {
  return keptCertificates({ secret, names, now, onFailure: error => void t.fail(String(error)) })
}

t.test('two replicas that begin at once serve the same certificate', async t => {
  const { box, writes } = secretInMemory()
  const [a, b] = [replica(box, () => begin), replica(box, () => begin)]
  await Promise.all([a.look(), b.look()])
  t.equal(writes(), 1)
  t.not(a.current(), null)
  t.strictSame(a.current(), b.current())
  t.equal(a.authorities(), b.authorities())
})

t.test('two replicas that renew at once agree, and tell of it', async t => {
  const { box, writes } = secretInMemory()
  let now = begin
  const [a, b] = [replica(box, () => now), replica(box, () => now)]
  await Promise.all([a.look(), b.look()])
  const before = a.current()
  const told: unknown[] = []
  a.subscribe(next => void told.push(next))
  now += 61 * dayMs
  await Promise.all([a.look(), b.look()])
  t.equal(writes(), 2)
  t.strictSame(a.current(), b.current())
  t.notSame(a.current(), before)
  t.strictSame(told, [a.current()])
  await a.look()
  t.equal(writes(), 2, 'nothing is due any more')
  t.equal(told.length, 1)
})

t.test('a Secret that was lost is made again', async t => {
  const { box, lose } = secretInMemory()
  const a = replica(box, () => begin)
  await a.look()
  const before = a.current()
  lose()
  await a.look()
  t.notSame(a.current(), before)
})

t.test('without an API server it goes on trying, and serves when there is one', async t => {
  const { box } = secretInMemory()
  let isThere = false
  const failures: unknown[] = []
  const certificates = keptCertificates({
    secret: {
      read: async () => {
        if (isThere) return box.read()
        throw new Error('unreachable')
      },
      write: box.write,
    },
    names,
    now: () => begin,
    onFailure: error => {
      failures.push(error)
      isThere = true
    },
  })
  const stop = new AbortController()
  const served = new Promise(resolve => certificates.subscribe(resolve))
  const running = certificates.run(stop.signal)
  t.strictSame(await served, certificates.current())
  stop.abort()
  await running
  t.equal(failures.length, 1)
})

t.test('who signs is made trusted, again when that changes, and in spite of failures', async t => {
  let authorities: string | null = null
  const trusted: string[] = []
  const failures: unknown[] = []
  const refusal = new Error('forbidden')
  const stop = new AbortController()
  const service = keepTrusted({
    authorities: () => authorities,
    async trust(pem) {
      trusted.push(pem)
      if (trusted.length === 1) authorities = 'second'
      if (trusted.length === 2) throw refusal
      if (trusted.length === 3) stop.abort()
    },
    onFailure: error => void failures.push(error),
  })
  authorities = 'first'
  await service.run(stop.signal)
  t.strictSame(trusted, ['first', 'second', 'second'])
  t.strictSame(failures, [refusal])
})
