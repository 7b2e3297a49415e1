import t from 'tap'
import { judging } from '../../../controller/judge/judging.ts'
import { person } from '../approvals/approval-world.ts'
import { embeddedStores, postgresStores } from '../stores.ts'
import { until } from '../world.ts'
import { channel, channelWorld, told } from './channel-world.ts'
import { receiver } from './receiver.ts'

const postgres = await postgresStores(t)
const kinds = [await embeddedStores(t), ...(typeof postgres === 'string' ? [] : [postgres])]
if (typeof postgres === 'string') t.comment(postgres)

const sent = (notifications: readonly { state: string }[]) =>
  notifications.every(({ state }) => state === 'sent')

const ruling = (decision: string) => {
  const content = JSON.stringify({ decision, confidence: 0.9, reasoning: 'One of two.' })
  return JSON.stringify({ choices: [{ message: { content } }] })
}

const digest = (n: number) => `sha256:${String(n).padStart(64, '0')}`

for (const stores of kinds) {
  t.test(`${stores.name}: two processes send each notice once`, async t => {
    const hook = await receiver(t)
    const store = await stores.empty()
    const texts = [told(channel('hook', `{ type: webhook, url: "${hook.url}" }`))]
    const first = await channelWorld(t, { store, texts })
    const second = await channelWorld(t, { store, texts })
    first.deliver()
    second.deliver()
    const ids: string[] = []
    for (let n = 0; n < 20; n++) {
      const { id } = await first.asked({ digest: digest(n) })
      second.open.delivery.look(id)
      ids.push(id)
    }
    for (const id of ids) await first.notified(id, sent)
    for (const id of ids) await first.approvals.decide(id, { decision: 'deny' }, person('ana'))
    for (const id of ids) second.open.delivery.look(id)
    for (const id of ids) await first.notified(id, all => all.length === 2 && sent(all))
    const names = hook.received.map(({ headers }) => headers['webhook-id'])
    t.strictSame([names.length, new Set(names).size], [40, 40])
  })

  t.test(`${stores.name}: of two judges the first answer is the only one`, async t => {
    const provider = await receiver(t)
    // Neither is answered before both have asked: a judge that comes after a ruling asks nothing.
    const both = Promise.withResolvers<void>()
    provider.reply = async n => {
      if (n === 1) both.resolve()
      await both.promise
      return { body: ruling(n === 0 ? 'UNCERTAIN' : 'APPROVE') }
    }
    const store = await stores.empty()
    const world = await channelWorld(t, {
      store,
      texts: [
        told('', '  ai: { model: small }').replace(/---\s*$/, ''),
        `
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: local }
spec: { protocol: openai, baseUrl: "${provider.url}", models: [{ name: small }] }
`,
      ],
    })
    const stop = new AbortController()
    const settled: string[] = []
    const judge = () =>
      judging({
        ...{ db: store.db, approvals: world.approvals, now: Date.now },
        directories: world.releases.directories,
        secrets: async () => null,
        onSettled: id => settled.push(id),
        log: { warn: fields => t.fail(JSON.stringify(fields)) },
      }).run(stop.signal)
    const judges = [judge(), judge()]
    const { id } = await world.asked()
    await until(() => provider.received.length === 2 && settled.length > 0)
    stop.abort()
    await Promise.all(judges)
    const rows = await store.db.selectFrom('approval_judgements').selectAll().execute()
    t.match(rows, [{ request_id: id, workflow: 'one' }])
    t.equal(rows.length, 1)
    const [row] = rows
    const expected = row?.ruling === 'approve' ? 'approved' : 'pending'
    t.equal((await world.get(id)).state, expected)
    const judged = (await world.approvals.history(id)).filter(({ type }) => type === 'judged')
    t.equal(judged.length, 1)
  })

  t.test(`${stores.name}: whoever can be told later is told of what is open`, async t => {
    const hook = await receiver(t)
    const world = await channelWorld(t, {
      store: await stores.empty(),
      texts: [told('').replace(/---\s*$/, '')],
    })
    world.deliver()
    const { id } = await world.asked()
    t.strictSame((await world.get(id)).notifications, [])
    await world.publish(told(channel('hook', `{ type: webhook, url: "${hook.url}" }`)))
    t.match((await world.notified(id, sent)).notifications, [{ channel: 'hook' }])
  })
}
