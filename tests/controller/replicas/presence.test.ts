import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { joinStore } from '../../../controller/store/presence.ts'
import { everyStore, type StoreKind } from '../stores.ts'

async function suite(t: Test, stores: StoreKind): Promise<void> {
  const joining = async () => {
    const { db } = await stores.empty()
    const join = (name: string, keyId: string) =>
      joinStore({ db, name, keyId, onFailure: error => t.fail('the store answers', { error }) })
    return { db, join }
  }

  t.test('controllers on one store sign with one key', async t => {
    const { join } = await joining()
    const one = await join('one', 'k1')
    const two = await join('two', 'k1')
    await t.rejects(join('three', 'k2'), { code: 'signing_key_differs', message: /one|two/ })
    t.strictSame(await one.all(), [
      { name: 'one', keyId: 'k1' },
      { name: 'two', keyId: 'k1' },
    ])
    const stopped = AbortSignal.abort()
    await one.run(stopped)
    await t.rejects(join('three', 'k2'), { code: 'signing_key_differs', message: /two/ })
    await two.run(stopped)
    const three = await join('three', 'k2')
    t.strictSame(await three.all(), [{ name: 'three', keyId: 'k2' }])
  })

  t.test('one that was paused while another key came ends', async t => {
    const { db, join } = await joining()
    const one = await join('one', 'k1')
    await sql`update controllers set seen_at = now() - interval '1 hour'`.execute(db)
    t.strictSame(await one.all(), [])
    await join('two', 'k2')
    await t.rejects(one.run(new AbortController().signal), { code: 'signing_key_differs' })
  })

  t.test('one that was paused goes on when nobody came', async t => {
    const { db, join } = await joining()
    const one = await join('one', 'k1')
    await sql`delete from controllers`.execute(db)
    const stop = new AbortController()
    const running = one.run(stop.signal)
    while ((await one.all()).length === 0) await new Promise(resolve => setTimeout(resolve, 50))
    t.strictSame(await one.all(), [{ name: 'one', keyId: 'k1' }])
    stop.abort()
    await running
    t.strictSame(await one.all(), [])
  })
}

everyStore(t, suite)
