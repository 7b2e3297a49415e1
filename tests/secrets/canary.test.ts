import { createHash, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { openStore } from '../../controller/store/open-store.ts'
import { anyPorts, eventually } from '../cli/quickstart.ts'
import { type ServingWrit, serve, writ } from '../cli/writ.ts'
import { echoingUpstream } from './echoing-upstream.ts'

/** One text for every kind of secret; hex of no known shape, so that nothing finds it by its looks. */
const kinds = [
  ...['provider key', 'other provider key', 'tool server token', 'tool server key'],
  ...['address part', 'variable of a program', 'webhook address', 'webhook signature'],
  ...['agent key', 'user key', 'unused secret', 'unused variable'],
] as const
type Kind = (typeof kinds)[number]

function plant(): Record<Kind, string> {
  const texts = kinds.map(kind => [kind, `cafe${randomBytes(20).toString('hex')}`])
  return Object.fromEntries(texts)
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function policies(url: string, canary: Record<Kind, string>): string {
  const program = `console.error(JSON.stringify(process.env)); console.log(JSON.stringify(process.env)); process.exit(3)`
  const provider = (name: string, protocol: string, secret: string, models: string) => `
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: ${name} }
spec:
  protocol: ${protocol}
  baseUrl: ${url}/v1
  secretRef: ${secret}
  timeout: 5s
  models: [${models.split(' ').map(model => `{ name: ${model}, price: { input: "1", output: "1" }, maxOutputTokens: 100 }`)}]
---`
  const server = (name: string, spec: object) => `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: ${name} }
spec: ${JSON.stringify({ prefix: `${name}_`, ...spec })}
---`
  return `${server('bearer', { url: `${url}/mcp`, auth: { type: 'bearer', secretRef: { name: 'tools', key: 'token' } } })}
${server('keyed', { url: `${url}/mcp`, auth: { type: 'api_key', header: 'x-key', secretRef: { name: 'tools', key: 'key' } } })}
${server('placed', { url: `${url}/\${CANARY_ADDRESS}/mcp` })}
${server('shut', { url: `${url}/shut`, auth: { type: 'bearer', secretRef: { name: 'tools', key: 'token' } } })}
${server('program', {
  transport: 'stdio',
  command: process.execPath,
  args: ['-e', program],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Writ fills it in
  env: { TOKEN: '${CANARY_VARIABLE}' },
})}
${provider('one', 'openai', '{ name: models, key: one }', 'gpt-refused gpt-busy gpt-cut gpt-garbage')}
${provider('two', 'anthropic', '{ name: models, key: two }', 'claude-refused claude-busy claude-cut claude-garbage')}
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: hook }
spec:
  type: webhook
  secretRef: { name: hook, key: address }
  signingSecretRef: { name: hook, key: signature }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: ask }
spec: { channels: [hook], inlineWait: 1s, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bird }
spec: { apiKeys: [{ name: mine, sha256: ${sha256(canary['agent key'])} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], apiKeys: [{ name: mine, sha256: ${sha256(canary['user key'])} }] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: all }
spec:
  tools:
    - { name: keyed_fine, server: keyed, approvalWorkflow: ask, rules: [{ action: require_approval }] }
    - { name: "*", rules: [{ action: allow }] }
  models: [{ name: "*", rules: [{ action: allow }] }]
`
}

/** Everything that anybody was told, by who told it. */
class Heard {
  readonly texts = new Map<string, string>()

  add(where: string, text: string): void {
    this.texts.set(where, `${this.texts.get(where) ?? ''}${text}\n`)
  }

  async ask(where: string, url: string | URL, init: RequestInit = {}): Promise<string> {
    const answer = await fetch(url, { signal: AbortSignal.timeout(20_000), ...init })
    const body = await answer.text().catch(error => String(error))
    const text = `${answer.status} ${JSON.stringify([...answer.headers])} ${body}`
    this.add(where, text)
    return body
  }
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** One call of a tool after another, as a client of 2025-06-18 makes them. */
async function callTools(heard: Heard, proxy: string, key: string, names: readonly string[]) {
  const headers = { ...json, authorization: `Bearer ${key}`, 'mcp-protocol-version': '2025-06-18' }
  const post = (session: object, message: object) =>
    fetch(`${proxy}/mcp/v1`, {
      method: 'POST',
      headers: { ...headers, ...session },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    })
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'canary', version: '1' },
  }
  const opened = await post({}, { id: 1, method: 'initialize', params })
  heard.add('mcp', await opened.text())
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  await post(session, { method: 'notifications/initialized' })
  const list = await post(session, { id: 2, method: 'tools/list', params: {} })
  heard.add('mcp', await list.text())
  for (const [i, name] of names.entries()) {
    const called = await post(session, {
      id: i + 3,
      method: 'tools/call',
      params: { name, arguments: {} },
    })
    heard.add('mcp', `${name}: ${called.status} ${await called.text()}`)
  }
}

async function askModels(heard: Heard, proxy: string, key: string): Promise<void> {
  const messages = [{ role: 'user', content: 'hello' }]
  for (const how of ['refused', 'busy', 'cut', 'garbage']) {
    for (const stream of [false, true]) {
      for (const family of ['gpt', 'claude']) {
        const model = `${family}-${how}`
        const ask = (path: string, body: object, headers: Record<string, string>) =>
          heard.ask('models', `${proxy}${path}`, {
            method: 'POST',
            headers: { ...json, ...headers },
            body: JSON.stringify({ model, stream, ...body }),
          })
        const bearer = { authorization: `Bearer ${key}` }
        await ask('/openai/v1/chat/completions', { messages, max_tokens: 10 }, bearer)
        await ask('/openai/v1/responses', { input: 'hello', max_output_tokens: 10 }, bearer)
        const version = { 'x-api-key': key, 'anthropic-version': '2023-06-01' }
        await ask('/anthropic/v1/messages', { messages, max_tokens: 10 }, version)
      }
    }
  }
}

const reads = [
  ...['status', 'problems', 'tables', 'proxies', 'audit', 'audit/export', 'approval-requests'],
  ...['approval-workflows', 'approval-grants', 'runtime-tokens', 'runtime-tokens/revocations'],
  ...['usage', 'budgets', 'models', 'sessions', 'push/key', 'key'],
]

async function readEverything(heard: Heard, controller: string, admin: string): Promise<void> {
  const headers = { authorization: `Bearer ${admin}` }
  for (const path of reads) await heard.ask('api', `${controller}/api/v1/${path}`, { headers })
  const tables = JSON.parse(await heard.ask('api', `${controller}/api/v1/tables`, { headers })) as {
    inForce: { digest: string }[]
  }
  for (const { digest } of tables.inForce) {
    await heard.ask('tables', `${controller}/api/v1/tables/${digest}`, { headers })
  }
  for (const path of ['metrics', 'openapi.json', 'healthz', 'readyz']) {
    await heard.ask('api', `${controller}/${path}`, { headers })
  }
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile())
}

