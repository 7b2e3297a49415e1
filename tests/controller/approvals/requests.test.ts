import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { ApprovalChange } from '../../../controller/approvals/approvals.ts'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import { embeddedStores, postgresStores, type StoreKind } from '../stores.ts'
import { until } from '../world.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  copies,
  judged,
  noon,
  otherProcess,
  payments,
  people,
  person,
  restarted,
  sha256,
} from './approval-world.ts'
import { granting } from './granting.ts'

const yes = { decision: 'approve' } as const
const no = { decision: 'deny' } as const

const minute = 60_000
const hour = 60 * minute
const iso = (at: number) => new Date(at).toISOString()

async function told(world: ApprovalWorld, id: string): Promise<readonly (string | undefined)[][]> {
  const history = await world.approvals.history(id)
  return history.map(({ type, by, detail }) => [type, by, detail])
}

async function asking(t: Test, stores: StoreKind): Promise<void> {
  t.test('a question is asked once, answered once and used once', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, question, claim } = world
    const asked = question()
    const news = await approvals.ask(asked)
    t.strictSame(news, {
      id: news.id,
      digest: asked.digest,
      asker: { namespace: 'default', agent: 'bot', keySha256: sha256('a key') },
      state: 'pending',
      expiresAt: iso(noon + 5 * minute),
      required: 1,
      received: 0,
      escalated: false,
      approvedBy: [],
    })
    t.match(news.id, /^apr-[0-9a-hjkmnp-tv-z]{16}$/)
    t.strictSame(await approvals.ask(asked), news, 'asking again collects it')
    const vote = {
      user: 'ana',
      decision: 'approve',
      reason: 'fine',
      surface: 'cli',
      identity: 'key of ana',
      teams: ['finance'],
      workflows: ['one'],
      at: iso(noon),
    }
    t.match(await approvals.decide(news.id, { ...yes, reason: 'fine' }, person('ana')), {
      outcome: 'counted',
      request: { state: 'approved', resolvedAt: iso(noon), votes: [vote] },
    })
    t.match(await approvals.ask(asked), { id: news.id, state: 'approved', received: 1 })
    t.match(await approvals.claim(news.id, claim(asked)), {
      granted: true,
      news: { state: 'consumed', approvedBy: [vote] },
    })
    for (const other of [{ call: 'another call' }, { proxy: 'proxy-b' }]) {
      t.match(await approvals.claim(news.id, claim(asked, other)), {
        granted: false,
        news: { state: 'consumed' },
      })
    }
    t.match(
      await approvals.claim(news.id, claim(asked)),
      { granted: true },
      'the same claim, whose answer may have been lost',
    )
    await approvals.ended(news.id, 'another call', 'failed')
    await approvals.ended(news.id, asked.call, 'succeeded')
    await approvals.ended(news.id, asked.call, 'failed')
    t.strictSame(await told(world, news.id), [
      ['created', 'proxy-a', undefined],
      ['vote', 'ana', 'approve: fine'],
      ['approved', 'ana', undefined],
      ['consumed', 'proxy-a', 'call-1'],
      ['outcome', 'proxy-a', 'succeeded'],
    ])
    t.not((await approvals.ask(asked)).id, news.id, 'the same call is a new question then')
    t.equal(await approvals.claim('apr-0000000000000000', claim(asked)), null)
  })

  t.test('two proxies that ask the same at once share one request', async t => {
    const store = await stores.empty()
    const { approvals, question } = await approvalWorld(t, store)
    const asked = question()
    const all = await Promise.all(
      Array.from({ length: 16 }, (_, i) => approvals.ask({ ...asked, proxy: `proxy-${i % 2}` })),
    )
    t.equal(new Set(all.map(({ id }) => id)).size, 1)
    const { rows } = await sql`select id from approval_requests`.execute(store.db)
    t.equal(rows.length, 1)
  })

  t.test('an agent that floods people is told to wait, and nobody else is', async t => {
    const store = await stores.empty()
    const { approvals, question, publish } = await approvalWorld(t, store)
    const news = await approvals.ask(question())
    await copies(store, news.id, 998)
    await approvals.ask(question({ call: 'the thousandth' }))
    await t.rejects(approvals.ask(question({ call: 'one more' })), { code: 'too_many_questions' })
    t.equal((await approvals.ask(question())).id, news.id, 'what is open is still collected')
    const another = /---\napi.*\nkind: Agent\n[^-]*/.exec(people)?.[0] ?? ''
    await publish(
      people + another.replace('bot', 'other').replace(sha256('a key'), sha256('b')),
      payments(),
    )
    const other = question({ agent: 'other', keySha256: sha256('b'), call: 'one more' })
    t.equal((await approvals.ask(other)).state, 'pending')
    await t.rejects(
      approvals.ask({ ...other, digest: question().digest }),
      { code: 'question_conflict' },
      'nor does the digest of another let it see what that one asks',
    )
    await approvals.decide(news.id, no, person('ana'))
    t.equal((await approvals.ask(question({ call: 'one more' }))).state, 'pending')
  })

  t.test('a question that nothing in force asks is void at once', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty())
    const asked = async (some: Parameters<typeof question>[0]) => {
      const { state, reason } = await approvals.ask(question(some))
      return `${state} ${reason}`
    }
    t.equal(await asked({ keySha256: sha256('a stolen key') }), 'void key_revoked')
    t.equal(await asked({ agent: 'nobody' }), 'void key_revoked')
    t.equal(await asked({ namespace: 'elsewhere' }), 'void key_revoked')
    t.equal(await asked({ rule: { policy: 'payments', rule: 'gone' } }), 'void rule_removed')
    t.equal(await asked({ workflows: ['one', 'gone'] }), 'void workflows_changed')
    t.equal(await asked({ workflows: ['two'] }), 'void workflows_changed')
  })
}

