import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import t from 'tap'
import { reply } from '../mcp/small-server.ts'
import { askingWorld, factsOf, keys, payments, textOf } from './asking-world.ts'
import { askModern, legacyClient, tasks } from './clients.ts'

/** Looks again until it is so. */
async function eventually<T>(look: () => Promise<T>, good: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look()
    if (good(found)) return found
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

t.test('clients of 2025-11-25 that call tools as tasks', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const raw = await proxy.connect()
  const asTask = (amount: number) => raw.call('pay', { amount }, { task: {} })
  const created = async (amount: number) => Object((await asTask(amount)).result?.task)

  await t.test('get one at once, and the result of the SDK once it is approved', async t => {
    const client = await legacyClient(t, proxy.url)
    t.match(client.getServerCapabilities()?.tasks, {
      list: {},
      cancel: {},
      requests: { tools: { call: {} } },
    })
    await client.listTools()
    const { tasks } = client.experimental
    const stream = tasks.callToolStream({ name: 'pay', arguments: { amount: 10 } })
    const { value: first } = await stream.next()
    t.match(first, {
      type: 'taskCreated',
      task: { status: 'working', pollInterval: 15_000, ttl: Number },
    })
    const { taskId } = Object(first).task
    t.match(await tasks.getTask(taskId), {
      status: 'working',
      statusMessage: /Request apr-.* is open/,
    })
    const { id } = await world.request(10)
    await world.answer('ana', 'approve', id)
    t.match(await tasks.getTaskResult(taskId, CallToolResultSchema), {
      content: [{ text: '{"amount":10}' }],
    })
    t.match(await tasks.getTask(taskId), { status: 'completed' })
    t.equal(world.paid, 1)
  })

  await t.test('wait for the result, which is kept', async t => {
    const { taskId } = await created(11)
    const waiting = raw.ask('tasks/result', { taskId })
    const { id } = await world.request(11)
    await world.answer('ana', 'approve', id)
    const result = {
      content: [{ type: 'text', text: '{"amount":11}' }],
      _meta: { 'io.modelcontextprotocol/related-task': { taskId } },
    }
    t.match(await waiting, { result })
    t.match(await raw.ask('tasks/result', { taskId }), { result })
    t.match(await raw.ask('tasks/get', { taskId }), { result: { taskId, status: 'completed' } })
    t.match(
      proxy.journal.entries.slice(-4).map(({ status }) => status),
      [undefined, 'pending', undefined, 'succeeded'],
    )
    t.equal(world.paid, 2)
  })

  await t.test('are told when it was denied', async t => {
    const { taskId } = await created(12)
    const { id } = await world.request(12)
    await world.answer('ana', 'decline', id, { reason: 'too late' })
    const look = async () => Object((await raw.ask('tasks/get', { taskId })).result)
    t.match(await eventually(look, ({ status }) => status !== 'working'), { status: 'failed' })
    const answer = await raw.ask('tasks/result', { taskId })
    t.match(answer, { result: { isError: true } })
    t.match(factsOf(answer), { reason: 'approval_denied' })
    t.equal(world.paid, 2)
  })

  await t.test(
    'get one for what is allowed or denied as well, where the tool may be asked about',
    async t => {
      const allowed = await created(1)
      t.equal(allowed.status, 'working')
      t.equal(textOf(await raw.ask('tasks/result', { taskId: allowed.taskId })), '{"amount":1}')
      const denied = await created(5000)
      t.match(factsOf(await raw.ask('tasks/result', { taskId: denied.taskId })), {
        rule: 'too-much',
      })
      const own = await raw.call('get_approval_status', { id: 'x' }, { task: {} })
      t.equal(own.error?.code, -32601)
    },
  )

  await t.test('may cancel it: then the call is not made', async t => {
    const before = world.paid
    const { taskId } = await created(13)
    const { id } = await world.request(13)
    t.match(await raw.ask('tasks/cancel', { taskId }), { result: { taskId, status: 'cancelled' } })
    t.equal((await raw.ask('tasks/cancel', { taskId })).error?.code, -32602)
    await world.answer('ana', 'approve', id)
    await world.request(13, 'approved')
    t.match(await raw.ask('tasks/get', { taskId }), { result: { status: 'cancelled' } })
    t.equal((await raw.ask('tasks/result', { taskId })).error?.message, 'Task cancelled')
    t.equal(world.paid, before)
  })

  await t.test('have them for themselves', async t => {
    const { taskId } = await created(14)
    const stranger = await proxy.connect(keys.other)
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
      t.match((await stranger.ask(method, { taskId })).error, {
        code: -32602,
        message: 'Task not found',
      })
    }
    t.strictSame((await stranger.ask('tasks/list')).result?.tasks, [])
    const mine = Object((await raw.ask('tasks/list')).result).tasks
    t.ok(mine.some((task: { taskId: string }) => task.taskId === taskId))
    t.equal((await raw.ask('tasks/list', { cursor: 'x' })).error?.code, -32602)
  })
})

