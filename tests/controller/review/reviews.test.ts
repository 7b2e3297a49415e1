import t, { type Test } from 'tap'
import type { ReviewAnswered } from '../../../controller/review/answer-review.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { handsOfGil, people, type ReviewWorld, reviewWorld, sourceText } from './review-world.ts'

const name = { repositoryId: 7, change: 1 }

function said(answered: ReviewAnswered): string {
  return answered.outcome === 'counted'
    ? `counted ${answered.review.state} ${answered.received}/${answered.required}`
    : answered.code
}

/** What an answer that is refused must not change. */
async function standing({ reviews }: ReviewWorld): Promise<unknown> {
  const review = await reviews.live(name)
  return { state: review?.state, votes: review === null ? [] : await reviews.votes(review.id) }
}

everyStore(t, async (t: Test, stores: StoreKind) => {
  const world = async (texts?: readonly string[]) => reviewWorld(await stores.empty(), texts)

  await t.test(
    'a change that may widen waits for as many people as the workflow wants',
    async t => {
      const here = await world()
      await here.begin()
      t.equal(said(await here.answer('ben')), 'counted open 1/2')
      t.equal(said(await here.answer('ben')), 'already_voted')
      t.equal(said(await here.answer('cleo')), 'counted approved 2/2')
      t.strictSame(await here.history(), [
        ['1 opened', null, null],
        ['1 approve', 'ben', null],
        ['1 refused', 'ben', 'approve: already_voted'],
        ['1 approve', 'cleo', null],
        ['1 approved', 'cleo', null],
      ])
    },
  )

  await t.test('what brought a commit stands once the change is known', async t => {
    const { reviews } = await world()
    const [source, commit] = ['default/policies', 'd'.repeat(40)]
    const pushed = { outcome: 'unreviewed', approvers: [] } as const
    const author = { id: 900, login: 'gil' }
    const change = { number: 1, title: 'A change', url: 'https://forge.example/1', author }
    const merged = { outcome: 'approved', change, approvers: [] } as const
    for (const [noted, stands] of [
      [pushed, pushed],
      [merged, merged],
      [{ ...merged, outcome: 'unreviewed' } as const, merged],
      [pushed, merged],
    ] as const) {
      await reviews.noteCommit(source, commit, noted)
      t.strictSame((await reviews.commitReviews(source, [commit])).get(commit), stands)
    }
  })

  await t.test('a change that is proved to narrow needs one of them', async t => {
    for (const narrows of ['proved', 'neutral'] as const) {
      const here = await world()
      await here.begin({ narrows })
      t.equal(said(await here.answer('dan')), 'counted approved 1/1')
    }
  })

  await t.test(
    'without a workflow an owner approves what narrows, and nobody what widens',
    async t => {
      const here = await world([people, sourceText(null)])
      await here.begin()
      t.equal(said(await here.answer('ana')), 'no_workflow')
      t.equal(said(await here.answer('ben')), 'not_an_approver')
      await here.begin({ narrows: 'proved', head: 'c'.repeat(40) })
      t.equal(said(await here.answer('ben')), 'not_an_approver')
      t.equal(said(await here.answer('ana')), 'counted approved 1/1')
    },
  )

  await t.test('a denial ends it, also after it was approved, and by who approved', async t => {
    const here = await world()
    await here.begin({ narrows: 'proved' })
    await here.answer('ben')
    t.equal(said(await here.answer('ben', { decision: 'deny' })), 'counted denied 0/1')
    t.equal(said(await here.answer('cleo')), 'already_resolved')
    t.equal(said(await here.answer('dan', { decision: 'deny' })), 'already_resolved')
  })

  await t.test('an answer that does not count changes nothing and is written down', async t => {
    const here = await world()
    await here.begin()
    await here.answer('ben')
    const before = await standing(here)
    const live = await here.reviews.live(name)
    const seen = {
      ...{ isOpen: true, own: true, headSha: live?.head_sha ?? '', askedHash: 'as written' },
      contributors: handsOfGil,
    }
    const cleo = { id: 103, login: 'cleo', type: 'user' } as const
    const cases = {
      'an outsider': [{ user: '' }, 'not_an_approver'],
      'an owner whom the workflow does not name': [{ user: 'ana' }, 'not_an_approver'],
      'who had a hand in it': [
        { seen: { ...seen, contributors: { ...handsOfGil, accounts: [cleo] } } },
        'own_change',
      ],
      'whose address a commit bears': [
        { seen: { ...seen, contributors: { ...handsOfGil, strangers: ['Cleo@Example.com'] } } },
        'own_change',
      ],
      'a commit by nobody known': [
        { seen: { ...seen, contributors: { ...handsOfGil, strangers: ['x@example.com'] } } },
        'hands_unknown',
      ],
      'more commits than are listed': [
        { seen: { ...seen, contributors: { ...handsOfGil, complete: false } } },
        'hands_unknown',
      ],
      'nobody knows who pushed': [
        { seen: { ...seen, contributors: { ...handsOfGil, pushersKnown: false } } },
        'hands_unknown',
      ],
      'a branch elsewhere': [{ seen: { ...seen, own: false } }, 'foreign_head'],
      'a head that moved': [{ seen: { ...seen, headSha: 'd'.repeat(40) } }, 'outdated'],
      'a change that is closed': [{ seen: { ...seen, isOpen: false } }, 'already_resolved'],
      'a comment that was altered': [{ seen: { ...seen, askedHash: 'other' } }, 'question_altered'],
      'a comment that is gone': [{ seen: { ...seen, askedHash: null } }, 'question_altered'],
      'another digest': [{ digest: '0123456789ab' }, 'wrong_digest'],
      'too little of the digest': [{ digest: live?.digest.slice(7, 18) ?? '' }, 'wrong_digest'],
      'an answer older than the question': [{ givenAt: new Date(0) }, 'before_question'],
      'another change': [{ change: 2 }, 'not_asked_here'],
      'another repository': [{ repositoryId: 8 }, 'not_asked_here'],
    } as const
    for (const [title, [some, code]] of Object.entries(cases)) {
      t.equal(said(await here.answer('cleo', some)), code, title)
      t.strictSame(await standing(here), before, title)
    }
    const refused = (await here.history()).filter(([type]) => type === '1 refused')
    t.equal(refused.length, Object.keys(cases).length - 2)
  })

  await t.test('another commit makes answers void', async t => {
    const here = await world()
    const { review } = await here.begin()
    await here.answer('ben')
    const { ended } = await here.begin({ head: 'c'.repeat(40) })
    t.match(ended, { review: { state: 'void', reason: 'new_commit' }, votes: [{ person: 'ben' }] })
    t.equal(said(await here.answer('cleo', { digest: review.digest.slice(7, 19) })), 'outdated')
    t.equal(said(await here.answer('cleo')), 'counted open 1/2')
  })

  await t.test('something else in force makes answers void, and approvals', async t => {
    const here = await world()
    await here.begin({ narrows: 'proved' })
    await here.answer('ben')
    await here.publish(people.replace('[ben, cleo, dan]', '[ben, cleo]'), sourceText('widening'))
    t.equal(said(await here.answer('cleo', { decision: 'deny' })), 'outdated')
    const { ended } = await here.begin({ narrows: 'proved' })
    t.match(ended?.review, { state: 'void', reason: 'in_force_moved' })
    t.equal(said(await here.answer('dan')), 'not_an_approver')
  })

  await t.test('beginning the same again changes nothing', async t => {
    const here = await world()
    const first = await here.begin()
    await here.answer('ben')
    const again = await here.begin()
    t.equal(again.review.id, first.review.id)
    t.equal(again.ended, null)
    t.equal(said(await here.answer('cleo')), 'counted approved 2/2')
  })

  await t.test('a comment that is handled twice counts once', async t => {
    const here = await world()
    await here.begin()
    const evidence = { commentId: 5 }
    t.equal(said(await here.answer('ben', { evidence })), 'counted open 1/2')
    t.equal(said(await here.answer('ben', { evidence })), 'counted open 1/2')
    t.equal((await here.reviews.list(null, 10))[0]?.votes.length, 1)
  })

  await t.test('a change that was closed and opened again is asked about anew', async t => {
    const here = await world()
    await here.begin()
    await here.answer('ben')
    t.match(await here.reviews.end(name, 'closed'), { review: { state: 'void' } })
    t.equal(said(await here.answer('cleo')), 'wrong_digest')
    await here.begin()
    t.equal(said(await here.answer('cleo')), 'counted open 1/2')
  })

  await t.test('a merge ends a review, with approval or without', async t => {
    const here = await world()
    await here.begin({ narrows: 'proved' })
    await here.answer('ben')
    const merge = { mergeSha: 'e'.repeat(40) }
    t.match(await here.reviews.merged(name, { ...merge, approved: true }), {
      state: 'merged',
      merge_sha: 'e'.repeat(40),
      reason: null,
    })
    t.equal(await here.reviews.merged(name, { ...merge, approved: false }), null)
    await here.begin()
    t.match(await here.reviews.merged(name, { ...merge, approved: false }), {
      state: 'merged',
      reason: 'unreviewed',
    })
  })

  await t.test('reviews are listed for who sees their namespace, with their answers', async t => {
    const here = await world()
    await here.begin()
    await here.answer('ben', { evidence: { commentId: 5, bodyHash: 'sha256:0', url: 'https://x' } })
    const [review] = await here.reviews.list(['default'], 10)
    t.match(review, { change: 1, state: 'open', source: 'default/policies' })
    t.strictSame(review?.votes, [
      {
        ...{ user: 'ben', account: { id: 102, login: 'ben' }, decision: 'approve' },
        ...{ teams: ['reviewers'], at: new Date(here.clock.now).toISOString() },
        ...{ commentId: 5, bodyHash: 'sha256:0', url: 'https://x' },
      },
    ])
    t.strictSame(await here.reviews.list(['other'], 10), [])
    t.strictSame(await here.reviews.list([], 10), [])
  })

  await t.test(
    'of answers and commits at the same moment each is counted once, in some order',
    async t => {
      const here = await world()
      const endings = new Set<string>()
      for (let round = 1; round <= 40; round += 1) {
        const change = { ...(await here.candidate()).change, number: round }
        const headed = (head: string) => ({ change: { ...change, headSha: head.repeat(40) } })
        const { review } = await here.begin({
          narrows: 'proved',
          ...headed('a'),
          digest: of(round),
        })
        const seen = { headSha: 'a'.repeat(40), ...asked }
        const same = { change: round, digest: review.digest.slice(7, 19), seen }
        await Promise.all(
          shuffled(round, [
            () => here.answer('ben', same),
            () => here.answer('cleo', same),
            () => here.answer('dan', { ...same, decision: 'deny' }),
            () => here.begin({ narrows: 'proved', ...headed('b'), digest: of(round + 1000) }),
          ]).map(contender => contender()),
        )
        const told = (await here.history(round)).flatMap(
          ([type = '']) => type?.split('1 ')[1] ?? [],
        )
        const moves = told.filter(type => ['approved', 'denied', 'void'].includes(type))
        t.match(moves.join(' '), /^(approved )?(denied )?void$/)
        endings.add(moves.join(' '))
        const votes = told.filter(type => type === 'approve').length
        t.ok(votes <= 1, 'once it is approved nobody approves it')
      }
      t.ok(endings.size > 1, [...endings].join(', '))
    },
  )
})

const asked = { isOpen: true, own: true, askedHash: 'as written', contributors: handsOfGil }

/** A digest for a round. */
function of(round: number): string {
  return `sha256:${String(round).padStart(12, '0')}${'0'.repeat(52)}`
}

/** The contenders, another one first in each round. */
function shuffled<T>(round: number, contenders: readonly T[]): readonly T[] {
  const first = round % contenders.length
  return [...contenders.slice(first), ...contenders.slice(0, first)]
}
