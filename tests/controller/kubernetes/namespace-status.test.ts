import t from 'tap'
import { KubeFailure } from '../../../controller/kubernetes/failure.ts'
import type { WritObject } from '../../../controller/kubernetes/objects.ts'
import { pathOfObject, versionOf } from '../../../controller/kubernetes/reconcile/object-file.ts'
import type { CountedProxy } from '../../../controller/kubernetes/status/enforcement.ts'
import { writeNamespaceStatus } from '../../../controller/kubernetes/status/namespace-status.ts'
import { policy } from './versions.ts'

const digest = `sha256:${'ab12'.repeat(16)}`
const newer = `sha256:${'cd34'.repeat(16)}`

/** A namespace with one policy that is in force, and what is written into it. */
function written() {
  let object: WritObject = policy('guard', { action: 'allow' })
  const path = pathOfObject(object)
  const { uid } = object.metadata
  const clock = { ms: Date.parse('2026-11-21T12:00:00Z') }
  const fault = { next: null as KubeFailure | null }
  const table = { digest, generation: 1 }
  const writes: string[] = []
  const state = {
    verdict: {
      ...{ uid, generation: 1, accepted: true, problems: [], inForce: 1 },
      text: versionOf(object).text,
    },
  }
  const release = (digest: string, sequence: number) => {
    const files = new Map([[path, `generation-${table.generation}`]])
    return { sequence, digest, files, isEmpty: false }
  }
  const needs = {
    systemNamespace: 'writ-system',
    kube: {
      async patch(_resource: unknown, { subresource = '' }, patch: object) {
        const { next } = fault
        fault.next = null
        if (next !== null) throw next
        const { metadata, status } = Object(patch).merge
        const resourceVersion = String(Number(metadata.resourceVersion) + 1)
        const [, , enforced] = status.conditions
        writes.push(`${subresource} ${resourceVersion} ${enforced.message}`)
        const kept = Object.entries(status).filter(([, value]) => value !== null)
        const after = { ...object, status: Object.fromEntries(kept) }
        return { ...after, metadata: { ...object.metadata, resourceVersion } }
      },
    },
    objects: {
      in: () => [object],
      take(_kind: string, taken: object) {
        object = taken as WritObject
      },
    },
    verdicts: { of: () => new Map([[path, state.verdict]]) },
    log: {
      load: async () => undefined,
      namespaces: () => ['team-a'],
      current: () => release(table.digest, table.digest === digest ? 1 : 2),
      of: (_namespace: string, asked: string) =>
        asked === digest || asked === newer ? release(asked, asked === digest ? 1 : 2) : null,
    },
    events: { tell: async () => undefined },
    written: new Map<string, number>(),
    now: () => clock.ms,
  }
  const write = (...enforced: readonly string[]) => {
    const proxies: CountedProxy[] = enforced.map(digest => ({
      ...{ namespace: 'team-a', isHeard: true, enforced: { 'team-a': digest } },
    }))
    return writeNamespaceStatus(needs, 'team-a', proxies)
  }
  return {
    write,
    writes,
    clock,
    fault,
    table,
    state,
    edit(after: WritObject) {
      object = after
    },
  }
}

t.test('a status is written when it changes, and not again', async t => {
  const { write, writes } = written()
  t.ok(await write())
  t.ok(await write())
  t.ok(await write(digest))
  t.ok(await write(digest))
  t.strictSame(writes, [
    'status 2 No proxy is known to which it applies.',
    'status 3 1/1 proxies enforce sha256:ab12ab12ab12…',
  ])
})

t.test('while only counts change they are gathered', async t => {
  const { write, writes, clock } = written()
  await write('none', 'none', 'none')
  t.notOk(await write(digest, 'none', 'none'))
  t.notOk(await write(digest, digest, 'none'))
  clock.ms += 1000
  t.ok(await write(digest, digest, 'none'))
  t.ok(await write(digest, digest, digest), 'that all enforce it is told at once')
  t.strictSame(
    writes.map(line => line.slice(0, 12)),
    ['status 2 0/3', 'status 3 2/3', 'status 4 3/3'],
  )
})

t.test('the table of an edit of a neighbour changes nothing', async t => {
  const { write, writes, table } = written()
  await write(digest)
  table.digest = newer
  t.ok(await write(newer))
  t.ok(await write(digest))
  t.equal(writes.length, 1)
})

t.test('what was not looked at yet is not written about', async t => {
  const { write, writes, edit } = written()
  edit(policy('guard', { action: 'deny' }, { generation: 2 }))
  t.ok(await write(digest))
  edit(policy('guard', { action: 'deny' }, { uid: 'another' }))
  t.ok(await write(digest))
  t.strictSame(writes, [])
})

t.test(
  'a write that somebody was faster than is tried again, and any other failure is told',
  async t => {
    const { write, writes, fault } = written()
    for (const code of ['conflict', 'not_found'] as const) {
      fault.next = new KubeFailure(code, 'no')
      t.notOk(await write(digest), code)
    }
    fault.next = new KubeFailure('forbidden', 'no')
    await t.rejects(write(digest), { code: 'forbidden' })
    t.ok(await write(digest))
    t.equal(writes.length, 1)
  },
)