t.test('clients of 2026-07-28 that know tasks', async t => {
  const world = await askingWorld(t, payments('at-once'))
  const proxy = await world.proxy()
  const ask = (method: string, params: object, capabilities?: object, key?: string) =>
    askModern(proxy.url, method, params as Record<string, unknown>, capabilities, key)
  const call = (amount: number, capabilities?: object) =>
    ask('tools/call', { name: 'pay', arguments: { amount } }, capabilities)

  await t.test('are told that they may get them', async t => {
    const { result } = await ask('server/discover', {})
    t.match(result?.capabilities, tasks)
  })

  await t.test('get one for a parked call, and its result once it is approved', async t => {
    const { result } = await call(10)
    const { id, expiresAt } = await world.request(10)
    t.match(result, {
      resultType: 'task',
      taskId: String,
      status: 'working',
      statusMessage: `Request ${id} is open: 0 of 1 approvals so far. Asked: at-once.`,
      createdAt: String,
      lastUpdatedAt: String,
      ttlMs: Number,
      pollIntervalMs: 15_000,
    })
    t.ok(Date.parse(expiresAt) > Date.now())
    const taskId = String(result?.taskId)
    t.match(await ask('tasks/get', { taskId }), {
      result: { resultType: 'complete', status: 'working' },
    })
    t.equal(world.paid, 0)
    await world.answer('ana', 'approve', id)
    const look = async () => Object((await ask('tasks/get', { taskId })).result)
    const done = await eventually(look, ({ status }) => status !== 'working')
    t.match(done, {
      resultType: 'complete',
      status: 'completed',
      result: { content: [{ text: '{"amount":10}' }] },
    })
    t.equal(world.paid, 1)
    t.match(await ask('tasks/update', { taskId, inputResponses: {} }), {
      result: { resultType: 'complete' },
    })
  })

  await t.test('are told of a denial as the result of the call', async t => {
    const { result } = await call(11)
    const { id } = await world.request(11)
    await world.answer('ana', 'decline', id)
    const look = async () => Object((await ask('tasks/get', { taskId: result?.taskId })).result)
    const done = await eventually(look, ({ status }) => status !== 'working')
    t.match(done, {
      status: 'completed',
      result: { isError: true, structuredContent: { reason: 'approval_denied' } },
    })
  })

  await t.test('go on looking while the call takes its time', async t => {
    let finish = () => {}
    const { onCall } = world.bank
    world.bank.onCall = ({ id }, response) => {
      finish = () => reply(response, id, { content: [{ type: 'text', text: 'late' }] })
      return undefined
    }
    const { result } = await call(12)
    const { id } = await world.request(12)
    await world.answer('ana', 'approve', id)
    const look = async () => Object((await ask('tasks/get', { taskId: result?.taskId })).result)
    const made = world.paid
    t.match(await eventually(look, () => world.paid > made), {
      status: 'working',
      statusMessage: 'The call is being made.',
    })
    finish()
    t.match(await eventually(look, ({ status }) => status !== 'working'), {
      result: { content: [{ text: 'late' }] },
    })
    world.bank.onCall = onCall
  })

  await t.test('acknowledge that they give one up', async t => {
    const { result } = await call(13)
    const taskId = result?.taskId
    t.match(await ask('tasks/cancel', { taskId }), { result: { resultType: 'complete' } })
    t.match(await ask('tasks/get', { taskId }), { result: { status: 'cancelled' } })
    t.match(await ask('tasks/cancel', { taskId }), { result: { resultType: 'complete' } })
    const stranger = await ask('tasks/get', { taskId }, tasks, keys.other)
    t.equal(stranger.error?.code, -32602)
  })

  await t.test('have to say that they know them', async t => {
    const plain = await call(14, {})
    t.match(factsOf(plain), { status: 'pending' })
    const { error, status } = await ask('tasks/get', { taskId: 'x' }, {})
    t.strictSame([error?.code, status], [-32021, 400])
    t.match(error?.data, { requiredCapabilities: tasks })
    const listening = await ask('subscriptions/listen', { notifications: { taskIds: ['x'] } }, {})
    t.equal(listening.error?.code, -32021)
    t.equal((await ask('tasks/get', { taskId: 'x' })).error?.code, -32602)
    t.equal((await ask('tasks/list', {})).error?.code, -32601)
  })
})
