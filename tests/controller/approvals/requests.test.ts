import t, { type Test } from 'tap'
import { embeddedStores, type StoreKind } from '../stores.ts'
import { approvalWorld, noon, person } from './approval-world.ts'

async function requestTests(t: Test, stores: StoreKind): Promise<void> {
  t.test('a question is asked once, answered once and used once', async t => {
    const { approvals, question, claim } = await approvalWorld(t, await stores.empty())
    const asked = question()
    const news = await approvals.ask(asked)
    t.match(news, {
      id: /^apr-[0-9a-hjkmnp-tv-z]{16}$/,
      state: 'pending',
      expiresAt: new Date(noon + 300_000).toISOString(),
      required: 1,
      received: 0,
      escalated: false,
      approvedBy: [],
    })
    t.strictSame(await approvals.ask(asked), news, 'the same question is the same request')
    t.match(
      await approvals.decide(news.id, { decision: 'approve', reason: 'fine' }, person('ana')),
      {
        outcome: 'counted',
        request: {
          state: 'approved',
          votes: [
            { user: 'ana', reason: 'fine', surface: 'cli', teams: ['finance'], workflows: ['one'] },
          ],
        },
      },
    )
    t.match(await approvals.claim(news.id, claim(asked)), {
      granted: true,
      news: { state: 'consumed' },
    })
    t.match(await approvals.claim(news.id, claim(asked)), {
      granted: false,
      news: { state: 'consumed' },
    })
    await approvals.ended(news.id, asked.call, 'succeeded')
    t.strictSame(
      (await approvals.history(news.id)).map(({ type, by, detail }) => [type, by, detail]),
      [
        ['created', 'proxy-a', undefined],
        ['vote', 'ana', 'approve: fine'],
        ['approved', 'ana', undefined],
        ['consumed', 'proxy-a', 'call-1'],
        ['outcome', 'proxy-a', 'succeeded'],
      ],
    )
    t.not((await approvals.ask(asked)).id, news.id, 'after its use the same call is a new question')
  })
}

t.test('embedded', async t => requestTests(t, await embeddedStores(t)))
