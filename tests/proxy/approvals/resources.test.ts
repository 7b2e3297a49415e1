import t from 'tap'
import { askingWorld, factsOf, textOf } from './asking-world.ts'

const reading = (workflow: string) => `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: reading }
spec:
  resources:
    - { uri: "book://*", rules: [{ name: ask, action: require_approval, approvalWorkflow: ${workflow} }] }
  prompts:
    - { name: "*", rules: [{ name: ask-too, action: require_approval, approvalWorkflow: ${workflow} }] }
`

t.test('resources and prompts that are left to people', async t => {
  const world = await askingWorld(t, reading('patient'))
  world.bank.resources = [{ uri: 'book://ledger', name: 'ledger' }]
  world.bank.prompts = [{ name: 'summary' }]
  world.bank.onCall = ({ method }) => ({ answered: method })
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const heard = () => world.bank.heard.map(({ method }) => method)

  await t.test('wait, are approved, and are read', async t => {
    const waiting = client.ask('resources/read', { uri: 'book://ledger' })
    const { id, kind, tool } = await world.question('book://ledger')
    t.strictSame([kind, tool], ['resource', 'book://ledger'])
    t.strictSame(heard(), ['notifications/initialized'])
    await world.answer('ana', 'approve', id)
    t.match(await waiting, { result: { answered: 'resources/read' } })
    t.match(proxy.journal.entries.at(-1), {
      uri: 'book://ledger',
      approval: id,
      status: 'succeeded',
    })
  })

  await t.test('are refused when they are denied', async t => {
    const waiting = client.ask('prompts/get', { name: 'summary' })
    const { id, kind } = await world.question('summary')
    t.equal(kind, 'prompt')
    await world.answer('ana', 'decline', id)
    const answer = await waiting
    t.equal(answer.error?.code, -32000)
    t.match(factsOf(answer), { reason: 'approval_denied', rule: 'ask-too' })
  })

  await t.test('are not followed because they may be read', async t => {
    await world.enact(reading('at-once'))
    const read = await client.ask('resources/read', { uri: 'book://ledger' })
    t.equal(read.error?.code, -32000)
    t.match(factsOf(read), { status: 'pending', workflows: ['at-once'] })
    t.match(textOf(read), /make the same request again every 15 s/)
    const { id } = await world.question('book://ledger')
    await world.answer('ana', 'approve', id)
    const followed = await client.ask('resources/subscribe', { uri: 'book://ledger' })
    t.match(factsOf(followed), { status: 'pending' })
    t.not(factsOf(followed).requestId, id)
    t.match(await client.ask('resources/read', { uri: 'book://ledger' }), {
      result: { answered: 'resources/read' },
    })
    t.notOk(heard().includes('resources/subscribe'))
    const { args, id: second } = await world.question('book://ledger')
    t.strictSame(args, { method: 'resources/subscribe' })
    await world.answer('ana', 'approve', second)
    t.match(await client.ask('resources/subscribe', { uri: 'book://ledger' }), {
      result: { answered: 'resources/subscribe' },
    })
  })

  await t.test('are not read by a poll', async t => {
    const { error } = await client.ask('prompts/get', { name: 'summary' })
    const { requestId } = Object(error?.data)
    await world.answer('ana', 'approve', requestId)
    let status = await client.call('get_approval_status', { id: requestId })
    while (factsOf(status).status === 'pending') {
      status = await client.call('get_approval_status', { id: requestId })
    }
    t.match(factsOf(status), { status: 'approved' })
    t.match(await client.ask('prompts/get', { name: 'summary' }), {
      result: { answered: 'prompts/get' },
    })
  })
})
