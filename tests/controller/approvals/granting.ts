import type { Test } from 'tap'
import type { GrantTerms } from '../../../controller/approvals/approvals.ts'
import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import type { StoreKind } from '../stores.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  noon,
  payments,
  people,
  person,
  sha256,
} from './approval-world.ts'

const hour = 3_600_000
const iso = (at: number) => new Date(at).toISOString()
const ana = person('ana')

/** Ten payments of any amount to this payee, within an hour. */
const terms: GrantTerms = {
  uses: 10,
  expires: iso(noon + hour),
  args: { amount: 'any', to: 'equal' },
}

let calls = 0

/** A question about a payment; each is another call. */
function payment(
  { question }: ApprovalWorld,
  args: Readonly<Record<string, unknown>> = { amount: 10, to: 'acme' },
  some: Partial<ApprovalQuestion> = {},
): ApprovalQuestion {
  calls += 1
  return question({
    call: `call-${calls}`,
    args,
    argDigests: Object.fromEntries(
      Object.entries(args).map(([name, value]) => [
        name,
        `sha256:${sha256(JSON.stringify(['default', 'pay', name, value]))}`,
      ]),
    ),
    numbers: Object.fromEntries(
      Object.entries(args).flatMap(([name, value]) =>
        typeof value === 'number' ? [[name, value] as const] : [],
      ),
    ),
    ...some,
  })
}

/** The outcome of asking about a payment. */
async function asked(
  world: ApprovalWorld,
  ...payee: Parameters<typeof payment> extends [unknown, ...infer Rest] ? Rest : never
) {
  return (await world.approvals.ask(payment(world, ...payee))).state
}

/** A payment that ana approves with a grant. */
async function granted(world: ApprovalWorld, some: Partial<GrantTerms> = {}) {
  const { id } = await world.approvals.ask(payment(world))
  const answer = { decision: 'approve', grant: { ...terms, ...some } } as const
  const answered = await world.approvals.decide(id, answer, ana)
  return answered.outcome === 'refused' ? answered.code : id
}

