import t from 'tap'
import { enforcementOf } from '../../../controller/kubernetes/status/enforcement.ts'
import { presence } from '../../../controller/kubernetes/status/presence.ts'
import type { LoggedRelease } from '../../../controller/kubernetes/status/release-log.ts'
import type { ProxyReport } from '../../../schemas/proxy-report.ts'

/** Releases of two namespaces; `third` of team-a was made after guard was deleted and written anew. */
const releases: Readonly<Record<string, Readonly<Record<string, LoggedRelease>>>> = {
  'team-a': {
    first: release(1, {
      guard: 'generation-1',
      other: 'generation-1',
      'writ-system/all': 'generation-1',
    }),
    second: release(2, {
      guard: 'generation-1',
      other: 'generation-2',
      'writ-system/all': 'generation-1',
    }),
    third: release(3, {
      guard: 'generation-1',
      other: 'generation-2',
      'writ-system/all': 'generation-2',
    }),
  },
  'team-b': { empty: { sequence: 4, digest: 'empty', files: new Map(), isEmpty: true } },
}

function release(sequence: number, files: Readonly<Record<string, string>>): LoggedRelease {
  return {
    sequence,
    digest: String(sequence),
    files: new Map(Object.entries(files)),
    isEmpty: false,
  }
}

const log = {
  namespaces: () => Object.keys(releases),
  of: (namespace: string, digest: string) => releases[namespace]?.[digest] ?? null,
}

const proxy = (
  namespace: string | null,
  enforced: Readonly<Record<string, string>>,
  isHeard = true,
) => ({
  namespace,
  isHeard,
  enforced,
})

const guard = { path: 'guard', commit: 'generation-1', since: 1, namespace: 'team-a' }

t.test(
  'a proxy counts with the table of the version, or with a later one that still holds it',
  t => {
    const proxies = [
      proxy('team-a', { 'team-a': 'first' }),
      proxy('team-a', { 'team-a': 'second' }),
      proxy(null, { 'team-a': 'third', 'team-b': 'empty' }),
      proxy('team-a', {}),
      proxy('team-a', { 'team-a': 'unknown' }),
      proxy('team-a', { 'team-a': 'first' }, false),
      proxy('team-b', { 'team-b': 'empty' }),
    ]
    t.strictSame(enforcementOf(guard, proxies, log), { enforcing: 3, proxies: 6 })
    const anew = { ...guard, since: 3 }
    t.strictSame(
      enforcementOf(anew, proxies, log),
      { enforcing: 1, proxies: 6 },
      'an older one of the same name does not',
    )
    const edited = { ...guard, path: 'other', commit: 'generation-2', since: 2 }
    t.strictSame(enforcementOf(edited, proxies, log), { enforcing: 2, proxies: 6 })
    t.end()
  },
)

t.test(
  'what is written for all namespaces must be in every table, but one that allows nothing',
  t => {
    const all = { path: 'writ-system/all', commit: 'generation-2', since: 0, namespace: null }
    const proxies = [
      proxy('team-a', { 'team-a': 'second' }),
      proxy('team-a', { 'team-a': 'third' }),
      proxy('team-b', { 'team-b': 'empty' }),
      proxy('team-c', {}),
      proxy(null, { 'team-a': 'third', 'team-b': 'empty' }),
      proxy(null, { 'team-a': 'third' }),
    ]
    t.strictSame(enforcementOf(all, proxies, log), { enforcing: 4, proxies: 6 })
    t.end()
  },
)

t.test(
  'a silent proxy is counted on while its pod is there, or for ten minutes without one',
  async t => {
    const now = Date.parse('2026-11-21T12:00:00Z')
    const seen = (proxy: string, secondsAgo: number, pod?: string) => ({
      seenAt: new Date(now - secondsAgo * 1000).toISOString(),
      report: { proxy, enforced: { who: proxy } } as unknown as ProxyReport,
      namespace: 'team-a',
      ...(pod !== undefined && { pod: { name: pod, uid: `uid-of-${pod}` } }),
    })
    const asked: string[] = []
    const forgotten: string[] = []
    const look = presence({
      now: () => now,
      proxies: {
        list: () => [
          seen('here', 5, 'a'),
          seen('silent', 25, 'b'),
          seen('gone', 25, 'c'),
          seen('replaced', 25, 'd'),
          seen('done', 25, 'e'),
          seen('outside', 599),
          seen('forgotten', 601),
          seen('long gone', 601, 'c'),
        ],
        async forget(ids) {
          forgotten.push(...ids)
        },
      },
      kube: {
        async get(_, { name = '' }) {
          asked.push(name)
          const uid = name === 'd' ? 'another' : `uid-of-${name}`
          const status = { phase: name === 'e' ? 'Succeeded' : 'Running' }
          return name === 'c' ? null : { metadata: { name, uid, resourceVersion: '1' }, status }
        },
      },
    })
    const counted = (await look()).map(({ isHeard, enforced }) => [enforced.who, isHeard])
    t.strictSame(counted, [
      ['here', true],
      ['silent', false],
      ['outside', false],
    ])
    t.strictSame(forgotten, ['long gone'])
    await look()
    t.strictSame(asked, ['b', 'c', 'd', 'e'], 'the answer is believed for a while')
  },
)
