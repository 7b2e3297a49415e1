import t from 'tap'
import type { SeenProxy } from '../../../controller/proxies.ts'
import { statusMetrics } from '../../../controller/status/metrics.ts'
import { statusOf } from '../../../controller/status/status.ts'

const now = Date.parse('2026-11-21T12:00:00Z')

const seen = (proxy: string, namespace: string | null, digest: string): SeenProxy => ({
  seenAt: new Date(now - 5000).toISOString(),
  report: {
    proxy,
    version: '1',
    startedAt: '2026-11-21T09:00:00Z',
    enforced: { a: digest, ...(namespace === null && { b: 'sha256:b' }) },
    upstreams: [],
    journal: { seq: 1, shipped: 1 },
  },
  namespace,
  ...(namespace !== null && { pod: { name: `${proxy}-0`, uid: 'u1' } }),
})

const release = (namespace: string, sequence: number) => ({
  namespace,
  sequence,
  digest: `sha256:${namespace}`,
  publishedAt: '2026-11-21T11:00:00.000Z',
  keyId: 'k',
  signature: 's',
})

const status = statusOf({
  version: '1',
  store: 'postgresql',
  leader: 'writ-1',
  controllers: [
    { name: 'writ-0', keyId: 'k' },
    { name: 'writ-1', keyId: 'k' },
  ],
  source: { path: 'Kubernetes', state: 'in_force' },
  problems: [],
  releases: [release('a', 1), release('b', 2)],
  overrides: [],
  halts: [],
  proxies: [
    seen('all', null, 'sha256:a'),
    seen('one', 'a', 'sha256:a'),
    seen('two', 'a', 'sha256:old'),
  ],
  counts: [],
  gaps: [],
  checkpoints: { keyId: 'c', newest: null, waiting: 0, copies: null },
  now,
})

t.test('a proxy of a namespace counts there alone', async t => {
  t.match(status.namespaces, [
    { namespace: 'a', enforcedBy: 2, connected: 3 },
    { namespace: 'b', enforcedBy: 1, connected: 1 },
  ])
  t.match(status.proxies, [
    { id: 'all', current: true },
    { id: 'one', namespace: 'a', pod: 'one-0', current: true },
    { id: 'two', namespace: 'a', pod: 'two-0', current: false },
  ])
})

t.test('the metrics say who leads, and who enforces what', async t => {
  const lines = (await statusMetrics(status).metrics()).split('\n')
  const of = (name: string) => lines.filter(line => line.startsWith(`${name}{`))
  t.strictSame(of('writ_controller_leader'), [
    'writ_controller_leader{controller="writ-0"} 0',
    'writ_controller_leader{controller="writ-1"} 1',
  ])
  t.strictSame(of('writ_namespace_proxies'), [
    'writ_namespace_proxies{namespace="a"} 3',
    'writ_namespace_proxies{namespace="b"} 1',
  ])
  t.strictSame(of('writ_namespace_proxies_current'), [
    'writ_namespace_proxies_current{namespace="a"} 2',
    'writ_namespace_proxies_current{namespace="b"} 1',
  ])
  t.ok(lines.includes('writ_namespaces 2'))
})
