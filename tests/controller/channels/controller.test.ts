import { request } from 'node:http'
import t from 'tap'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import { sha256 } from '../approvals/approval-world.ts'
import { tokens, until, world } from '../world.ts'
import { channel, told } from './channel-world.ts'
import { mailServer } from './mail-server.ts'
import { receiver } from './receiver.ts'

const post = (url: URL, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(new URL(path, url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens.proxy}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const question = (table: string) => ({
  ...{ proxy: 'proxy-a', call: 'call-1', digest: `sha256:${sha256('call')}`, namespace: 'default' },
  ...{ agent: 'bot', apiKey: 'laptop', keySha256: sha256('a key'), kind: 'tool', server: 'bank' },
  ...{ name: 'pay', args: { amount: 10 }, argsDigest: `sha256:${sha256('args')}`, reason: 'rule' },
  ...{ rule: { policy: 'payments', rule: 'ask' }, workflows: ['one'], table },
})

t.test('a running controller asks the judge, mails the link, and takes the answer', async t => {
  const w = await world(t)
  const mail = await mailServer(t)
  const model = await receiver(t)
  model.reply = () => ({
    body: JSON.stringify({
      choices: [
        {
          message: {
            content: '{"decision":"UNCERTAIN","confidence":0.4,"reasoning":"Who knows."}',
          },
        },
      ],
    }),
  })
  const post25 = `{ type: mail, host: 127.0.0.1, port: ${mail.port}, security: none, from: writ@example.com }`
  w.write(
    'a.yaml',
    `${told(channel('post', post25), '  ai: { model: small }')}---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: local }
spec:
  protocol: openai
  baseUrl: ${model.url}
  secretRef: { name: local, key: api-key }
  models: [{ name: small }]
`,
  )
  const asked: string[] = []
  const { url } = await w.startController({
    secrets: async (namespace, { name, key }) => {
      asked.push(`${namespace} ${name} ${key}`)
      return 'sk-1'
    },
  })
  const status = async () =>
    (await w.get(url, '/api/v1/status')).json() as Promise<{
      source: { state: string }
      namespaces: { digest: string }[]
    }>
  await until(async () => (await status()).source.state === 'in_force')
  const [inForce] = (await status()).namespaces
  const answer = await post(url, '/api/v1/approvals/questions', question(inForce?.digest ?? ''))
  t.equal(answer.status, 200)
  const { id } = (await answer.json()) as ApprovalNews
  await until(() => mail.arrived.length === 2)
  t.equal(model.received[0]?.headers.authorization, 'Bearer sk-1')
  t.strictSame(asked, ['default local api-key'])
  const toAna = mail.arrived.find(({ to }) => to.includes('ana@example.com'))
  const [link = ''] = /http:\S+token=\S+/.exec(toAna?.mail.text ?? '') ?? []
  t.ok(link.startsWith(`${url.origin}/approval/${id}?token=`), 'the address it listens on')
  const page = await fetch(link)
  t.equal(page.status, 200)
  const token = new URL(link).searchParams.get('token') ?? ''
  const form = new URLSearchParams({ token, decision: 'approve' }).toString()
  const decided = await post(url, `/approval/${id}`, form, {
    'content-type': 'application/x-www-form-urlencoded',
  })
  t.equal(decided.status, 200)
  const request = async () => (await w.get(url, `/api/v1/approval-requests/${id}`)).json()
  t.match(await request(), { state: 'approved', votes: [{ user: 'ana', surface: 'link' }] })
  await until(() => mail.arrived.length === 4)
  t.match(mail.arrived[3]?.mail.text, 'Approved by ana')
})

t.test('its public address is one of its names', async t => {
  const w = await world(t)
  w.write('a.yaml', told(channel('hook', '{ type: webhook, url: "http://127.0.0.1:9" }')))
  const { url } = await w.startController({ publicUrl: new URL('https://writ.example/here') })
  const status = (host: string) =>
    new Promise<number | undefined>((done, fail) => {
      request(new URL('/healthz', url), { headers: { host } }, answer => {
        answer.resume()
        done(answer.statusCode)
      })
        .on('error', fail)
        .end()
    })
  t.equal(await status('writ.example'), 200)
  t.equal(await status('other.example'), 421)
})
