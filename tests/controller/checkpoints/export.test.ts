import t from 'tap'
import { codesOf, verdict, type WrittenChain, writeChain } from '../../records/export-world.ts'
import { tokens, world } from '../world.ts'

/** An entry as a proxy writes it, behind its head. */
const text = (seq: number) =>
  `"time":"2026-11-21T12:00:${String(seq % 60).padStart(2, '0')}.000Z","phase":"${
    seq % 2 === 1 ? 'attempt' : 'outcome'
  }","call":"call-${Math.ceil(seq / 2)}","namespace":"default","agent":"bot","kind":"tool","tool":"tool-${seq % 3}","action":"allow","reason":"rule"`

const shipped = ({ parts }: WrittenChain) => {
  const order = ['key', 'entry', 'seal']
  return parts
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(({ line }) => `${line}\n`)
    .join('')
}

async function ship(url: URL, body: string) {
  return fetch(new URL('/api/v1/records', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/x-ndjson' },
    body,
  })
}

t.test('what the controller exports is proved, whole and in part', async t => {
  const w = await world(t)
  const { url } = await w.startController()
  const first = writeChain({ proxy: 'proxy-1', entries: 30, seals: [30], text })
  const second = writeChain({ proxy: 'proxy-2', entries: 5, seals: [5], text })
  for (const chain of [first, second]) {
    const answer = await ship(url, shipped(chain))
    t.equal(answer.status, 200, await answer.text())
  }
  const exported = async (query = '') =>
    (await w.get(url, `/api/v1/audit/export${query}`, tokens.admin)).text()
  const whole = verdict(await exported())
  t.strictSame(codesOf(whole), [])
  t.match(whole.chains, [
    { proxy: 'proxy-1', to: 30, entries: 30, sealed: { seq: 30 }, checkpointed: { seq: 30 } },
    { proxy: 'proxy-2', to: 5, entries: 5, sealed: { seq: 5 }, checkpointed: { seq: 5 } },
  ])
  const tool = verdict(await exported('?tool=tool-1'))
  t.strictSame(codesOf(tool), [])
  t.match(tool.chains, [
    { proxy: 'proxy-1', from: 1, to: 30, entries: 10, omitted: 20, sealed: { seq: 30 } },
    { proxy: 'proxy-2', from: 1, to: 5, entries: 2, omitted: 3, sealed: { seq: 5 } },
  ])
  const timed = verdict(await exported('?since=2026-11-21T12:00:10Z&until=2026-11-21T12:00:20Z'))
  t.strictSame(codesOf(timed), [])
  t.match(timed.chains, [{ proxy: 'proxy-1', from: 10, to: 19, begins: 'later', entries: 10 }])
  const one = verdict(await exported('?proxy=proxy-2'))
  t.strictSame(codesOf(one), [])
  t.strictSame(
    one.chains.map(({ proxy, entries }) => [proxy, entries]),
    [['proxy-2', 5]],
  )
  const listed = await (await w.get(url, '/api/v1/audit/checkpoints', tokens.admin)).json()
  t.match(listed, { checkpoints: [{ number: 1, chains: [{ seq: 30 }, { seq: 5 }] }], next: null })
})