/** Every row of every table, as text. */
async function dump(data: string): Promise<string> {
  const store = await openStore({ folder: join(data, 'controller/store') })
  try {
    const { rows: tables } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public'`.execute(store.db)
    const texts = []
    for (const { name } of tables) {
      const { rows } = await sql`select row_to_json(t)::text from ${sql.table(name)} t`.execute(
        store.db,
      )
      texts.push(`${name} ${JSON.stringify(rows)}`)
    }
    return texts.join('\n')
  } finally {
    await store.close()
  }
}

/** A secret may be said in other letters. */
function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
}

/** The words around a secret, without it. */
function around(text: string, form: string): string {
  const at = text.indexOf(form)
  return text.slice(Math.max(0, at - 160), at).replaceAll(/\s+/g, ' ')
}

/** Where the secret is heard of, without the places that are its own. */
function leaks(heard: Heard, secret: string, own: readonly string[] = []): string[] {
  return [...heard.texts]
    .filter(([where]) => !own.includes(where))
    .flatMap(([where, text]) => {
      const form = forms(secret).find(form => text.includes(form))
      return form === undefined ? [] : [`${where}: ${around(text, form)}`]
    })
}

/** An installation in one process, or its controller and its proxy apart, each with secrets of its own. */
interface Installation {
  readonly proxy: string
  readonly controller: string
  /** Of the controller; that of the proxy is in it. */
  readonly data: string
  log(): string
  stop(): Promise<readonly (number | null)[]>
}

