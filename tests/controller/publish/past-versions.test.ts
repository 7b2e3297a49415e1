import { createHash } from 'node:crypto'
import t from 'tap'
import { keepCommit } from '../../../controller/publish/kept-commits.ts'
import { pastVersions } from '../../../controller/publish/past-versions.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import { StoredReviews } from '../../../controller/review/stored-reviews.ts'
import { testFolder } from '../git/repositories.ts'
import { embeddedStores } from '../stores.ts'

const facts = {
  id: 'a'.repeat(40),
  author: 'Ana',
  authorEmail: 'ana@example.com',
  time: '2026-11-20T10:00:00.000Z',
  subject: 'Allow two',
  signedBy: 'default/ana',
}

t.test('past versions name the commit, its author and what it followed', async t => {
  const { db } = await (await embeddedStores(t)).open(t)
  const key = await openSigningKey(await testFolder(t))
  const now = () => Date.parse('2026-11-21T00:00:00Z')
  const releases = new Releases({ db, key, now })
  await releases.open()
  const table = (text: string) => ({
    json: text,
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
  })
  const publish = (namespace: string, text: string, commit: string | null) =>
    releases.publish(new Map([[namespace, table(text)]]), commit)
  await publish('default', '{"v":1}', null)
  await keepCommit(db, facts)
  await keepCommit(db, { ...facts, author: 'Somebody else' })
  await publish('other', '{"o":1}', facts.id)
  await publish('default', '{"v":2}', facts.id)
  await publish('default', '{"v":3}', 'b'.repeat(40))

  const publishedAt = '2026-11-21T00:00:00.000Z'
  const first = Date.parse(publishedAt) / 1000
  const of = (id: number, namespace: string, text: string) => ({
    ...{ id: first + id, namespace, digest: table(text).digest, publishedAt, kept: true },
    people: { count: 0, changes: [] },
  })
  const all = [
    {
      ...of(3, 'default', '{"v":3}'),
      before: table('{"v":2}').digest,
      commit: { id: 'b'.repeat(40) },
    },
    { ...of(2, 'default', '{"v":2}'), before: table('{"v":1}').digest, commit: facts },
    { ...of(1, 'other', '{"o":1}'), commit: facts },
    of(0, 'default', '{"v":1}'),
  ]
  t.strictSame(await pastVersions(db, { limit: 10 }), all)
  t.strictSame(await pastVersions(db, { limit: 1, before: first + 2 }), [all[2]])
  t.strictSame(await pastVersions(db, { limit: 10, namespace: 'other' }), [all[2]])
})

t.test(
  'past versions of a cluster name each source with its commit and how that was reviewed',
  async t => {
    const { db } = await (await embeddedStores(t)).open(t)
    const key = await openSigningKey(await testFolder(t))
    const now = () => Date.parse('2026-11-21T00:00:00Z')
    const releases = new Releases({ db, key, now })
    await releases.open()
    const other = 'b'.repeat(40)
    const sources = [
      { source: 'shop/main', commit: facts.id },
      { source: 'writ-system/all', commit: other },
    ]
    const table = { json: '{"v":1}', digest: `sha256:${'1'.repeat(64)}`, sources }
    await keepCommit(db, facts)
    const reviews = new StoredReviews({ db, now })
    const approved = { outcome: 'approved', approvers: [] } as const
    await reviews.noteCommit('shop/main', facts.id, approved)
    await reviews.noteCommit('evil/main', other, approved)
    const [published] = await releases.publish(new Map([['shop', table]]), null)
    t.equal(Object.hasOwn(published ?? {}, 'sources'), false, 'it is no part of what is signed')

    const [version] = await pastVersions(db, { limit: 1 })
    t.strictSame(version?.sources, [
      { source: 'shop/main', commit: facts, review: approved },
      { source: 'writ-system/all', commit: { id: other } },
    ])
    t.equal(version?.commit, undefined)
    t.strictSame(releases.current()[0]?.sources, sources)
  },
)