async function answering(t: Test, stores: StoreKind): Promise<void> {
  t.test('an answer that does not count changes nothing and is on record', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['two'])])
    const { approvals, question, clock } = world
    const { id } = await approvals.ask(question({ workflows: ['two'] }))
    const code = async (user: string, answer: { decision: 'approve' | 'deny' } = yes) => {
      const answered = await approvals.decide(id, answer, person(user))
      return answered.outcome === 'refused' ? answered.code : answered.request.state
    }
    t.equal(await code('mallory'), 'not_an_approver')
    t.equal(await code('', no), 'not_an_approver')
    t.equal(await code('dan'), 'own_agent', 'the owner of the agent')
    t.equal(await code('ana'), 'pending')
    t.equal(await code('ana'), 'already_voted')
    t.equal(await code('ana', no), 'already_voted', 'not even to deny')
    clock.now += hour
    t.equal(await code('ben'), 'expired', 'though nobody has swept')
    t.equal(await code('ben'), 'expired')
    t.match(await approvals.decide('apr-0000000000000000', yes, person('ben')), {
      outcome: 'refused',
      code: 'unknown_request',
      request: null,
    })
    t.strictSame(await told(world, id), [
      ['created', 'proxy-a', undefined],
      ['attempt_refused', 'mallory', 'approve: not_an_approver'],
      ['attempt_refused', 'key of ', 'deny: not_an_approver'],
      ['attempt_refused', 'dan', 'approve: own_agent'],
      ['vote', 'ana', 'approve'],
      ['attempt_refused', 'ana', 'approve: already_voted'],
      ['attempt_refused', 'ana', 'deny: already_voted'],
      ['expired', undefined, undefined],
      ['attempt_refused', 'ben', 'approve: expired'],
      ['attempt_refused', 'ben', 'approve: expired'],
    ])
    t.match(await approvals.get(id), { state: 'expired', votes: [{ user: 'ana' }] })
  })

  t.test('as many people as the workflow says must approve, and one may deny', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty(), [
      people,
      payments(['two']),
    ])
    const first = await approvals.ask(question({ workflows: ['two'] }))
    t.match(first, { required: 2, received: 0, expiresAt: iso(noon + hour) })
    t.match(await approvals.decide(first.id, yes, person('ana')), {
      request: {
        state: 'pending',
        workflows: [{ name: 'two', required: 2, received: 1, mayDecide: ['ana', 'ben', 'cleo'] }],
      },
    })
    t.match(await approvals.decide(first.id, yes, person('cleo')), {
      request: { state: 'approved', workflows: [{ received: 2 }] },
    })
    const second = await approvals.ask(question({ workflows: ['two'], call: 'b' }))
    await approvals.decide(second.id, yes, person('ana'))
    t.match(await approvals.decide(second.id, { ...no, reason: 'too much' }, person('ben')), {
      outcome: 'counted',
      request: { state: 'denied', reason: 'too much' },
    })
    t.match(await approvals.decide(second.id, yes, person('cleo')), { code: 'already_resolved' })
    const news = await approvals.news([first.id, second.id, 'apr-0000000000000000'])
    t.match(
      news.toSorted((a, b) => (a.state < b.state ? -1 : 1)),
      [
        { state: 'approved', approvedBy: [{ user: 'ana' }, { user: 'cleo' }] },
        { state: 'denied', reason: 'too much', approvedBy: [] },
      ],
    )
    t.equal(news.length, 2)
  })

  t.test('every workflow must approve; one vote counts wherever its person has a say', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty(), [
      people,
      payments(['one', 'two', 'reasoned']),
    ])
    const workflows = ['one', 'two', 'reasoned']
    const { id, required } = await approvals.ask(question({ workflows }))
    t.equal(required, 4)
    t.match(await approvals.decide(id, yes, person('ana')), {
      request: { state: 'pending', votes: [{ workflows: ['one', 'two'] }] },
    })
    const cleo = person('cleo')
    t.match(await approvals.decide(id, yes, cleo), { code: 'reason_required' })
    t.match(await approvals.decide(id, { ...yes, reason: ' \n' }, cleo), {
      code: 'reason_required',
    })
    t.match(await approvals.decide(id, { ...yes, reason: 'checked' }, cleo), {
      request: { state: 'approved', workflow: 'one,reasoned,two' },
    })
  })

  t.test(
    'a workflow that names nobody asks the owners, its own namespace before others',
    async t => {
      const system = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana, namespace: writ-system }
spec: { roles: [owner] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: security, namespace: writ-system }
spec: {}
`
      const { approvals, question } = await approvalWorld(t, await stores.empty(), [
        people,
        payments(['']),
        system,
      ])
      const { id } = await approvals.ask(question({ workflows: [''] }))
      t.match(await approvals.get(id), { workflows: [{ name: '', mayDecide: ['ana'] }] })
      t.match(await approvals.decide(id, yes, person('writ-system/ana')), {
        code: 'not_an_approver',
      })
      const lent = await approvals.ask(question({ workflows: ['', 'writ-system/security'] }))
      t.match(await approvals.get(lent.id), {
        workflows: [{ mayDecide: ['ana'] }, { mayDecide: ['writ-system/ana'] }],
      })
      t.match(await approvals.decide(lent.id, yes, person('ana')), { outcome: 'counted' })
      t.match(await approvals.decide(lent.id, yes, person('writ-system/ana')), {
        code: 'already_voted',
      })
    },
  )

  t.test('a judge decides only where a workflow says so, and never as a person', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty(), [
      people,
      judged,
      payments(['judged', 'two']),
    ])
    const judge = (user: string, workflow = 'judged') => ({
      ...person(user, 'ai'),
      evidence: { workflow },
    })
    const workflows = ['judged', 'two']
    const { id } = await approvals.ask(question({ workflows }))
    t.match(await approvals.decide(id, yes, judge('other')), { code: 'not_an_approver' })
    t.match(await approvals.decide(id, yes, judge('ana')), { code: 'not_an_approver' })
    t.match(await approvals.decide(id, yes, judge('small', 'two')), { code: 'not_an_approver' })
    t.match(await approvals.decide(id, yes, person('small')), { code: 'not_an_approver' })
    t.match(await approvals.decide(id, yes, judge('small')), {
      request: {
        state: 'pending',
        workflows: [
          { name: 'judged', required: 1, received: 1, mayDecide: ['ana', 'ben'] },
          { name: 'two', required: 2, received: 0 },
        ],
      },
    })
    await approvals.decide(id, yes, person('ben'))
    t.match(await approvals.decide(id, yes, person('cleo')), { request: { state: 'approved' } })
    const other = await approvals.ask(question({ workflows, call: 'b' }))
    t.match(await approvals.decide(other.id, no, judge('small')), { request: { state: 'denied' } })
    const silent = await approvals.ask(question({ workflows, call: 'c' }))
    await approvals.decide(silent.id, yes, person('ana'))
    await approvals.decide(silent.id, yes, person('cleo'))
    t.match(await approvals.get(silent.id), { state: 'approved' }, 'people need no judge')
  })

  t.test('a question can be taken back until it is answered', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty())
    const { id } = await approvals.ask(question())
    t.match(await approvals.cancel(id, 'not needed', person('ana')), {
      outcome: 'counted',
      request: { state: 'cancelled', reason: 'not needed' },
    })
    t.match(await approvals.cancel(id, 'again', person('ana')), { code: 'already_resolved' })
    t.match(await approvals.decide(id, yes, person('ana')), { code: 'already_resolved' })
  })
}

async function passing(t: Test, stores: StoreKind): Promise<void> {
  t.test('silence is a refusal, by the shortest timeout of all workflows', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['one', 'two'])])
    const { approvals, question, clock, claim } = world
    const asked = question({ workflows: ['two', 'one'] })
    const { id, expiresAt } = await approvals.ask(asked)
    t.equal(expiresAt, iso(noon + 5 * minute))
    t.equal(await approvals.nextSweep(), noon + 5 * minute)
    clock.now = noon + 5 * minute - 1
    t.notOk(await approvals.sweep())
    t.match(await approvals.news([id]), [{ state: 'pending' }])
    clock.now += 1
    await approvals.sweep()
    t.match(await approvals.news([id]), [{ state: 'expired' }])
    t.equal(await approvals.nextSweep(), null)
    clock.now = noon
    t.match(await approvals.decide(id, yes, person('ana')), { code: 'expired' }, 'the clock moved')
    t.match(await approvals.claim(id, claim(asked)), { granted: false, news: { state: 'expired' } })
    t.match(await approvals.ask(asked), { state: 'pending' }, 'the agent may ask again')
  })

  t.test('asking again after the time has passed is a new question', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, question, clock } = world
    const { id } = await approvals.ask(question())
    clock.now += 5 * minute
    const again = await approvals.ask(question())
    t.not(again.id, id)
    t.equal(again.state, 'pending')
    t.match(await approvals.news([id]), [{ state: 'expired' }])
  })

  t.test('escalation adds people, reminders remind, and neither comes twice', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['slow'])])
    const { approvals, question, clock } = world
    const { id } = await approvals.ask(question({ workflows: ['slow'] }))
    t.equal(await approvals.nextSweep(), noon + 5 * minute)
    clock.now = noon + 5 * minute
    await approvals.sweep()
    t.equal(await approvals.nextSweep(), noon + 10 * minute)
    t.match(await approvals.decide(id, yes, person('ben')), { code: 'not_an_approver' })
    clock.now = noon + 10 * minute
    await approvals.sweep()
    clock.now = noon
    await approvals.sweep()
    t.match(await approvals.get(id), {
      escalatedAt: iso(noon + 10 * minute),
      workflows: [{ mayDecide: ['ana', 'ben'] }],
    })
    clock.now = noon + 12 * minute
    await approvals.sweep()
    t.equal(await approvals.nextSweep(), noon + 20 * minute)
    t.strictSame(
      (await told(world, id)).map(([type, , detail]) => [type, detail]),
      [
        ['created', undefined],
        ['reminded', undefined],
        ['attempt_refused', 'approve: not_an_approver'],
        ['escalated', 'slow'],
      ],
    )
    t.match(await approvals.decide(id, yes, person('ben')), { request: { state: 'approved' } })
  })

  t.test('what was due while nothing ran is done once', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['slow'])])
    const { approvals, question, clock } = world
    const { id } = await approvals.ask(question({ workflows: ['slow'] }))
    clock.now = noon + 30 * minute
    await approvals.sweep()
    t.strictSame(
      (await told(world, id)).map(([type]) => type),
      ['created', 'escalated', 'reminded'],
    )
    t.equal(await approvals.nextSweep(), noon + hour)
  })

  t.test('an approval that nobody uses within a day is void', async t => {
    const { approvals, question, clock, claim } = await approvalWorld(t, await stores.empty())
    const approved = async (call: string) => {
      const asked = question({ call })
      const { id } = await approvals.ask(asked)
      await approvals.decide(id, yes, person('ana'))
      return { asked, id }
    }
    const swept = await approved('a')
    const late = await approved('b')
    const again = await approved('c')
    t.equal(await approvals.nextSweep(), noon + 24 * hour)
    clock.now = noon + 24 * hour
    t.match(await approvals.claim(late.id, claim(late.asked)), {
      granted: false,
      news: { state: 'void', reason: 'unused' },
    })
    t.match(await approvals.ask(again.asked), { state: 'pending' })
    await approvals.sweep()
    t.match(await approvals.news([swept.id]), [{ state: 'void', reason: 'unused' }])
  })
}

/** An approved request for a payment. */
async function approvedPayment(world: ApprovalWorld, workflows: readonly string[] = ['one']) {
  const asked = world.question({ workflows })
  const { id } = await world.approvals.ask(asked)
  const { state } = await approveAll(world, id)
  return { asked, id, state }
}

async function approveAll({ approvals }: ApprovalWorld, id: string): Promise<ApprovalNews> {
  for (const user of ['ana', 'ben']) await approvals.decide(id, yes, person(user))
  const [news] = await approvals.news([id])
  return news!
}

async function voiding(t: Test, stores: StoreKind): Promise<void> {
  const base = [people, payments()]
  const edits: readonly (readonly [name: string, texts: readonly string[], reason: string])[] = [
    ['the rule is gone', [people], 'rule_removed'],
    ['the rule denies', [people, payments(['one'], 'deny')], 'rule_denies'],
    ['the condition is another', [people, payments().replace('> 5', '> 6')], 'rule_removed'],
    ['the policy only observes', [people, `${payments()}  mode: observe\n`], 'rule_removed'],
    [
      'the key is revoked',
      [people.replace(sha256('a key'), sha256('b key')), payments()],
      'key_revoked',
    ],
    ['the rule asks others', [people, payments(['two'])], 'workflows_changed'],
    ['everything is gone', [], 'key_revoked'],
  ]
  for (const [name, texts, reason] of edits) {
    t.test(`when ${name}, a question and an approval are void`, async t => {
      const world = await approvalWorld(t, await stores.empty(), base)
      const { approvals, question, claim, publish } = world
      const approved = await approvedPayment(world)
      t.equal(approved.state, 'approved')
      const unswept = await approvals.ask(question({ call: 'b' }))
      const pending = await approvals.ask(question({ call: 'c' }))
      await publish(...texts)
      t.match(await approvals.decide(unswept.id, yes, person('ana')), { code: 'already_resolved' })
      const claimed = await approvals.claim(approved.id, claim(approved.asked))
      t.match(claimed, { granted: false, news: { state: 'void', reason } }, 'before anybody looked')
      await approvals.reconsider('default')
      t.match(await approvals.news([pending.id]), [{ state: 'void', reason }])
    })
  }

  t.test('an approval is void once somebody who gave it may no longer decide', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['two'])])
    const { approvals, question, claim, publish } = world
    const unswept = await approvedPayment(world, ['two'])
    const pending = await approvals.ask(question({ workflows: ['two'], call: 'b' }))
    await approvals.decide(pending.id, yes, person('ana'))
    const smaller = people.replace('members: [ana, ben,', 'members: [ben,')
    await publish(smaller, payments(['two']))
    t.match(await approvals.claim(unswept.id, claim(unswept.asked)), {
      granted: false,
      news: { state: 'void', reason: 'decider_left' },
    })
    await approvals.reconsider('default')
    t.match(await approvals.get(pending.id), { state: 'pending', workflows: [{ received: 0 }] })
    await approvals.decide(pending.id, yes, person('ben'))
    t.match(await approvals.decide(pending.id, yes, person('cleo')), {
      request: { state: 'approved' },
    })
    await publish(smaller.replace('[ben, cleo,', '[ben,'), payments(['one']))
    await publish(
      smaller.replace('[ben, cleo,', '[ben,').replace('Required: 2', 'Required: 1'),
      payments(['two']),
    )
    await approvals.reconsider('default')
    t.match(await approvals.get(pending.id), { state: 'approved' }, 'ben alone is enough now')
  })

  t.test('an approval covers the call it was given for, by the table in force', async t => {
    const world = await approvalWorld(t, await stores.empty(), [people, payments(['one', 'two'])])
    const { approvals, claim, publish } = world
    const workflows = ['one', 'two']
    const old = await approvedPayment(world, workflows)
    t.equal(old.state, 'approved')
    const before = claim(old.asked)
    await publish(people, payments(workflows), payments(['one']).replace('payments', 'more'))
    t.match(await approvals.claim(old.id, before), { granted: false, news: { state: 'approved' } })
    const asksMore = claim(old.asked, { workflows: ['one', 'reasoned', 'two'] })
    t.match(await approvals.claim(old.id, asksMore), {
      granted: false,
      news: { state: 'void', reason: 'workflows_changed' },
    })
    const other = await approvedPayment(world, workflows)
    t.match(
      await approvals.claim(other.id, claim(old.asked, { digest: `sha256:${sha256('x')}` })),
      {
        granted: false,
        news: { state: 'void', reason: 'call_changed' },
      },
    )
    const stricter = await approvedPayment(world, workflows)
    await publish(people.replace('Required: 2', 'Required: 3'), payments(workflows))
    t.match(await approvals.claim(stricter.id, claim(stricter.asked)), {
      granted: false,
      news: { state: 'void', reason: 'workflows_changed' },
    })
  })

  t.test('a key that expires takes its questions and approvals with it', async t => {
    const brief = people.replace('name: laptop,', `name: laptop, expires: "${iso(noon + minute)}",`)
    const world = await approvalWorld(t, await stores.empty(), [brief, payments()])
    const { approvals, question, claim, clock } = world
    const approved = await approvedPayment(world)
    const pending = await approvals.ask(question({ call: 'b' }))
    clock.now += minute
    t.match(await approvals.claim(approved.id, claim(approved.asked)), {
      granted: false,
      news: { reason: 'key_revoked' },
    })
    t.match(await approvals.decide(pending.id, yes, person('ana')), { code: 'already_resolved' })
  })

  t.test('who may decide outlives the process, and changes without the rules', async t => {
    const store = await stores.empty()
    const world = await approvalWorld(t, store)
    const { id } = await world.approvals.ask(world.question())
    await world.publish(people.replace('users: [ana, ben]', 'users: [cleo]'), payments())
    const heard: string[] = []
    const after = await restarted(t, store, world)
    after.releases.directories.subscribe(({ namespace }) => heard.push(namespace))
    t.strictSame(after.releases.directories.of('default'), world.releases.directories.of('default'))
    t.equal(after.releases.directories.of('nowhere'), null)
    t.match(await after.approvals.decide(id, yes, person('ana')), { code: 'not_an_approver' })
    const mail = people.replace(
      'name: ben }\nspec: {}',
      'name: ben }\nspec: { email: b@example.com }',
    )
    await after.publish(mail, payments())
    const releases = after.releases.current()
    await after.publish(people, payments())
    t.strictSame(after.releases.current(), releases, 'an address is no matter of the rules')
    t.strictSame(heard, ['default', 'default'])
    t.match(await after.approvals.decide(id, yes, person('ana')), {
      request: { state: 'approved' },
    })
  })

  t.test('a process goes by what another has published', async t => {
    const store = await stores.empty()
    const world = await approvalWorld(t, store)
    const stale = await restarted(t, store, world)
    const first = await world.approvals.ask(world.question())
    const second = await world.approvals.ask(world.question({ call: 'b' }))
    await world.publish(people.replace('users: [ana, ben]', 'users: [cleo]'), payments())
    t.match(await stale.approvals.decide(first.id, yes, person('ana')), {
      code: 'not_an_approver',
    })
    t.match(await stale.approvals.decide(first.id, yes, person('cleo')), { outcome: 'counted' })
    await world.publish(people)
    t.match(await stale.approvals.decide(second.id, yes, person('ana')), {
      code: 'already_resolved',
    })
    t.match(await stale.approvals.claim(first.id, world.claim(world.question())), {
      news: { state: 'void', reason: 'rule_removed' },
    })
  })

  t.test('what is in force and still fits voids nothing', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, question, claim, publish } = world
    const approved = await approvedPayment(world)
    const { id } = await approvals.ask(question({ call: 'b' }))
    const before = await approvals.history(id)
    await publish(`${people}\n---\n${judged}`, `\n\n\n${payments()}`)
    await approvals.reconsider('default')
    t.strictSame(await approvals.history(id), before)
    t.match(await approvals.claim(approved.id, claim(approved.asked)), { granted: true })
  })

  t.test('a proxy that sees another schema of the tool ends what it asked', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, question } = world
    const schema = { type: 'object', properties: { amount: { type: 'number' } } }
    const schemaDigest = `sha256:${sha256('{"properties":{"amount":{"type":"number"}},"type":"object"}')}`
    const mine = await approvals.ask(question({ schemaDigest }))
    const theirs = await approvals.ask(question({ schemaDigest, proxy: 'proxy-b', call: 'b' }))
    const report = (inputSchema: object, state: 'connected' | 'failed' = 'connected') => ({
      proxy: 'proxy-a',
      version: '0',
      startedAt: iso(noon),
      enforced: {},
      upstreams: [
        { namespace: 'default', name: 'bank', state, tools: [{ name: 'pay', inputSchema }] },
      ],
      journal: { seq: 0, shipped: 0 },
    })
    await approvals.toolsReported(report(schema))
    await approvals.toolsReported(report({ type: 'object' }, 'failed'))
    t.match(await approvals.news([mine.id]), [{ state: 'pending' }])
    await approvals.toolsReported(report({ type: 'object' }))
    t.match(await approvals.news([mine.id]), [{ state: 'void', reason: 'schema_changed' }])
    t.match(await approvals.news([theirs.id]), [{ state: 'pending' }])
  })
}

async function reading(t: Test, stores: StoreKind): Promise<void> {
  t.test(
    'requests are listed newest first, a page at a time, and by what people look for',
    async t => {
      const world = await approvalWorld(t, await stores.empty(), [
        people,
        payments(['slow', 'two']),
      ])
      const { approvals, question, clock } = world
      const ids: string[] = []
      for (const call of ['a', 'b', 'c', 'd', 'e']) {
        clock.now += 1
        ids.unshift((await approvals.ask(question({ call, workflows: ['slow', 'two'] }))).id)
      }
      const listed = async (...query: Parameters<typeof approvals.list>) => {
        const { requests, next } = await approvals.list(...query)
        return { ids: requests.map(({ id }) => id), next }
      }
      const first = await listed({}, null, 2)
      t.strictSame(first.ids, ids.slice(0, 2))
      t.strictSame(await listed({}, first.next, 3), { ids: ids.slice(2), next: null })
      t.strictSame((await listed({}, 'bm90IGEgY3Vyc29y', 9)).ids, ids, 'what is no cursor')
      await approvals.decide(ids[0]!, no, person('ana'))
      await approvals.decide(ids[1]!, yes, person('cleo'))
      t.strictSame((await listed({ states: ['denied'] }, null, 9)).ids, [ids[0]])
      t.strictSame((await listed({ agent: 'bot', tool: 'pay' }, null, 9)).ids, ids)
      t.strictSame((await listed({ agent: 'other' }, null, 9)).ids, [])
      t.strictSame((await listed({ namespaces: ['other'] }, null, 9)).ids, [])
      const by = (user: string) => ({ decidableBy: new Map([['default', user]]) })
      t.strictSame((await listed(by('ana'), null, 9)).ids, ids.slice(1))
      t.strictSame(
        (await listed(by('cleo'), null, 2)).ids,
        ids.slice(2, 4),
        'not what has her answer',
      )
      t.strictSame((await listed(by('dan'), null, 9)).ids, [], 'not the agent of dan')
    },
  )

  t.test('what happens is told once it is in the store, and attempts are noted', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, question } = world
    const changes: ApprovalChange[] = []
    const stop = approvals.subscribe(change => changes.push(change))
    const { id } = await approvals.ask(question())
    await approvals.attempted(id, 'forged signature', person('', 'slack'))
    await approvals.attempted(null, 'no such link', person('', 'link'))
    await approvals.note(id, { type: 'notified', by: 'mail', detail: 'ana@example.com' })
    await approvals.decide(id, no, person('ana'))
    stop()
    await approvals.ask(question())
    t.strictSame(
      changes.map(change => [change.id === id, change.namespace, change.state, change.event.type]),
      [
        [true, 'default', 'pending', 'created'],
        [true, 'default', 'pending', 'attempt_refused'],
        [true, 'default', 'pending', 'notified'],
        [true, 'default', 'pending', 'vote'],
        [true, 'default', 'denied', 'denied'],
      ],
    )
    t.strictSame(
      await approvals.history(id),
      changes.map(({ event }) => event),
    )
  })

  t.test('no text of a caller or of a person breaks the store', async t => {
    const { approvals, question } = await approvalWorld(t, await stores.empty())
    const odd = 'a\0b\ud800c"\'\\'
    const { id } = await approvals.ask(
      question({ name: odd, args: { [odd]: odd }, session: odd, justification: odd, call: odd }),
    )
    t.match(await approvals.get(id), { tool: odd, args: { [odd]: odd }, session: odd })
    await approvals.attempted(id, odd, { ...person(odd), evidence: { [odd]: odd } })
    await approvals.decide(id, { ...yes, reason: odd }, { ...person('ana'), identity: odd })
    t.match(await approvals.get(id), { votes: [{ reason: 'a\uFFFDb\uFFFDc"\'\\' }] })
    t.strictSame((await approvals.list({ tool: odd }, null, 9)).requests.length, 1)
  })

  t.test('one person who tries again and again fills no table', async t => {
    const store = await stores.empty()
    const world = await approvalWorld(t, store)
    const { id } = await world.approvals.ask(world.question())
    await sql`
      insert into approval_events (request_id, type, by_name, at)
      select ${id}, 'attempt_refused', 'mallory', now() from generate_series(1, 198)`.execute(
      store.db,
    )
    for (let i = 0; i < 5; i++) await world.approvals.decide(id, yes, person('mallory'))
    t.equal((await told(world, id)).length, 201)
  })
}

const postgres = await postgresStores(t)

if (typeof postgres !== 'string') {
  t.test('postgresql', async t => {
    await asking(t, postgres)
    await answering(t, postgres)
    await passing(t, postgres)
    await voiding(t, postgres)
    await reading(t, postgres)
    await granting(t, postgres)
    await together(t, postgres)
  })
}

t.test('embedded', async t => {
  const stores = await embeddedStores(t)
  await asking(t, stores)
  await passing(t, stores)
  await reading(t, stores)
  // It is the same database in another house, so the rest is tried there only where there is no other.
  if (typeof postgres !== 'string') return
  await answering(t, stores)
  await voiding(t, stores)
  await granting(t, stores)
})

async function together(t: Test, stores: StoreKind): Promise<void> {
  t.test('processes on one store hear of each other, also after the connection broke', async t => {
    const store = await stores.empty()
    const texts = [people, payments()]
    const world = await approvalWorld(t, store, texts, stores.url)
    const other = await otherProcess(t, stores.url ?? '', world)
    const heard: string[] = []
    other.approvals.subscribe(({ state, event }) => heard.push(`${event.type} ${state}`))
    await until(async () => {
      await world.approvals.note((await world.approvals.ask(world.question())).id, {
        type: 'notified',
        by: 'x',
        detail: '',
      })
      return heard.length > 0
    })
    heard.length = 0
    const { id } = await world.approvals.ask(world.question({ call: 'b' }))
    await until(() => heard.includes('created pending'))
    await other.approvals.decide(id, yes, person('ana'))
    t.match(await world.approvals.news([id]), [{ state: 'approved' }])

    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'writ approvals'`.execute(store.db)
    const missed = await world.approvals.ask(world.question({ call: 'c' }))
    await world.approvals.cancel(missed.id, 'over', person('ana'))
    await until(() => heard.includes('cancelled cancelled'))
    t.pass('what was missed is told')
  })
}
