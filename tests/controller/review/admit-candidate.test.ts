import t from 'tap'
import { admitCandidate } from '../../../controller/review/admit-candidate.ts'
import {
  changeDigest,
  filesDigest,
  type Standing,
  standingDigest,
} from '../../../controller/review/content-digest.ts'
import { compile } from '../../../policy/compile/compile.ts'
import { policyText } from '../git/repositories.ts'
import { embeddedStores } from '../stores.ts'
import { people, reviewWorld, sourceText } from './review-world.ts'

const texts = [people, sourceText('widening')]
const files = [{ path: 'guard.yaml', text: policyText('read_file', 'guard') }]
const commit = 'c'.repeat(40)

/** What would be in force with other texts. */
function answerOf(...texts: readonly string[]) {
  const { problems, tables, directories } = compile(
    texts.map((text, i) => ({ path: `${i}.yaml`, text })),
  )
  return { problems, tables: tables && [...tables], directories }
}

function standing({ tables, directories }: ReturnType<typeof answerOf>): Standing {
  const read = (tables ?? []).map(([name, { json }]) => [name, JSON.parse(json)] as const)
  return { tables: new Map(read), directories }
}

t.test('a commit is let in as it was approved, and in no other way', async t => {
  const store = await (await embeddedStores(t)).open(t)
  const world = await reviewWorld(store, texts)
  const would = { be: answerOf(...texts, policyText('read_file', 'guard')) }
  const admit = (some: { readonly sourceId?: string; readonly place?: string } = {}) =>
    admitCandidate({
      ...{ db: store.db, now: () => world.clock.now },
      ...{ place: 'here', sourceId: 'default/policies', ...some },
      requireApproved: () => true,
      isSeen: () => true,
      candidate: async () => would.be,
    })({ commit, files }, new AbortController().signal)
  const refused = { code: 'commit_not_reviewed' }
  t.match(await admit(), refused, 'nobody approved it')

  const { digest: inForce } = await world.reviews.standing()
  const head = 'a'.repeat(40)
  const content = filesDigest(files)
  const candidate = standingDigest(standing(would.be))
  const named = { repository: 7, change: 1, head, content, candidate, inForce }
  await world.begin({ head, content, digest: changeDigest(named), narrows: 'proved' })
  t.match(await admit(), refused, 'nobody answered yet')
  t.match(await world.answer('ben'), { outcome: 'counted', review: { state: 'approved' } })

  t.match(await admit({ sourceId: 'evil/policies' }), refused, 'another source has other people')
  const asApproved = would.be
  would.be = answerOf(...texts, policyText('write_file', 'guard'))
  t.match(await admit(), refused, 'something else would come of it')
  would.be = { ...asApproved, tables: null }
  t.match(await admit(), refused, 'nothing would come of it')
  would.be = asApproved
  await world.publish(...texts, policyText('other', 'other'))
  t.match(await admit(), refused, 'something else is in force')
  await world.publish(...texts)
  t.equal(await admit(), null)

  await t.test('and is let in again, whatever else is in force by then', async t => {
    await world.publish(...texts, policyText('other', 'other'))
    t.equal(await admit(), null)
    t.match(await admit({ place: 'elsewhere' }), refused)
  })
})

t.test('a commit that changes nothing needs nobody', async t => {
  const store = await (await embeddedStores(t)).open(t)
  const world = await reviewWorld(store, texts)
  const admit = admitCandidate({
    ...{ db: store.db, now: () => world.clock.now, place: 'here', sourceId: 'default/policies' },
    requireApproved: () => true,
    isSeen: () => true,
    candidate: async () => answerOf(...texts),
  })
  t.equal(await admit({ commit, files }, new AbortController().signal), null)
})
