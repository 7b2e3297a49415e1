import t, { type Test } from 'tap'
import { KubeFailure } from '../../../controller/kubernetes/failure.ts'
import { holdLease } from '../../../controller/kubernetes/hold-lease.ts'
import type { KubeObject } from '../../../controller/kubernetes/kube-object.ts'
import { type HeldLease, type LeaseNeeds, openLease } from '../../../controller/kubernetes/lease.ts'
import { whileAble } from '../../../controller/kubernetes/while-able.ts'

/** One Lease in memory, with versions as the API server has them. */
function server() {
  let version = 0
  let lease: KubeObject | null = null
  const put = (body: object): KubeObject => {
    version++
    const { metadata, spec } = body as KubeObject
    const creationTimestamp = lease?.metadata.creationTimestamp ?? '2026-11-21T12:00:00Z'
    lease = { metadata: { ...metadata, resourceVersion: `${version}`, creationTimestamp }, spec }
    return lease
  }
  const kube: LeaseNeeds['kube'] = {
    get: async () => lease,
    async create(_resource, _address, body) {
      if (lease !== null) throw new KubeFailure('already_exists', 'it is there')
      return put(body)
    },
    async replace(_resource, _address, body) {
      const { resourceVersion } = (body as KubeObject).metadata
      if (resourceVersion !== lease?.metadata.resourceVersion) {
        throw new KubeFailure('conflict', 'somebody was faster')
      }
      return put(body)
    },
  }
  return { kube, spec: () => Object(lease).spec }
}

const clock = { ms: 1_000_000 }

function candidate(kube: LeaseNeeds['kube'], identity: string) {
  return openLease({
    ...{ kube, identity, durationMs: 15_000, now: () => clock.ms },
    address: { namespace: 'writ-system', name: 'writ-controller' },
  })
}

async function held(t: Test, lease: Promise<HeldLease | null>): Promise<HeldLease> {
  const taken = await lease
  t.not(taken, null)
  return taken as HeldLease
}

t.test('one of two takes the Lease, and the other when it is not renewed any more', async t => {
  const { kube, spec } = server()
  const [one, two] = [candidate(kube, 'one'), candidate(kube, 'two')]
  let mine = await held(t, one.acquire())
  t.equal(await two.acquire(), null)
  for (let i = 0; i < 3; i++) {
    clock.ms += 10_000
    mine = await held(t, one.renew(mine))
    t.equal(await two.acquire(), null, 'its clock does not matter, only that it is renewed')
  }
  clock.ms += 15_000
  t.equal(await two.acquire(), null)
  clock.ms += 1
  const theirs = await held(t, two.acquire())
  t.ok(theirs.fence.term > mine.fence.term)
  t.equal(await one.renew(mine), null, 'the one before finds that it is over')
  t.match(spec(), { holderIdentity: 'two', leaseDurationSeconds: 15, leaseTransitions: 2 })
})

t.test('a Lease that is given back, or was held under the same name, is free at once', async t => {
  const { kube } = server()
  const [one, two] = [candidate(kube, 'one'), candidate(kube, 'two')]
  const first = await held(t, one.acquire())
  await one.release(first)
  const second = await held(t, two.acquire())
  const again = await held(t, candidate(kube, 'two').acquire())
  t.ok(second.fence.term > first.fence.term)
  t.ok(again.fence.term > second.fence.term, 'a process that starts anew leads a term of its own')
  t.equal(await two.renew(second), null)
})

t.test('of two that come at once one takes it', async t => {
  const { kube } = server()
  const taken = await Promise.all(['one', 'two'].map(name => candidate(kube, name).acquire()))
  t.strictSame(
    taken.map(lease => lease?.spec.holderIdentity ?? null),
    ['one', null],
  )
})

t.test('a renewal that was written without its answer getting here is no loss', async t => {
  const { kube } = server()
  const one = candidate(kube, 'one')
  const first = await held(t, one.acquire())
  await one.renew(first)
  const again = await held(t, one.renew(first))
  t.equal(again.fence.term, first.fence.term)
})

t.test('who cannot renew the Lease in time gives up, and who stops still holds it', async t => {
  const first: HeldLease = {
    version: '1',
    spec: {} as HeldLease['spec'],
    fence: { term: 1, holder: 'one' },
  }
  let failures = 0
  let ms = 0
  const holding = (renew: () => Promise<HeldLease | null>, now = () => ms) => ({
    ...{ lease: { renew }, everyMs: 1, giveUpMs: 50, now },
    onFailure: () => failures++,
  })
  const signal = new AbortController().signal
  const never = () => new Promise<never>(() => undefined)
  t.equal(await holdLease(holding(never, Date.now), first, signal), null, 'no answer')
  failures = 0
  const refused = async () => {
    ms += 20
    throw new KubeFailure('unreachable', 'no')
  }
  t.equal(await holdLease(holding(refused), first, signal), null, 'failures')
  t.equal(failures, 3)
  t.equal(
    await holdLease(
      holding(async () => null),
      first,
      signal,
    ),
    null,
    'somebody else',
  )
  const stop = new AbortController()
  let renewals = 0
  const renew = async () => {
    if (++renewals === 3) stop.abort()
    return { ...first, version: String(renewals) }
  }
  t.equal((await holdLease(holding(renew), first, stop.signal))?.version, '3')
})

t.test('who cannot reach its store neither takes the Lease nor keeps it', async t => {
  const { kube } = server()
  const [one, two] = [candidate(kube, 'one'), candidate(kube, 'two')]
  let isAble = false
  const lease = whileAble(one, async () => {
    if (!isAble) throw new Error('the database does not answer')
  })
  await t.rejects(lease.acquire(), { message: /database/ })
  isAble = true
  const first = await held(t, lease.acquire())
  const holding = { lease, everyMs: 1, giveUpMs: 50, onFailure: () => undefined, now: Date.now }
  isAble = false
  t.equal(await holdLease(holding, first, new AbortController().signal), null)
  t.equal(await two.acquire(), null)
  clock.ms += 15_001
  t.not(await two.acquire(), null, 'another one leads once it is over')
})
