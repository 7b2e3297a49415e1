import t from 'tap'
import type { WritObject } from '../../../../controller/kubernetes/objects.ts'
import { openProvenance } from '../../../../controller/kubernetes/sources/provenance.ts'
import { embeddedStores } from '../../stores.ts'
import { object, policy } from '../versions.ts'

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)] as const
const main = object('PolicySource', 'main', {}, { namespace: 'writ-system' })
const guard = policy('guard', { action: 'allow' })
const took = {
  ...{ namespace: 'team-a', source: 'writ-system/main', uid: main.metadata.uid },
  commit_id: first,
}
const wrote = {
  ...{ uid: guard.metadata.uid, generation: 1 },
  ...{ source: 'writ-system/main', commit_id: first },
}

t.test('the commit of an object is that of who wrote its generation', async t => {
  const { db } = await (await embeddedStores(t)).open(t)
  const live = new Set<WritObject>([main, guard])
  const known = (term: number) =>
    openProvenance({
      ...{ db, fence: { term, holder: 'test' }, now: Date.now },
      objects: {
        of: kind => [...live].filter(one => one.kind === kind),
        in: name => [...live].filter(({ metadata }) => metadata.namespace === name),
        namespaces: () => ['team-a', 'writ-system'],
      },
    })
  const leader = known(1)
  await leader.open()
  t.equal(leader.commitOf(guard.metadata as never), null)
  await leader.takes(took)
  await leader.wrote(wrote)
  t.equal(leader.commitOf({ uid: wrote.uid, generation: 1 }), first)
  t.equal(leader.commitOf({ uid: wrote.uid, generation: 2 }), null, 'an edit is of nobody')
  t.strictSame(leader.sourcesOf('team-a'), [{ source: 'writ-system/main', commit: first }])
  t.strictSame(leader.sourcesOf('team-b'), [])

  await t.test('the next leader knows it as well, and the one before adds nothing', async t => {
    const next = known(2)
    await next.open()
    t.equal(next.commitOf({ uid: wrote.uid, generation: 1 }), first)
    t.strictSame(next.sourcesOf('team-a'), [{ source: 'writ-system/main', commit: first }])
    await next.takes({ ...took, commit_id: second })
    await t.rejects(leader.wrote({ ...wrote, generation: 2 }), { code: 'fenced' })
    t.strictSame(next.sourcesOf('team-a'), [{ source: 'writ-system/main', commit: second }])
  })

  await t.test('what is gone is forgotten', async t => {
    live.clear()
    const last = known(3)
    await last.open()
    t.equal(last.commitOf({ uid: wrote.uid, generation: 1 }), null)
    t.strictSame(await db.selectFrom('applied_objects').selectAll().execute(), [])
    t.strictSame(await db.selectFrom('applied_sources').selectAll().execute(), [])
  })
})