async function begun(
  t: Test,
  upstream: string,
  canary: Record<Kind, string>,
  apart: boolean,
): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-canary-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const source = join(folder, 'policies')
  mkdirSync(source)
  writeFileSync(join(source, 'all.yaml'), policies(upstream, canary))
  const data = join(folder, 'data')
  const ofProxy = apart ? join(data, 'apart') : data
  const keep = (to: string, name: string, key: string, kind: Kind, text = canary[kind]) =>
    writ(['secrets', 'set', name, key, '--data', to], { input: text })
  await keep(ofProxy, 'tools', 'key', 'tool server key')
  await keep(ofProxy, 'models', 'two', 'other provider key')
  const address = `${upstream}/hook/${canary['webhook address']}`
  await keep(data, 'hook', 'address', 'webhook address', address)
  await keep(data, 'unused', 'key', 'unused secret')
  const env = {
    WRIT_SECRET_TOOLS_TOKEN: canary['tool server token'],
    WRIT_SECRET_MODELS_ONE: canary['provider key'],
    WRIT_SECRET_HOOK_SIGNATURE: `whsec_${Buffer.from(canary['webhook signature']).toString('base64')}`,
    WRIT_SECRET_UNUSED_KEY: canary['unused variable'],
    CANARY_ADDRESS: canary['address part'],
    CANARY_VARIABLE: canary['variable of a program'],
  }
  const begin = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    serve(args, { cwd: folder, env: { ...env, ...more } }, end => t.teardown(end))
  if (!apart) return asOne([await begin(['up', source, '--data', data, ...anyPorts])], data)
  const controller = await begin(['controller', source, '--data', data, '--port', '0'])
  const token = { WRIT_PROXY_TOKEN: ownSecrets(data).proxyToken }
  const where = ['--controller', controller.ready.controller, '--data', ofProxy, '--port', '0']
  const proxy = await begin(['proxy', ...where], token)
  await eventually(t, 'the proxy has its table', async () =>
    fetch(`${proxy.ready.proxy}/readyz`).then(({ ok }) => ok),
  )
  return asOne([proxy, controller], data)
}

function asOne(parts: readonly ServingWrit[], data: string): Installation {
  const { proxy, controller } = Object.assign({}, ...parts.map(({ ready }) => ready).toReversed())
  return {
    ...{ proxy, controller, data },
    log: () => parts.map(part => part.log()).join('\n'),
    async stop() {
      const codes = []
      for (const part of parts) codes.push(await part.stop())
      return codes
    },
  }
}

function ownSecrets(data: string) {
  return JSON.parse(readFileSync(join(data, 'secrets.json'), 'utf8'))
}

async function tokenOf({ controller, data }: Installation): Promise<{ id: string; token: string }> {
  const args = ['tokens', 'create', '--agent', 'bird', '--ttl', '1h', '--session', 'canary']
  const made = await writ([...args, '--url', controller, '--data', data, '-o', 'json'], {
    env: { WRIT_TOKEN: adminToken(data) },
  })
  return JSON.parse(made.out)
}

function adminToken(data: string): string {
  return ownSecrets(data).adminToken
}

