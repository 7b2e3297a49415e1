import t, { type Test } from 'tap'
import { extensionDigest } from '../../../policy/spend/extension-digest.ts'
import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  people,
  person,
  sha256,
} from '../approvals/approval-world.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { type BudgetWorld, balanced, budget, reopened, type TestProxy } from './budget-world.ts'

const extendable = (amount: string) =>
  budget(
    'money',
    `{ limit: { usd: "0.001" }, window: total, onExceeded: require_approval,
       approvalWorkflow: one, extension: { usd: "${amount}" } }`,
  )

const cat = `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: cat }
spec: { kind: test, owner: cleo, apiKeys: [{ name: desk, sha256: ${sha256('another key')} }] }
`

/** What a proxy asks when the budget is used up and approvals have added so much. */
function about(
  { question }: ApprovalWorld,
  extended: number,
  some: Partial<ApprovalQuestion> = {},
) {
  const counter = { budget: 'money', counter: '', window: '' }
  return question({
    digest: extensionDigest({ namespace: 'default', ...counter, extended }),
    extension: { ...counter, amount: 500, extended },
    rule: { message: 'budget money is used up' },
    kind: 'model',
    name: 'small',
    reason: 'budget_exceeded',
    workflows: ['one'],
    ...some,
  })
}

interface Opened {
  readonly approvals: ApprovalWorld
  readonly world: BudgetWorld
  readonly proxy: TestProxy
}

async function extensions(t: Test, stores: StoreKind): Promise<void> {
  const opened = async (): Promise<Opened> => {
    const store = await stores.empty()
    const approvals = await approvalWorld(t, store, [people, cat, extendable('0.0005')])
    const world = await reopened(store, approvals.clock)
    const proxy = world.proxy()
    await proxy.start()
    await proxy.spend(await proxy.lease('money', 1000), 1000)
    return { approvals, world, proxy }
  }

  t.test('an approval extends the limit once, for all who waited', async t => {
    const { approvals: world, world: budgets, proxy } = await opened()
    t.match(await proxy.ask('money', 1), { lease: null, state: { limit: 1000, extended: 0 } })
    const mine = about(world, 0)
    const theirs = about(world, 0, {
      ...{ agent: 'cat', apiKey: 'desk', keySha256: sha256('another key'), user: 'cleo' },
      proxy: 'proxy-b',
    })
    const { id } = await world.approvals.ask(mine)
    t.equal((await world.approvals.ask(theirs)).id, id, 'both wait for the same request')
    t.match(await world.approvals.claim(id, world.claim(mine)), { granted: false })
    t.match(await proxy.ask('money', 1), { lease: null }, 'silence extends nothing')
    await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
    t.match(await proxy.ask('money', 1), { lease: null }, 'nor does an approval that nobody used')
    const answers = await Promise.all([
      world.approvals.claim(id, world.claim(mine)),
      world.approvals.claim(id, world.claim(theirs, { call: 'call-2' })),
    ])
    t.strictSame(answers.map(answer => answer?.granted).sort(), [false, true])
    t.match(await proxy.ask('money', 400), {
      lease: { amount: 400 },
      state: { limit: 1500, extended: 500, spent: 1000 },
    })
    await balanced(t, budgets)
  })

  t.test('a claim that is repeated because its answer was lost extends nothing more', async t => {
    const { approvals: world, world: budgets } = await opened()
    const mine = about(world, 0)
    const { id } = await world.approvals.ask(mine)
    await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
    t.match(await world.approvals.claim(id, world.claim(mine)), { granted: true })
    t.match(await world.approvals.claim(id, world.claim(mine)), { granted: true })
    t.match(await budgets.counter('money'), { extended: 500 })
    const next = await world.approvals.ask(about(world, 500))
    t.match(next, { state: 'pending' }, 'the next extension is another question')
    t.not(next.id, id)
  })

  t.test('an approval of what is no longer so extends nothing', async t => {
    const { approvals: world, world: budgets } = await opened()
    const approved = async (asked: ApprovalQuestion) => {
      const { id } = await world.approvals.ask(asked)
      await world.approvals.decide(id, { decision: 'approve' }, person('ana'))
      return id
    }
    const first = about(world, 0)
    const used = await approved(first)
    await world.approvals.claim(used, world.claim(first))
    const stale = await approved(first)
    t.match(await world.approvals.claim(stale, world.claim(first)), {
      granted: false,
      news: { state: 'void', reason: 'call_changed' },
    })
    const second = about(world, 500)
    const removed = await approved(second)
    await world.publish(people, cat, budget('money', '{ limit: { usd: "0.001" }, window: total }'))
    t.match(await world.approvals.claim(removed, world.claim(second)), {
      granted: false,
      news: { state: 'void', reason: 'rule_removed' },
    })
    t.match(await budgets.counter('money'), { extended: 500 })
  })

  t.test('a question that is not what the budget says is refused', async t => {
    const { approvals: world } = await opened()
    const counter = { budget: 'money', counter: '', window: '' }
    for (const [name, odd] of Object.entries({
      'another amount': { extension: { ...counter, amount: 501, extended: 0 } },
      'another budget': { extension: { ...counter, budget: 'other', amount: 500, extended: 0 } },
      'a digest of its own': { digest: `sha256:${sha256('mine')}` },
      'another workflow': { workflows: ['two'] },
      'a standing grant': { argDigests: {} },
    })) {
      await t.rejects(
        world.approvals.ask(about(world, 0, odd)),
        { code: 'question_conflict' },
        name,
      )
    }
    t.match(await world.approvals.ask(about(world, 0)), { state: 'pending' })
  })
}

everyStore(t, extensions)
