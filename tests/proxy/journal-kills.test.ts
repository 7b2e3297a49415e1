import { join } from 'node:path'
import t from 'tap'
import { Ledger } from '../../controller/ledger/ledger.ts'
import { embeddedStores } from '../controller/stores.ts'
import { flawsIn, noFlaws, wrongSeals } from './kills/flaws-in.ts'
import { type Lane, lane, type Moment } from './kills/lane.ts'
import type { VictimTask } from './kills/victim.ts'

/** How often proxies are killed in all; `WRIT_KILLS` says otherwise. */
const rounds = Number(process.env.WRIT_KILLS ?? 300)

/** As many as there are processors to be kept busy. */
const lanes = ['a', 'b']

const under = (most: number) => Math.random() * most
const oneOf = <T>(...all: readonly [T, ...T[]]): T => all[Math.floor(under(all.length))] ?? all[0]

/** While it starts, recovers, writes, or hands in entries and changes its key. */
function anyMoment(): [batchBytes: number, Moment] {
  const behind = oneOf(3000, 100_000, 100_000)
  return oneOf<() => [number, Moment]>(
    () => [0, { behind: 'start', ms: under(150) }],
    () => [0, { behind: 'up', ms: under(8) }],
    () => [0, { behind: 'open', ms: under(30) }],
    () => [behind, { behind: 'open', ms: under(150) }],
    () => [behind, { batch: oneOf('received', 'kept', 'answered'), nth: 1 + Math.floor(under(4)) }],
  )()
}

async function killAgainAndAgain(lane: Lane, name: string): Promise<void> {
  for (let i = 0; i < rounds / lanes.length; i += 1) {
    const durability = oneOf<VictimTask['durability']>('batched', 'batched', 'strict')
    const [batchBytes, moment] = anyMoment()
    await lane.kill({ durability, name: `${name}-${i}`, batchBytes }, moment)
    if (i % 20 === 19) await lane.finish()
  }
}

t.test(`kill -9 at ${rounds} random points`, async t => {
  const stores = await embeddedStores(t)
  const { db } = await stores.open(t)
  const ledger = new Ledger(db)
  const root = t.testdir()
  const all = await Promise.all(
    lanes.map(name => lane(t, join(root, name), lines => ledger.append(lines))),
  )
  await Promise.all(all.map((lane, i) => killAgainAndAgain(lane, lanes[i] ?? '')))
  for (const lane of all) {
    await lane.finish()
    const proxy = lane.proxy()
    const rows = await db
      .selectFrom('records')
      .select(['seq', 'entry'])
      .where('proxy', '=', proxy)
      .orderBy('seq')
      .execute()
    const lines = rows.map(({ entry }) => entry)
    const keys = new Set(lane.bodies.map(body => body.split('\n')[0]))
    t.comment(
      `${lane.acknowledged.size} calls acknowledged, ${lines.length} entries, ${lane.bodies.length} batches, ${keys.size} keys`,
    )
    t.ok(keys.size > 1, 'keys were replaced')
    t.ok(lane.acknowledged.size > rounds / lanes.length, 'there was something to lose')
    t.strictSame(
      flawsIn(lines, lane.acknowledged, ({ call }) => call),
      noFlaws,
    )
    t.strictSame(wrongSeals(lines, lane.bodies), [])
    const noted = await db
      .selectFrom('chain_flaws')
      .selectAll()
      .where('proxy', '=', proxy)
      .execute()
    t.strictSame(noted, [], 'the controller sees it the same way')
  }
})