/** Standing grants: what they cover, and how they end. */
export async function granting(t: Test, stores: StoreKind): Promise<void> {
  t.test('a grant answers calls like the one it was given for, and no others', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const origin = await granted(world)
    const like = payment(world, { amount: 99, to: 'acme' })
    const news = await world.approvals.ask(like)
    const [grant] = await world.approvals.grants('default')
    t.match(news, {
      state: 'approved',
      approvedBy: [{ user: 'ana', surface: 'grant', identity: grant?.id, at: iso(noon) }],
    })
    t.match(await world.approvals.claim(news.id, world.claim(like)), { granted: true })
    t.match(await world.approvals.claim(news.id, world.claim(like, { call: 'another' })), {
      granted: false,
    })
    t.strictSame(grant, {
      id: grant?.id,
      request: origin,
      namespace: 'default',
      agent: 'bot',
      server: 'bank',
      tool: 'pay',
      args: { amount: 'any', to: 'equal' },
      uses: 10,
      used: 2,
      createdAt: iso(noon),
      expiresAt: iso(noon + hour),
    })
    t.equal(await asked(world, { amount: 10, to: 'mallory' }), 'pending', 'another value')
    t.equal(await asked(world, { amount: 10 }), 'pending', 'an argument less')
    t.equal(await asked(world, { amount: 10, to: 'acme', cc: 'x' }), 'pending', 'one more')
    const other = { amount: 10, to: 'acme' }
    t.equal(await asked(world, other, { name: 'pay_all' }), 'pending', 'another tool')
    t.equal(await asked(world, other, { server: 'bank2' }), 'pending', 'another server')
    t.equal(await asked(world, other, { kind: 'prompt' }), 'pending', 'another kind')
    const schemaDigest = `sha256:${sha256('another schema')}`
    t.equal(await asked(world, other, { schemaDigest }), 'pending')
    t.equal(await asked(world, other, { keySha256: sha256('b') }), 'void', 'another key')
    const { argDigests: _, ...bare } = payment(world)
    t.equal((await world.approvals.ask(bare)).state, 'pending', 'arguments that cannot be told')
    t.equal(await asked(world), 'approved')
    t.match(await world.approvals.grants('default'), [{ used: 3 }])
  })

  t.test('a grant ends with its last use, its time, its money, or when it is revoked', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const { approvals, clock } = world
    const ended = async () => (await approvals.grants('default'))[0]?.reason
    await granted(world, { uses: 2 })
    t.equal(await asked(world), 'approved')
    t.equal(await asked(world), 'pending')
    t.equal(await ended(), 'used_up')

    clock.now += 1
    await granted(world, { money: { argument: 'amount', maxUsd: '25.5' } })
    t.equal(await asked(world, { amount: 15.51, to: 'acme' }), 'pending')
    t.equal(await asked(world, { amount: -1, to: 'acme' }), 'pending', 'nobody earns room')
    t.equal(await asked(world, { amount: '1', to: 'acme' }), 'pending', 'no number')
    t.equal(await asked(world, { amount: 1e300, to: 'acme' }), 'pending')
    t.equal(await asked(world, { amount: 15.5, to: 'acme' }), 'approved')
    t.equal(await asked(world, { amount: 0.000001, to: 'acme' }), 'pending')
    const [spent] = await approvals.grants('default')
    t.strictSame(spent?.money, {
      argument: 'amount',
      maxMicroUsd: 25_500_000,
      spentMicroUsd: 25_500_000,
    })
    t.equal(await approvals.revoke(spent?.id ?? '', 'enough', person('cleo')), 'not_an_approver')
    t.equal(await approvals.revoke(spent?.id ?? '', 'enough', ana), null)
    t.equal(await approvals.revoke(spent?.id ?? '', 'enough', ana), 'already_resolved')
    t.equal(await approvals.revoke('agr-0', 'enough', ana), 'unknown_request')
    t.equal(await ended(), 'enough')

    clock.now += 1
    const origin = await granted(world)
    const unused = payment(world)
    const { id } = await approvals.ask(unused)
    const [revoked] = await approvals.grants('default')
    await approvals.revoke(revoked?.id ?? '', 'enough', person('ben'))
    t.match(await approvals.claim(id, world.claim(unused)), {
      granted: false,
      news: { state: 'void', reason: 'grant_ended' },
    })
    t.match((await approvals.history(origin)).slice(-2), [
      { type: 'granted', by: 'ana' },
      { type: 'grant_ended', by: 'ben' },
    ])

    clock.now += 1
    await granted(world)
    const late = payment(world)
    const lateNews = await approvals.ask(late)
    clock.now = noon + hour
    t.equal(await asked(world), 'pending')
    t.match(await approvals.claim(lateNews.id, world.claim(late)), {
      granted: false,
      news: { state: 'void' },
    })
    await approvals.sweep()
    t.equal(await ended(), 'expired')
  })

  t.test('a grant dies with what voids an approval', async t => {
    const edits: readonly (readonly [reason: string, texts: readonly string[]])[] = [
      ['rule_removed', [people, payments().replace('> 5', '> 6')]],
      ['rule_denies', [people, payments(['one'], 'deny')]],
      ['workflows_changed', [people, payments(['two'])]],
      ['key_revoked', [people.replace(sha256('a key'), sha256('b key')), payments()]],
      ['decider_left', [people.replace('users: [ana, ben]', 'users: [ben]'), payments()]],
    ]
    for (const [reason, texts] of edits) {
      const world = await approvalWorld(t, await stores.empty())
      await granted(world)
      const unused = payment(world)
      const { id, state } = await world.approvals.ask(unused)
      t.equal(state, 'approved')
      await world.publish(...texts)
      t.not(await asked(world), 'approved', `${reason}, before anybody looked`)
      t.match(await world.approvals.claim(id, world.claim(unused)), {
        granted: false,
        news: { state: 'void', reason },
      })
      await world.approvals.reconsider('default')
      t.match(await world.approvals.grants('default'), [{ reason }])
      await world.publish(people, payments())
      t.equal(await asked(world), 'pending', 'it does not come back')
    }
  })

  t.test('a grant covers no more workflows than it was given for', async t => {
    const world = await approvalWorld(t, await stores.empty())
    await granted(world)
    const amount = { amount: 10, to: 'acme' }
    t.equal(await asked(world, amount, { workflows: ['one', 'two'] }), 'pending')
    t.equal(await asked(world, amount, { user: 'ana' }), 'pending', 'nor her own agent')
    t.equal(await asked(world, amount), 'approved')
  })

  t.test(
    'as many people must give a grant as must approve, and the narrowest bounds hold',
    async t => {
      const world = await approvalWorld(t, await stores.empty(), [people, payments(['two'])])
      const { approvals } = world
      const two = { workflows: ['two'] }
      const amount = { amount: 10, to: 'acme' }
      const vote = async (id: string, user: string, grant?: GrantTerms) =>
        approvals.decide(id, { decision: 'approve', ...(grant && { grant }) }, person(user))
      const once = await approvals.ask(payment(world, amount, two))
      await vote(once.id, 'ana', terms)
      t.match(await vote(once.id, 'ben'), { request: { state: 'approved' } })
      t.strictSame(await approvals.grants('default'), [], 'ben approved this call only')
      const both = await approvals.ask(payment(world, amount, two))
      await vote(both.id, 'ana', { ...terms, uses: 3 })
      await vote(both.id, 'cleo', {
        ...terms,
        expires: iso(noon + hour / 2),
        args: { amount: 'equal', to: 'any' },
        money: { argument: 'amount', maxUsd: '1000' },
      })
      t.match(await approvals.grants('default'), [
        {
          uses: 3,
          expiresAt: iso(noon + hour / 2),
          args: { amount: 'equal', to: 'equal' },
          money: { maxMicroUsd: 1_000_000_000, spentMicroUsd: 10_000_000 },
        },
      ])
      t.match(await approvals.ask(payment(world, amount, two)), {
        state: 'approved',
        approvedBy: [{ user: 'ana' }, { user: 'cleo' }],
      })
    },
  )

  t.test('bounds that bound nothing are refused', async t => {
    const world = await approvalWorld(t, await stores.empty())
    const odd: readonly Partial<GrantTerms>[] = [
      { uses: 0 },
      { uses: 1.5 },
      { uses: 1001 },
      { expires: iso(noon) },
      { expires: iso(noon + 31 * 24 * hour) },
      { expires: 'soon' },
      { args: { amount: 'any' } },
      { args: { amount: 'any', to: 'equal', more: 'any' } },
      { args: { amount: 'any', to: 'whatever' as 'any' } },
      { money: { argument: 'to', maxUsd: '5' } },
      { money: { argument: 'amount', maxUsd: '9.99' } },
      { money: { argument: 'amount', maxUsd: '-5' } },
      { money: { argument: 'amount', maxUsd: '1e9' } },
    ]
    for (const some of odd) {
      t.equal(await granted(world, some), 'grant_unusable', JSON.stringify(some))
    }
    const { argDigests: _, ...bare } = payment(world)
    const { id } = await world.approvals.ask(bare)
    const answer = { decision: 'approve', grant: { ...terms, args: {} } } as const
    t.match(await world.approvals.decide(id, answer, ana), { code: 'grant_unusable' })
    t.match(await world.approvals.decide(id, { ...answer, decision: 'deny' }, ana), {
      code: 'grant_unusable',
    })
    t.strictSame(await world.approvals.grants('default'), [])
  })

  t.test(
    'of many calls at once no more are answered than the grant has uses and money',
    async t => {
      const world = await approvalWorld(t, await stores.empty())
      await granted(world, { uses: 8 })
      const many = await Promise.all(
        Array.from({ length: 20 }, () => world.approvals.ask(payment(world))),
      )
      t.equal(many.filter(({ state }) => state === 'approved').length, 7, 'with the first, eight')
      world.clock.now += 1
      await granted(world, { money: { argument: 'amount', maxUsd: '50' } })
      const dear = await Promise.all(
        Array.from({ length: 20 }, () => world.approvals.ask(payment(world))),
      )
      t.equal(dear.filter(({ state }) => state === 'approved').length, 4)
    },
  )
}
