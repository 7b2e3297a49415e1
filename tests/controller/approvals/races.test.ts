import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { StoredApprovals } from '../../../controller/approvals/stored-approvals.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import type { ApprovalState } from '../../../schemas/approval-state.ts'
import { embeddedStores, postgresStores, type StoreKind } from '../stores.ts'
import {
  type ApprovalWorld,
  approvalWorld,
  copies,
  noon,
  payments,
  people,
  person,
} from './approval-world.ts'
import { interleaving } from './interleavings.ts'

const rounds = 1000

/** Rounds that race at the same moment: as many as keep every connection busy. */
const atOnce = 50

/** Lets the contenders of every round run against each other, in another order each time. */
async function race(
  ids: readonly string[],
  ...contenders: readonly ((id: string, round: number) => Promise<unknown>)[]
): Promise<void> {
  for (let from = 0; from < ids.length; from += atOnce) {
    const turns = ids.slice(from, from + atOnce).flatMap((id, i) => {
      const round = from + i
      const first = round % contenders.length
      const ordered = [...contenders.slice(first), ...contenders.slice(0, first)]
      return ordered.map(contender => () => contender(id, round))
    })
    await Promise.all(turns.map(turn => turn()))
  }
}

/** A pending request for each round, in an empty store. */
async function open(t: Test, stores: StoreKind, workflow: string) {
  const store = await stores.empty()
  const world = await approvalWorld(t, store, [people, payments([workflow])])
  const { id } = await world.approvals.ask(world.question({ workflows: [workflow] }))
  const ids = await copies(store, id, rounds)
  await sql`delete from approval_requests where id = ${id}`.execute(store.db)
  return { store, world, ids }
}

/** How many requests ended in each state, and how many ended in more than one. */
async function endings({ db }: Store) {
  const { rows } = await sql<{ state: ApprovalState; count: number; ends: number }>`
    select state, count(*)::int as count, max(ends)::int as ends from (
      select state, (
        select count(*) from approval_events e where e.request_id = r.id
          and e.type in ('approved', 'denied', 'expired', 'cancelled')
      ) as ends
      from approval_requests r
    ) as ended group by state`.execute(db)
  return {
    states: new Map(rows.map(({ state, count }) => [state, count])),
    mostEnds: Math.max(...rows.map(({ ends }) => ends)),
  }
}

/** Two ways to end a request: one of them does, every time. */
async function twoEnds(
  t: Test,
  stores: StoreKind,
  states: readonly [ApprovalState, ApprovalState],
  start: (world: ApprovalWorld, store: Store) => readonly ((id: string) => Promise<boolean>)[],
): Promise<void> {
  const { store, world, ids } = await open(t, stores, 'one')
  const winners = new Map<string, number>()
  const counted = start(world, store).map(contender => async (id: string) => {
    if (await contender(id)) winners.set(id, (winners.get(id) ?? 0) + 1)
  })
  await race(ids, ...counted)
  const { states: ended, mostEnds } = await endings(store)
  const [one, other] = states.map(state => ended.get(state) ?? 0)
  t.equal((one ?? 0) + (other ?? 0), rounds, [...ended].join(' '))
  t.equal(mostEnds, 1)
  t.ok(one && other, `both win at times: ${one} ${states[0]}, ${other} ${states[1]}`)
  t.ok(
    [...winners.values()].every(count => count === 1),
    'no two are told that they won',
  )
}

async function counts(answered: Promise<{ readonly outcome: string }>): Promise<boolean> {
  return (await answered).outcome === 'counted'
}

async function raceTests(t: Test, stores: StoreKind): Promise<void> {
  const approve =
    ({ approvals }: ApprovalWorld) =>
    (id: string) =>
      counts(approvals.decide(id, { decision: 'approve' }, person('ana')))

  t.test('approve or deny', async t => {
    await twoEnds(t, stores, ['approved', 'denied'], world => [
      approve(world),
      id => counts(world.approvals.decide(id, { decision: 'deny' }, person('ben'))),
    ])
  })

  t.test('approve or cancel', async t => {
    await twoEnds(t, stores, ['approved', 'cancelled'], world => [
      approve(world),
      id => counts(world.approvals.cancel(id, 'over', person('ben'))),
    ])
  })

  t.test('approve or expire, by processes whose clocks differ', async t => {
    await twoEnds(t, stores, ['approved', 'expired'], (world, { db }) => {
      const ahead = new StoredApprovals({
        db,
        directories: world.releases.directories,
        now: () => noon + 300_000,
        onFailure: error => t.fail(String(error)),
      })
      return [
        approve(world),
        async id => {
          const late = await ahead.decide(id, { decision: 'approve' }, person('ben'))
          return late.outcome === 'counted'
        },
      ]
    })
  })

  t.test('of two claims one makes the call', async t => {
    const { store, world, ids } = await open(t, stores, 'one')
    await sql`update approval_requests set state = 'approved', resolved_at = requested_at,
      next_at = requested_at + interval '1 day'`.execute(store.db)
    await sql`insert into approval_votes
      select id, 'ana', 'ana', 'approve', 'cli', 'key', '{}', '{}', '{one}', requested_at
      from approval_requests`.execute(store.db)
    const granted = new Map<string, string[]>()
    const claiming = (proxy: string) => async (id: string, round: number) => {
      const digest = `sha256:${String(round + 1).padStart(64, '0')}`
      const asked = world.claim(world.question({ digest }), { proxy })
      const answer = await world.approvals.claim(id, asked)
      if (answer?.granted) granted.set(id, [...(granted.get(id) ?? []), proxy])
    }
    await race(ids, claiming('proxy-a'), claiming('proxy-b'))
    t.equal(granted.size, rounds)
    t.ok(
      [...granted.values()].every(({ length }) => length === 1),
      'no call is made twice',
    )
    t.equal(new Set([...granted.values()].flat()).size, 2, 'both win at times')
  })

  t.test('of three votes at once, two that are needed approve once', async t => {
    const { store, world, ids } = await open(t, stores, 'two')
    const seen: string[] = []
    world.approvals.subscribe(({ id, event }) => {
      if (event.type === 'approved') seen.push(id)
    })
    const vote = (user: string) => (id: string) =>
      world.approvals.decide(id, { decision: 'approve' }, person(user))
    await race(ids, vote('ana'), vote('ben'), vote('cleo'))
    t.strictSame(await endings(store), { states: new Map([['approved', rounds]]), mostEnds: 1 })
    t.equal(seen.length, rounds, 'each is told once')
    const { rows } = await sql<{ votes: number }>`
      select count(*)::int as votes from approval_votes group by request_id`.execute(store.db)
    t.ok(
      rows.length === rounds && rows.every(({ votes }) => votes === 2),
      'the third comes too late',
    )
  })
}

const postgres = await postgresStores(t)

if (typeof postgres !== 'string') {
  t.test('postgresql', async t => {
    await raceTests(t, postgres)
    await interleaving(t, postgres)
  })
}

t.test('embedded', async t => {
  const stores = await embeddedStores(t)
  await raceTests(t, stores)
  if (typeof postgres === 'string') await interleaving(t, stores)
})
