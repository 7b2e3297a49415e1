import t, { type Test } from 'tap'
import { approverLoad } from '../../../controller/coverage/approver-load.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  judged,
  noon,
  payments,
  people,
  person,
  sha256,
} from '../approvals/approval-world.ts'
import { everyStore, type StoreKind } from '../stores.ts'

const minute = 60_000

/** Asks by a policy for the workflow; settles with the id. */
async function asked(
  { approvals, question }: ApprovalWorld,
  n: number,
  some: Partial<ApprovalQuestion> = {},
): Promise<string> {
  const { id } = await approvals.ask(question({ digest: `sha256:${sha256(`${n}`)}`, ...some }))
  return id
}

function load(store: Store, { releases }: ApprovalWorld, some: { namespace?: string } = {}) {
  return approverLoad(
    {
      db: store.db,
      directoryOf: namespace => releases.directories.of(namespace),
      ownerOf: (_, agent) => (agent === 'bot' ? 'dan' : undefined),
    },
    { since: noon - minute, ...some },
  )
}

everyStore(t, async (t: Test, stores: StoreKind) => {
  t.test('who was asked what, who answered and how soon', async t => {
    const store = await stores.empty()
    const texts = [people, payments(['one', 'two']), judged]
    const world = await approvalWorld(t, store, texts)
    const { approvals, clock } = world
    const answer = async (
      id: string,
      user: string,
      decision: 'approve' | 'deny',
      after: number,
    ) => {
      clock.now += after
      const { outcome } = await approvals.decide(id, { decision }, person(user))
      t.equal(outcome, 'counted')
    }
    const two = { workflows: ['two'], rule: { policy: 'payments1', rule: 'ask' } }
    await answer(await asked(world, 1), 'ana', 'approve', minute)
    await answer(await asked(world, 2), 'ana', 'deny', 2 * minute)
    await answer(await asked(world, 3), 'ben', 'approve', 3 * minute)
    await asked(world, 4)
    clock.now += 6 * minute
    await approvals.sweep()
    const both = await asked(world, 5, two)
    await answer(both, 'ana', 'approve', minute)
    await answer(both, 'cleo', 'approve', minute)
    await asked(world, 6, two)
    t.strictSame(await load(store, world), {
      complete: true,
      workflows: [
        {
          ...{
            namespace: 'default',
            workflow: 'one',
            asked: 4,
            approved: 2,
            denied: 1,
            expired: 1,
          },
          ...{ unanswered: 1, pending: 0, medianMs: 2 * minute, p95Ms: 3 * minute },
        },
        {
          ...{
            namespace: 'default',
            workflow: 'two',
            asked: 2,
            approved: 1,
            denied: 0,
            expired: 0,
          },
          ...{ unanswered: 0, pending: 1, medianMs: 2 * minute, p95Ms: 2 * minute },
        },
      ],
      people: [
        {
          ...{ namespace: 'default', user: 'ana', asked: 6, answered: 3, unanswered: 1 },
          ...{ medianMs: minute, p95Ms: 2 * minute, workflows: ['one', 'two'] },
        },
        {
          ...{ namespace: 'default', user: 'ben', asked: 6, answered: 1, unanswered: 1 },
          ...{ medianMs: 3 * minute, p95Ms: 3 * minute, workflows: ['one', 'two'] },
        },
        {
          ...{ namespace: 'default', user: 'cleo', asked: 2, answered: 1, unanswered: 0 },
          ...{ medianMs: 2 * minute, p95Ms: 2 * minute, workflows: ['two'] },
        },
      ],
    })
    t.strictSame(await load(store, world, { namespace: 'other' }), {
      ...{ complete: true, workflows: [], people: [] },
    })
  })

  t.test(
    'a judge that decides alone asks nobody, and a standing grant does not either',
    async t => {
      const store = await stores.empty()
      const world = await approvalWorld(t, store, [people, payments(['judged', 'one']), judged])
      const { approvals } = world
      const id = await asked(world, 1, { workflows: ['judged'] })
      const judge = { ...person('small'), surface: 'ai' as const, evidence: { workflow: 'judged' } }
      const { outcome } = await approvals.decide(id, { decision: 'deny' }, judge)
      t.equal(outcome, 'counted')
      t.strictSame(await load(store, world), { complete: true, workflows: [], people: [] })
      const passedOn = await asked(world, 2, { workflows: ['judged'] })
      await approvals.decide(passedOn, { decision: 'approve' }, person('ana'))
      t.match(await load(store, world), {
        workflows: [{ workflow: 'judged', asked: 1, approved: 1 }],
        people: [
          { user: 'ana', asked: 1, answered: 1 },
          { user: 'ben', asked: 1, answered: 0 },
        ],
      })
      const grant = {
        ...{ uses: 3, expires: new Date(noon + 3_600_000).toISOString() },
        args: { amount: 'any' as const },
      }
      const rule = {
        ...{ workflows: ['one'], rule: { policy: 'payments1', rule: 'ask' } },
        argDigests: { amount: `sha256:${sha256('10')}` },
      }
      const first = await asked(world, 3, rule)
      t.match(await approvals.decide(first, { decision: 'approve', grant }, person('ana')), {
        outcome: 'counted',
      })
      const after = await asked(world, 4, { ...rule, call: 'call-2' })
      t.match(await approvals.get(after), { state: 'approved' })
      t.match(await load(store, world), {
        workflows: [
          { workflow: 'judged', asked: 1 },
          { workflow: 'one', asked: 1, approved: 1 },
        ],
        people: [
          { user: 'ana', asked: 2, answered: 2 },
          { user: 'ben', asked: 2, answered: 0 },
        ],
      })
    },
  )
})
