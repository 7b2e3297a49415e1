import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Caller, Tables } from '../../proxy/mcp/needs.ts'
import { whoCalls } from '../../proxy/who-calls.ts'

const agent = {
  ...{ name: 'claude', kind: '', user: '', groups: [], labels: {}, apiKeys: [] },
  at: [0, 1, 1] as const,
}
const caller = (apiKey: string): Caller => ({ namespace: 'team-a', agent, apiKey })

const tables: Tables = {
  caller: sha256 => (sha256 === hashOfKey ? caller('laptop') : null),
  local: () => ({ caller: caller('pod:claude'), keyHash: 'of the pod' }),
  current: () => null,
  subscribe: () => () => undefined,
}
/** SHA-256 of `key`. */
const hashOfKey = '2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683'

const server = createServer((request, response) => {
  response.end(whoCalls(tables, request, 0)?.caller.apiKey ?? 'nobody')
}).listen(0, '::')
await once(server, 'listening')
t.teardown(() => server.close())
const { port } = server.address() as AddressInfo

interface From {
  readonly host?: string
  readonly localAddress?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function answer({ host = '127.0.0.1', ...from }: From): Promise<string> {
  const asked = request({ host, port, ...from }).end()
  const [response] = await once(asked, 'response')
  const [text] = await once(response, 'data')
  return String(text)
}

t.test('with a key the key speaks, from wherever', async t => {
  const authorization = 'Bearer key'
  t.equal(await answer({ headers: { authorization } }), 'laptop')
  t.equal(await answer({ headers: { 'x-api-key': 'key' } }), 'laptop')
  t.equal(await answer({ headers: { authorization }, localAddress: '127.0.0.2' }), 'laptop')
})

t.test('a key that is not good is not taken for none', async t => {
  for (const headers of [
    { authorization: 'Bearer another' },
    { authorization: 'Basic a2V5' },
    { authorization: '' },
    { 'x-api-key': 'another' },
    { 'x-api-key': '' },
    { 'x-api-key': 'x'.repeat(5000) },
    { 'x-api-key': 'writ-pod', authorization: 'Basic a2V5' },
    { 'x-api-key': 'another', authorization: 'Bearer writ-pod' },
  ]) {
    t.equal(await answer({ headers }), 'nobody', JSON.stringify(headers).slice(0, 60))
  }
})

t.test('without a key it is the pod, when it comes from the pod', async t => {
  t.equal(await answer({}), 'pod:claude')
  t.equal(await answer({ host: '::1' }), 'pod:claude')
  for (const headers of [{ authorization: 'Bearer writ-pod' }, { 'x-api-key': 'writ-pod' }]) {
    t.equal(await answer({ headers }), 'pod:claude', 'for clients that will not go without a key')
  }
  t.equal(await answer({ headers: { 'x-forwarded-for': '10.0.0.7' } }), 'pod:claude')
})

t.test('what comes from elsewhere is nobody, whatever it says', async t => {
  const headers = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' }
  t.equal(await answer({ localAddress: '127.0.0.6', headers }), 'nobody', 'as from a mesh')
  const placeholder = { 'x-api-key': 'writ-pod' }
  t.equal(await answer({ localAddress: '127.0.0.6', headers: placeholder }), 'nobody')
  t.equal(await answer({ host: '127.0.0.2', headers }), 'nobody', 'it is not asked on loopback')
})
