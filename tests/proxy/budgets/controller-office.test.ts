import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { controllerOffice } from '../../../proxy/budgets/controller-office.ts'
import { linkController } from '../../../proxy/follow/controller-link.ts'

const state = { limit: 100, extended: 0, spent: 10, reserved: 20 }
const lease = { id: 'l-1', fence: 3, amount: 20, ttlMs: 30_000 }

/** A controller that answers everything with this; remembers what it was asked. */
async function answering(t: Test, status: number, body: string) {
  const heard: unknown[] = []
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    heard.push([method, url, headers.authorization, await json(request)])
    response.writeHead(status).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const link = linkController(`http://127.0.0.1:${port}`, 'secret')
  t.teardown(() => link.close())
  return { office: controllerOffice(link), heard, server }
}

const request = {
  namespace: 'default',
  budget: 'money',
  counter: '',
  window: '',
  proxy: 'p',
  run: 'r',
  lease: 'l-1',
  table: 'sha256:0',
  need: 5,
}

t.test('leases are asked for and renewed over HTTP', async t => {
  const { office, heard } = await answering(t, 200, JSON.stringify({ lease, state }))
  t.strictSame(await office.lease(request), { lease, state })
  t.strictSame(heard, [['POST', '/api/v1/budgets/leases', 'Bearer secret', request]])
  const one = {
    id: 'l-1',
    ttlMs: 0,
    state: { ...state, softLimit: 50, resetsAt: '2026-11-22T00:00:00Z' },
  }
  const renewing = await answering(t, 200, JSON.stringify({ leases: [one] }))
  const renewal = {
    proxy: 'p',
    run: 'r',
    leases: [{ id: 'l-1', fence: 3, used: 1, held: 2, keep: 3 }],
  }
  t.strictSame(await renewing.office.renew(renewal), { leases: [one] })
  t.strictSame(renewing.heard, [
    ['POST', '/api/v1/budgets/leases/renewals', 'Bearer secret', renewal],
  ])
})

t.test('a start is told', async t => {
  const { office, heard } = await answering(t, 204, '')
  const run = { proxy: 'p', run: 'r', firstSeq: 7, start: 2 }
  await office.begin(run)
  t.strictSame(heard, [['POST', '/api/v1/budgets/runs', 'Bearer secret', run]])
})

t.test('that there is not enough is an answer', async t => {
  const { office } = await answering(t, 200, JSON.stringify({ lease: null, state }))
  t.strictSame(await office.lease(request), { lease: null, state })
})

t.test('nonsense is no answer', async t => {
  for (const body of [
    '',
    'no JSON',
    '[]',
    '{"lease":7}',
    JSON.stringify({ lease: { ...lease, amount: 1.5 }, state }),
    JSON.stringify({ lease: { ...lease, amount: -1 }, state }),
    JSON.stringify({ lease: { ...lease, id: '' }, state }),
    JSON.stringify({ lease, state: { ...state, spent: '1' } }),
  ]) {
    const { office } = await answering(t, 200, body)
    await t.rejects(office.lease(request), { code: 'answer_malformed' }, body)
    await t.rejects(office.renew({ proxy: 'p', run: 'r', leases: [] }), {
      code: 'answer_malformed',
    })
  }
})

t.test('who is turned down is told so', async t => {
  const { office } = await answering(t, 409, '{}')
  await t.rejects(office.lease(request), { code: 'request_refused' })
})

t.test('nobody there, and a controller that fails, are one thing', async t => {
  const { office, server } = await answering(t, 503, '{}')
  await t.rejects(office.lease(request), { code: 'controller_away' })
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  await t.rejects(office.lease(request), { code: 'controller_away' })
})
