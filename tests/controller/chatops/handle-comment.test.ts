import t, { type Test } from 'tap'
import { Ledger } from '../../../controller/ledger/ledger.ts'
import { entry } from '../../proxy/journal-entry.ts'
import { line as recordLine } from '../../proxy/journal-line.ts'
import { embeddedStores } from '../stores.ts'
import { line, type ThreadWorld, threadWorld } from './thread-world.ts'

const stores = await embeddedStores(t)
const world = async (t: Test) => threadWorld(t, await stores.empty())
const lastReply = (w: ThreadWorld) => w.replies().at(-1)?.split('\n\n').slice(1).join('\n\n')

t.test('whoever floods a thread is answered ten times, and is on record every time', async t => {
  const w = await world(t)
  for (let i = 0; i < 25; i++) {
    const comment = w.hub.write(w.thread, w.people.mallory, `/approve ${i}`)
    t.equal(await w.hear(comment), 'malformed')
  }
  t.equal(w.replies().length, 10)
  t.equal((await w.rows()).length, 25)
  const request = await w.askHere()
  t.equal(await w.hear(w.hub.write(w.thread, w.people.ana, line(request))), 'counted')
  t.equal(w.replies().length, 11, 'others are answered')
})

t.test('an answer that cannot be written changes nothing about what counts', async t => {
  const w = await world(t)
  const request = await w.askHere()
  const comment = w.hub.write(w.thread, w.people.ana, line(request))
  w.hub.trouble({ status: 403, times: 20, when: /^POST .*\/comments$/ })
  t.equal(await w.hear(comment), 'counted')
  t.strictSame([w.replies(), w.warnings], [[], ['comment not answered']])
})

t.test(
  'a comment that cannot be looked at is not on record, and counts at the next look',
  async t => {
    const w = await world(t)
    const request = await w.askHere()
    const comment = w.hub.write(w.thread, w.people.ana, line(request))
    w.hub.trouble({ status: 403, when: /^GET .*\/comments\/\d+$/ })
    await t.rejects(w.hear(comment), { name: 'ForgeFailure' })
    t.strictSame(await w.rows(), [])
    t.equal(await w.hear(comment), 'counted')
  },
)

t.test(
  'a process that ended between the vote and the record of it is followed by one that finds it',
  async t => {
    const w = await world(t)
    const request = await w.askHere('two')
    const comment = w.hub.write(w.thread, w.people.ana, line(request))
    t.equal(await w.hear(comment), 'counted')
    const open = { outcome: null, settled_at: null }
    await w.store.db.updateTable('chat_commands').set(open).execute()
    t.equal(await w.hear(comment), null, 'it may still be at work')
    w.clock.now += 61_000
    t.equal(await w.hear(comment), 'counted')
    const { votes } = await w.get(request.id)
    t.equal(votes.length, 1)
    t.match(await w.rows(), [{ outcome: 'counted', settled_at: Date }])
  },
)

t.test('what failed is given back, to be tried again', async t => {
  const w = await world(t)
  let failing = true
  w.handlers.on('change', async () => {
    if (failing) throw new Error('the store is away')
    return { outcome: 'counted', reply: 'Well.' }
  })
  const comment = w.hub.write(w.thread, w.people.ana, '/approve 0123456789ab')
  await t.rejects(w.hear(comment), { message: 'the store is away' })
  t.strictSame(await w.rows(), [])
  failing = false
  t.equal(await w.hear(comment), 'counted')
  t.equal(lastReply(w), 'Well.')
  t.throws(() => w.handlers.on('change', async () => ({ outcome: 'counted', reply: null })))
})

t.test(
  'why a call was decided is answered to those who know its namespace, without its arguments',
  async t => {
    const w = await world(t)
    const ledger = new Ledger(w.store.db)
    const record = (seq: number, some: object) => recordLine('proxy-a', seq, entry(some)).trim()
    await ledger.append([
      record(1, { namespace: 'default', tool: 'pay', approval: 'apr-0000000000000001' }),
      record(2, { namespace: 'other', tool: 'pay' }),
    ])
    const ask = async (of: string, by: keyof ThreadWorld['people'] = 'cleo') =>
      w.hear(w.hub.write(w.thread, w.people[by], `/explain ${of}`))
    t.equal(await ask('proxy-a:1'), 'answered')
    const told = lastReply(w)
    t.match(told, /^```\nRecord: proxy-a:1, \w+, /)
    t.match(told, /\nCall: tool \/ .*pay\n/)
    t.match(told, /\nDecided: /)
    t.notMatch(told, /args|amount/)
    t.equal(await ask('apr-0000000000000001'), 'answered')
    t.equal(lastReply(w), told)
    for (const none of ['proxy-a:2', 'proxy-a:3', 'apr-0000000000000002']) {
      t.equal(await ask(none), 'unknown_record')
      t.equal(lastReply(w), 'There is no such record.')
    }
    t.equal(await ask('proxy-a:1', 'mallory'), 'unknown_person')
  },
)

t.test('who asks too much has to wait', async t => {
  const w = await world(t)
  const outcomes = new Map<string | null, number>()
  for (let i = 0; i < 12; i++) {
    const outcome = await w.hear(w.hub.write(w.thread, w.people.cleo, '/explain proxy-a:9'))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  t.strictSame(
    outcomes,
    new Map([
      ['unknown_record', 10],
      ['too_many', 2],
    ]),
  )
})
