import t from 'tap'
import { askingWorld, factsOf, keys, payments, textOf } from './asking-world.ts'

const onlyBot = (policy: string) => policy.replace('spec:', 'spec:\n  subjects: { agents: [bot] }')

const everyone = `---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: others }
spec:
  subjects: { agents: [other] }
  tools: [{ name: "*", rules: [{ action: allow }] }]`

const withoutStatus = `    - { name: get_approval_status, server: builtin, enabled: false }`

t.test('the tools of Writ itself', async t => {
  const server = { name: 'request_approval', inputSchema: { type: 'object' } }
  const pay = {
    name: 'pay',
    inputSchema: { type: 'object' },
    execution: { taskSupport: 'required' },
  }
  const world = await askingWorld(t, onlyBot(payments('at-once', everyone)), pay, server)
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const other = await proxy.connect(keys.other)
  const names = async (from: typeof client) =>
    (await from.ask('tools/list')).result?.tools?.map(({ name }) => name)

  await t.test('are shown to those whose calls people may be asked about', async t => {
    t.strictSame(await names(client), ['pay', 'get_approval_status', 'request_approval'])
    t.strictSame(await names(other), ['pay'])
    const unknown = await other.call('request_approval', { tool: 'pay', arguments: {} })
    t.match(factsOf(unknown), { reason: 'unknown_name' })
    t.equal(world.paid, 0, 'a server cannot have their names')
  })

  await t.test('say whether a call can be made as a task', async t => {
    const shown = async (from: typeof client) =>
      Object((await from.ask('tools/list')).result?.tools?.[0]).execution
    t.strictSame(await shown(client), { taskSupport: 'optional' })
    t.equal(await shown(other), undefined)
  })

  await t.test('request_approval refuses what is denied', async t => {
    const asked = { tool: 'pay', arguments: { amount: 5000 } }
    const answer = await client.call('request_approval', asked)
    t.match(factsOf(answer), { decision: 'deny', rule: 'too-much' })
    t.match(proxy.journal.entries.at(-1), {
      server: 'builtin',
      tool: 'request_approval',
      args: { tool: 'pay', arguments: { amount: 5000 } },
      action: 'deny',
      rule: 'too-much',
      status: 'refused',
    })
  })

  await t.test('request_approval says where none is needed', async t => {
    const asked = { tool: 'pay', arguments: { amount: 1 } }
    t.match(factsOf(await client.call('request_approval', asked)), { status: 'not_needed' })
  })

  await t.test('request_approval knows no tool that the caller cannot see', async t => {
    const asked = { tool: 'nothing', arguments: {} }
    t.match(factsOf(await client.call('request_approval', asked)), { decision: 'deny' })
    const malformed = await client.call('request_approval', { tool: 7 })
    t.equal(malformed.error?.code, -32602)
  })

  await t.test('request_approval asks, and the call itself uses the approval', async t => {
    const asked = { tool: 'pay', arguments: { amount: 10 }, justification: 'rent is due' }
    const answer = await client.call('request_approval', asked)
    const { id, justification } = await world.request(10)
    t.equal(justification, 'rent is due')
    t.match(factsOf(answer), { status: 'pending', requestId: id })
    t.match(proxy.journal.entries.at(-1), {
      tool: 'request_approval',
      status: 'pending',
      approval: id,
    })
    await world.answer('ana', 'approve', id)
    let status = await client.call('get_approval_status', { id })
    while (factsOf(status).status === 'pending') {
      status = await client.call('get_approval_status', { id })
    }
    t.match(factsOf(status), { status: 'approved', requestId: id })
    t.equal(world.paid, 0, 'to look at it does nothing')
    t.match(factsOf(await client.call('request_approval', asked)), { status: 'approved' })
    t.equal(textOf(await client.call('pay', { amount: 10 })), '{"amount":10}')
    t.equal(world.paid, 1)
  })

  await t.test('are hidden and refused where a policy switches them off', async t => {
    await client.call('pay', { amount: 11 })
    const { id } = await world.request(11)
    await world.enact(onlyBot(payments('at-once', `${withoutStatus}\n${everyone}`)))
    t.strictSame(await names(client), ['pay', 'request_approval'])
    const answer = await client.call('get_approval_status', { id })
    t.match(factsOf(answer), { decision: 'deny', reason: 'disabled', policy: 'payments' })
  })
})
