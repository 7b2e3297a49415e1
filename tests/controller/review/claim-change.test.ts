import { sql } from 'kysely'
import t from 'tap'
import { claimChange } from '../../../controller/review/claim-change.ts'
import { Turns } from '../../../controller/review/turns.ts'
import { forever } from '../git/opened.ts'
import { everyStore } from '../stores.ts'

everyStore(t, async (t, stores) => {
  await t.test('of several controllers one at a time is at a change', async t => {
    const { db } = await stores.empty()
    const controllers = ['one', 'two', 'three'].map(name => ({
      name,
      turns: new Turns(claimChange(db)),
    }))
    const said: string[] = []
    const work = (name: string) => async () => {
      said.push(`${name} begins`)
      await sql`select 1`.execute(db)
      await new Promise(resolve => setImmediate(resolve))
      said.push(`${name} ends`)
    }
    await Promise.all(
      [...controllers, ...controllers].map(({ name, turns }) =>
        turns.alone(7, work(name), forever),
      ),
    )
    t.equal(said.length, 12)
    for (let i = 0; i < said.length; i += 2) {
      t.equal(said[i]?.replace('begins', 'ends'), said[i + 1])
    }
    t.strictSame(await db.selectFrom('review_turns').selectAll().execute(), [])
  })

  await t.test('another change keeps nobody, and who fails gives the change back', async t => {
    const { db } = await stores.empty()
    const [one, two] = [new Turns(claimChange(db)), new Turns(claimChange(db))]
    await one.alone(
      7,
      async () => {
        t.equal(await two.alone(8, async () => 'done', forever), 'done')
        const stop = new AbortController()
        const waiting = two.alone(7, async () => 'done', stop.signal)
        stop.abort()
        await t.rejects(waiting, { name: 'AbortError' }, 'who is told to stop waits for nobody')
      },
      forever,
    )
    const failing = one.alone(
      7,
      async () => {
        throw new Error('no')
      },
      forever,
    )
    await t.rejects(failing, { message: 'no' })
    t.equal(await two.alone(7, async () => 'done', forever), 'done')
  })

  await t.test('what a process that ended held is free after a while', async t => {
    const { db } = await stores.empty()
    await db
      .insertInto('review_turns')
      .values({
        ...{ change_number: 7, holder: 'gone' },
        held_until: sql<Date>`now() - interval '1 millisecond'`,
      })
      .execute()
    t.equal(await new Turns(claimChange(db)).alone(7, async () => 'done', forever), 'done')
  })
})