async function nowhere(t: Test, apart: boolean): Promise<void> {
  const canary = plant()
  const upstream = await echoingUpstream(t)
  const installation = await begun(t, upstream.url, canary, apart)
  const { data, proxy, controller } = installation
  const heard = new Heard()
  const runtime = await tokenOf(installation)
  const names = ['bearer', 'keyed', 'placed'].flatMap(server =>
    ['status', 'error', 'cut', 'garbage', 'fine'].map(tool => `${server}_${tool}`),
  )

  for (const key of [canary['agent key'], runtime.token]) {
    await callTools(heard, proxy, key, names)
    await askModels(heard, proxy, key)
  }
  const stolen = { authorization: `Bearer ${canary['agent key']}` }
  for (const token of [canary['agent key'], runtime.token, canary['user key']]) {
    const headers = { ...json, authorization: `Bearer ${token}` }
    for (const path of ['status', 'runtime-tokens', 'nothing']) {
      await heard.ask('api', `${controller}/api/v1/${path}`, { headers })
    }
    const body = JSON.stringify({ agent: 'bird', ttlSeconds: 60, key: token })
    const url = `${controller}/api/v1/runtime-tokens?key=${token}`
    await heard.ask('api', url, { method: 'POST', headers, body })
    await heard.ask('models', `${proxy}/mcp/v1`, { headers: { authorization: `Basic ${token}` } })
    await heard.ask('models', `${proxy}/nowhere/${token}`, { headers: stolen })
  }
  const minted = await fetch(`${controller}/api/v1/runtime-tokens`, {
    method: 'POST',
    headers: { ...json, ...stolen },
    body: JSON.stringify({ agent: 'bird', ttlSeconds: 60 }),
  })
  t.equal(minted.status, 403, 'agents make no tokens')
  await eventually(t, 'the webhook was tried with its secrets', async () =>
    upstream.seen.some(seen => seen.includes(`/hook/${canary['webhook address']}`)),
  )
  await readEverything(heard, controller, adminToken(data))
  await heard.ask('metrics', `${proxy}/metrics`)
  for (const args of [
    ['status'],
    ['audit', 'list', '--limit', '500'],
    ['servers', 'list'],
    ['secrets', 'list'],
    ['tokens', 'list'],
  ]) {
    const told = await writ([...args, '--data', data])
    heard.add('command line', `${told.out}${told.err}`)
  }
  const { adminToken: admin, proxyToken: inner, agentKey } = ownSecrets(data)
  for (const code of await installation.stop()) t.equal(code, 0)
  heard.add('log', installation.log())
  for (const path of files(data)) {
    heard.add(`file ${relative(data, path)}`, readFileSync(path, 'latin1'))
  }
  heard.add('database', await dump(data))

  const reached = upstream.seen.join('\n')
  const presented: Kind[] = [
    'provider key',
    'other provider key',
    'tool server token',
    'tool server key',
    'address part',
  ]
  for (const kind of presented) t.ok(reached.includes(canary[kind]), `${kind} was presented`)
  t.match(heard.texts.get('database'), /bearer/, 'the calls are on record')

  for (const kind of kinds) t.strictSame(leaks(heard, canary[kind]), [], kind)
  const own = (...paths: string[]) => paths.map(path => `file ${path}`)
  t.strictSame(leaks(heard, runtime.token), [], 'token of a runtime')
  t.strictSame(leaks(heard, admin, own('secrets.json', 'controller.json')), [], 'admin token')
  t.strictSame(leaks(heard, inner, own('secrets.json')), [], 'token of the proxy')
  const text = (path: string) => readFileSync(join(data, path), 'utf8')
  const vapid = JSON.parse(text('controller/vapid.json')).privateKey
  t.strictSame(leaks(heard, vapid, own('controller/vapid.json')), [], 'VAPID key')
  const storeKey = text('secrets/key').trim()
  t.strictSame(leaks(heard, storeKey, own('secrets/key')), [], 'key of the store')
  const signing = text('controller/signing-key.pem').split('\n')[1] ?? ''
  t.ok(signing.length > 40)
  t.strictSame(leaks(heard, signing, own('controller/signing-key.pem')), [], 'signing key')
  const whole = own('secrets.json', 'apart/secrets.json')
  t.strictSame(leaks(heard, agentKey, whole), [], 'key of the agent at this machine')
}

for (const [name, apart] of [
  ['in one process', false],
  ['controller and proxy apart', true],
] as const) {
  t.test(`no secret is anywhere but in its own store, ${name}`, { timeout: 240_000 }, t =>
    nowhere(t, apart),
  )
}

t.test('a planted leak is found', async t => {
  const heard = new Heard()
  const secret = `cafe${randomBytes(20).toString('hex')}`
  for (const form of forms(secret)) {
    heard.texts.clear()
    heard.add('log', `before ${form} after`)
    t.strictSame(leaks(heard, secret), ['log: before '])
    t.strictSame(leaks(heard, secret, ['log']), [])
  }
})
