import OpenAI from 'openai'
import t from 'tap'
import { RawClient } from '../mcp/raw-client.ts'
import { smallServer, tool } from '../mcp/small-server.ts'
import { allowAll, keys, type Test, toolServer } from '../mcp/world.ts'
import { chat, fakeProvider } from './fake-provider.ts'
import { modelWorld, price, provider } from './model-world.ts'

const limited = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models:
    - name: gpt-x
      rules:
        - { name: after-tools, when: session.toolCalls > 0, action: deny }
        - action: allow
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: tools }
spec:
  tools:
    - name: late
      rules:
        - { name: after-models, when: session.modelCalls > 0, action: deny }
        - action: allow
`

async function start(t: Test) {
  const fake = await fakeProvider(t, chat(['hi']))
  const server = await smallServer(t, tool('echo'), tool('late'))
  const models = [{ name: 'gpt-x', price }]
  const made = await modelWorld(t, [
    allowAll,
    limited,
    toolServer('small', { url: server.url }),
    provider('openai', { protocol: 'openai', baseUrl: fake.url, models }),
  ])
  await made.connected()
  const ask = (session: string, apiKey: string = keys.claude) => {
    const defaultHeaders = { 'x-writ-session-id': session }
    const client = new OpenAI({ baseURL: made.openai, apiKey, maxRetries: 0, defaultHeaders })
    const messages = [{ role: 'user' as const, content: 'hello' }]
    return client.chat.completions.create({ model: 'gpt-x', messages })
  }
  return { ...made, ask }
}

t.test('a session of MCP is the same session at the models', async t => {
  const { url, ask } = await start(t)
  const mcp = await RawClient.open(url, keys.claude)
  t.notMatch(await mcp.call('late'), { result: { isError: true } })
  await t.rejects(ask(mcp.session), { message: /"after-tools"/ })
})

t.test('what models were asked in a session counts for its tools', async t => {
  const { url, ask } = await start(t)
  const mcp = await RawClient.open(url, keys.claude)
  await ask(mcp.session)
  t.match(await mcp.call('late'), { result: { isError: true } })
  t.notMatch(await mcp.call('echo'), { result: { isError: true } })
})

t.test('nobody gets into the session of another key by its name', async t => {
  const { url, ask, journal } = await start(t)
  const mcp = await RawClient.open(url, keys.claude)
  await mcp.call('echo')
  await ask(mcp.session, keys.other)
  t.match(journal.entries.at(-1), { status: 'succeeded', session: `other/${mcp.session}` })
})
